"""What is owed on the tickets of somebody away moves to whoever stands in, and is offered back afterwards.

1. ``now`` is taken once by the caller. 2. It looks at absences that run, not at their beginning, so nothing is lost
to a task that did not run, and a customer who writes later waits for nobody on holiday. 3. Each ticket has its own
transaction under its lock; one that is busy is found again a minute later. 4. A row for each absence and ticket, with
a constraint, makes it happen once. 5. What a person gave to somebody who was away already is meant so and stays.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from functools import cached_property

from django.contrib.auth.models import User
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from customers.models import Absence
from customers.names import name_of
from escalation.choices import NoticeKind
from escalation.models import AbsenceMove, Clock
from escalation.services.absence_notes import owed_clock, write_note
from escalation.services.handover_text import HandoverCause
from escalation.services.notices import Notice
from escalation.services.notify import tell
from escalation.services.people import People
from escalation.services.standing_in import StandIn, stand_in_for
from tickets.choices import Fact, OwnerRule
from tickets.models import Ticket, TimelineEntry
from tickets.models.ticket import TicketQuerySet
from tickets.services.locking import locked_unless_busy
from tickets.services.mailboxes import remembered
from tickets.services.ownership import hand_over

logger = logging.getLogger(__name__)
SECONDS = 45.0  # within its minute


class Outcome(Enum):
    MOVED = auto()
    STRANDED = auto()
    BUSY = auto()
    SETTLED = auto()
    FAILED = auto()


@dataclass
class AbsenceReport:
    """Moved, without anybody to take it, left to whoever holds the row, settled meanwhile, failed, left for later."""

    moved: int = 0
    stranded: int = 0
    busy: int = 0
    settled: int = 0
    failed: int = 0
    left: int = 0

    def count(self, outcome: Outcome) -> None:
        name = outcome.name.lower()
        setattr(self, name, getattr(self, name) + 1)

    def __str__(self) -> str:
        counts = f"moved={self.moved} stranded={self.stranded} busy={self.busy} settled={self.settled}"
        return f"{counts} failed={self.failed} left={self.left}"


def move_from_absent(*, now: datetime, seconds: float = SECONDS) -> AbsenceReport:
    """Move what is owed by people who are away as of ``now`` (UTC). Any number of runs may overlap."""
    running(now).filter(noticed_at=None).update(noticed_at=now)
    return _Pass(now, seconds).run()


def running(now: datetime) -> QuerySet[Absence]:
    return Absence.objects.filter(starts_at__lte=now, ends_at__gt=now)


def owed(now: datetime) -> TicketQuerySet:
    """Open tickets whose customer waits for an answer, or with a promise that is overdue."""
    overdue = Clock.objects.ticking().filter(ticket=OuterRef("pk"), due_at__lte=now)
    return Ticket.objects.active().filter(Q(unanswered_since__isnull=False) | Exists(overdue))


def to_move(absence: Absence, now: datetime) -> TicketQuerySet:
    """P0 and the longest wait first. Nothing once the absence is over, shortened or deleted."""
    since = absence.noticed_at or now
    given = TimelineEntry.objects.filter(ticket=OuterRef("pk"), fact=Fact.OWNER, at__gt=since)
    moved = AbsenceMove.objects.filter(absence=absence, ticket=OuterRef("pk"), to_owner__isnull=False)
    of_the_absent = owed(now).filter(
        owner__absences__pk=absence.pk, owner__absences__starts_at__lte=now, owner__absences__ends_at__gt=now
    )
    waiting = of_the_absent.filter(~Exists(given.filter(actor__isnull=False)), ~Exists(moved))
    return waiting.order_by("priority", "unanswered_since", "pk")


class _Pass:
    """One run at one moment; the picture of the people is loaded when the first ticket needs it."""

    def __init__(self, now: datetime, seconds: float) -> None:
        self.now = now
        self.stop_at = time.monotonic() + seconds
        self._stand_ins: dict[int, StandIn | None] = {}

    @cached_property
    def people(self) -> People:
        return People.at(self.now)

    def run(self) -> AbsenceReport:
        found = [(absence, pk) for absence in self._absences() for pk in _keys(to_move(absence, self.now))]
        if not found:
            return AbsenceReport()
        with remembered():  # the mailboxes, for everybody who is told
            return self._each(found)

    def _absences(self) -> Iterator[Absence]:
        """Of people who owe something: one query finds them among all who are away."""
        owing = owed(self.now).filter(owner=OuterRef("user"))
        yield from running(self.now).filter(Exists(owing)).select_related("user").order_by("pk")

    def _each(self, found: list[tuple[Absence, int]]) -> AbsenceReport:
        report = AbsenceReport()
        for done, (absence, ticket) in enumerate(found):
            if time.monotonic() >= self.stop_at:
                report.left = len(found) - done
                break
            report.count(self._guarded(absence, ticket))
        return report

    def _guarded(self, absence: Absence, ticket: int) -> Outcome:
        try:
            return self._one(absence, ticket)
        except (InterfaceError, OperationalError):
            raise  # the database itself is in trouble: the next minute tries again
        except Exception:  # whatever is wrong with this ticket, the others of the absent move
            logger.exception("Ticket %s could not be moved from somebody away", ticket)
            return Outcome.FAILED

    @transaction.atomic
    def _one(self, absence: Absence, pk: int) -> Outcome:
        ticket = locked_unless_busy(pk)
        if ticket is None:
            return Outcome.BUSY
        if not to_move(absence, self.now).filter(pk=pk).exists():
            return Outcome.SETTLED
        return self._move(absence, ticket)

    def _move(self, absence: Absence, ticket: Ticket) -> Outcome:
        stand_in, clock = self._stand_in(absence.user_id), owed_clock(ticket)
        if stand_in is None:
            return self._strand(absence, ticket, clock)
        moves = AbsenceMove.objects.filter(absence=absence, ticket=ticket)
        if not moves.update(to_owner=stand_in.user, moved_at=self.now):  # a row is there if it was stranded
            AbsenceMove.objects.create(
                absence=absence,
                ticket=ticket,
                from_owner=ticket.owner,
                to_owner=stand_in.user,
                moved_at=self.now,
            )
        reason = _("%(name)s is away.") % {"name": name_of(absence.user)}
        hand_over(ticket, stand_in.user, actor=None, at=self.now, rule=OwnerRule.ABSENCE, reason=reason)
        write_note(ticket, clock, before=absence.user, cause=HandoverCause.ABSENCE, at=self.now)
        self._tell([stand_in.user], Notice(NoticeKind.AWAY_TO_YOU, ticket, clock, absence.user))
        return Outcome.MOVED

    def _strand(self, absence: Absence, ticket: Ticket, clock: Clock | None) -> Outcome:
        """It stays, and those who can do something about it are told once; each minute tries again."""
        _move, is_first = AbsenceMove.objects.get_or_create(
            absence=absence, ticket=ticket, defaults={"from_owner": ticket.owner, "moved_at": self.now}
        )
        if is_first:
            self._tell(
                self.people.superusers, Notice(NoticeKind.NOBODY_STANDS_IN, ticket, clock, absence.user)
            )
        return Outcome.STRANDED

    def _tell(self, people: Iterable[User], notice: Notice) -> None:
        for user in people:
            tell(user, notice, at=self.now)

    def _stand_in(self, person: int) -> StandIn | None:
        if person not in self._stand_ins:
            self._stand_ins[person] = stand_in_for(person, self.people)
        return self._stand_ins[person]


def _keys(tickets: TicketQuerySet) -> list[int]:
    return list(tickets.values_list("pk", flat=True))

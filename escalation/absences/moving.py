"""Moves what is owed on the tickets of people who are away to their stand-ins.

1. The caller takes ``now`` once.
2. It looks at absences that are running, not at their beginning: a task that did not run loses nothing, and a customer
   who writes later does not wait for somebody on holiday.
3. The rows of a batch are locked in one transaction and read again. Busy rows are found again a minute later.
4. A batch that fails is split into halves, so that one ticket that fails does not spoil the others.
5. A row for each absence and ticket, with a constraint, makes the move happen once.
6. A ticket that a person gave to somebody already away stays with them: it was deliberate.

Reasons: .github/decisions/absences.md.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, F, FilteredRelation, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from customers.models import Absence
from customers.names import name_of
from escalation.choices import NoticeKind
from escalation.enforcement.handover import Handover, HandoverCause, write_handover_notes
from escalation.models import AbsenceMove, Clock, Notification
from escalation.notifications.wording import Notice
from escalation.notifications.writing import notification_row, nudge_dispatch
from escalation.people.absence_cover import stand_in_for
from escalation.people.staff_snapshot import People
from tickets.choices import Fact, OwnerRule
from tickets.lib.batches import work_in_halves
from tickets.lib.bulk_insert import NewRow, insert_all
from tickets.models import Ticket, TimelineEntry
from tickets.models.ticket import TicketQuerySet
from tickets.services.locking import lock_tickets_unless_busy
from tickets.services.ownership import OwnerChange, hand_over_all

logger = logging.getLogger(__name__)
SECONDS = 45.0  # so that a run ends within its minute
BATCH = 250  # tickets; an answer to one of them waits until the whole batch is written


@dataclass
class AbsenceReport:
    """Counts tickets: moved, without a stand-in, locked by another transaction, settled meanwhile, failed, left."""

    moved: int = 0
    stranded: int = 0
    busy: int = 0
    settled: int = 0
    failed: int = 0
    left: int = 0

    def add(self, other: AbsenceReport) -> None:
        for name, number in vars(other).items():
            setattr(self, name, getattr(self, name) + number)

    def __str__(self) -> str:
        counts = f"moved={self.moved} stranded={self.stranded} busy={self.busy} settled={self.settled}"
        return f"{counts} failed={self.failed} left={self.left}"


def move_from_absent(*, now: datetime, seconds: float = SECONDS) -> AbsenceReport:
    """Move the owed tickets of people who are away as of ``now`` (UTC). Any number of runs may overlap."""
    running_absences(now).filter(noticed_at=None).update(noticed_at=now)
    return _MovePass(now, seconds).run()


def running_absences(now: datetime) -> QuerySet[Absence]:
    return Absence.objects.filter(Absence.running_at(now))


def owed_tickets(now: datetime) -> TicketQuerySet:
    """Open tickets whose customer waits for an answer or that have an overdue promise."""
    overdue = Clock.objects.ticking().filter(ticket=OuterRef("pk"), due_at__lte=now)
    return Ticket.objects.active().filter(Q(unanswered_since__isnull=False) | Exists(overdue))


def tickets_to_move(now: datetime) -> QuerySet[Ticket, tuple[int, int]]:
    """Keys of the owed tickets of absent people, each with the keys of all absences that are running now.

    P0 and the longest wait first.
    """
    runs = Absence.running_at(now, "owner__absences__")
    of_the_absent = (
        owed_tickets(now)
        .annotate(away=FilteredRelation("owner__absences", condition=runs))
        .filter(away__isnull=False)
        .annotate(absence=F("away__pk"), since=Coalesce("away__noticed_at", Value(now)))
    )
    given = TimelineEntry.objects.filter(
        ticket=OuterRef("pk"), fact=Fact.OWNER, at__gt=OuterRef("since"), actor__isnull=False
    )
    moved = AbsenceMove.objects.filter(
        absence=OuterRef("absence"), ticket=OuterRef("pk"), to_owner__isnull=False
    )
    waiting = of_the_absent.filter(~Exists(given), ~Exists(moved))
    return waiting.order_by("priority", "unanswered_since", "pk", "absence").values_list("pk", "absence")


@dataclass(frozen=True)
class TicketMove:
    """A locked ticket, the key of the absence, the absent person, and the person who gets the ticket, if anybody."""

    ticket: Ticket
    absence: int
    before: User
    after: User | None
    clock: Clock | None


class _MovePass:
    """One pass at one moment. The staff is loaded when the first ticket needs it."""

    def __init__(self, now: datetime, seconds: float) -> None:
        self.now = now
        self.stop_at = time.monotonic() + seconds

    @cached_property
    def people(self) -> People:
        return People.at(self.now)

    def run(self) -> AbsenceReport:
        tickets = list(dict.fromkeys(ticket for ticket, _absence in tickets_to_move(self.now)))
        report = AbsenceReport()
        for begin in range(0, len(tickets), BATCH):
            if time.monotonic() >= self.stop_at:
                report.left = len(tickets) - begin
                break
            batch = tickets[begin : begin + BATCH]
            for part in work_in_halves(batch, self._move_batch, failed=self._record_failure):
                report.add(part)
        return report

    def _record_failure(self, ticket: int) -> AbsenceReport:
        logger.exception("Ticket %s could not be moved from somebody away", ticket)
        return AbsenceReport(failed=1)

    @transaction.atomic
    def _move_batch(self, batch: Sequence[int]) -> AbsenceReport:
        tickets = lock_tickets_unless_busy(batch)
        # The absence of each ticket; if there are several, the first.
        absences = dict(reversed(list(tickets_to_move(self.now).filter(pk__in=tickets))))
        moves = self._plan_moves([tickets[pk] for pk in batch if pk in absences], absences)
        if moves:
            move_all(moves, superusers=self.people.superusers, now=self.now)
        stranded = sum(move.after is None for move in moves)
        return AbsenceReport(
            moved=len(moves) - stranded,
            stranded=stranded,
            busy=len(batch) - len(tickets),
            settled=len(tickets) - len(moves),
        )

    def _plan_moves(self, tickets: Sequence[Ticket], absences: dict[int, int]) -> list[TicketMove]:
        stand_ins = {pk: stand_in_for(pk, self.people) for pk in {ticket.owner_id for ticket in tickets}}
        clocks = owed_clocks(tickets) if tickets else {}
        return [
            TicketMove(
                ticket,
                absences[ticket.pk],
                before=ticket.owner,
                after=stand_in.user if (stand_in := stand_ins[ticket.owner_id]) is not None else None,
                clock=clocks.get(ticket.pk),
            )
            for ticket in tickets
        ]


def move_all(moves: Sequence[TicketMove], *, superusers: Sequence[User], now: datetime) -> None:
    """Write rows, new owners, notes and notifications in the caller's transaction.

    A ticket that nobody can take stays, and the people who can act on it are told once.
    """
    stranded = _stranded_rows(moves)
    taken = [move for move in moves if move.after is not None]
    new = [move for move in moves if (move.absence, move.ticket.pk) not in stranded]
    for user in {move.after for move in taken}:
        keys = [stranded.get((move.absence, move.ticket.pk)) for move in taken if move.after == user]
        if known := [key for key in keys if key is not None]:
            AbsenceMove.objects.filter(pk__in=known).update(to_owner=user, moved_at=now)
    insert_all([_absence_move_row(move, now) for move in new])
    _hand_over(taken, now)
    rows: list[NewRow[Notification]] = []
    for move in taken:
        if move.after is not None:
            notice = Notice(NoticeKind.AWAY_TO_YOU, move.ticket, move.clock, move.before)
            rows.append(notification_row(move.after, notice, at=now))
    for move in new:
        if move.after is None:
            notice = Notice(NoticeKind.NOBODY_STANDS_IN, move.ticket, move.clock, move.before)
            rows += [notification_row(user, notice, at=now) for user in superusers]
    insert_all(rows)
    if rows:
        nudge_dispatch()


def _stranded_rows(moves: Sequence[TicketMove]) -> dict[tuple[int | None, int], int]:
    """The keys of rows of an earlier pass that found nobody, by absence and ticket."""
    rows = AbsenceMove.objects.filter(
        absence__in={move.absence for move in moves}, ticket__in=[move.ticket.pk for move in moves]
    )
    return {(absence, ticket): pk for absence, ticket, pk in rows.values_list("absence", "ticket", "pk")}


def _absence_move_row(move: TicketMove, now: datetime) -> NewRow[AbsenceMove]:
    values = {
        "absence_id": move.absence,
        "ticket_id": move.ticket.pk,
        "from_owner_id": move.before.pk,
        "to_owner_id": move.after.pk if move.after is not None else None,
        "moved_at": now,
    }
    return NewRow(AbsenceMove, values)


def _hand_over(taken: Sequence[TicketMove], now: datetime) -> None:
    changes, handovers = [], []
    for move in taken:
        if move.after is None:
            continue
        reason = _("%(name)s is away.") % {"name": name_of(move.before)}
        changes.append(OwnerChange(move.ticket, move.after, reason))
        if move.clock is not None:
            handovers.append(Handover(move.clock, move.before, move.after, HandoverCause.ABSENCE))
    hand_over_all(changes, actor=None, at=now, rule=OwnerRule.ABSENCE)
    write_handover_notes(handovers, at=now)


def owed_clocks(tickets: Iterable[Ticket]) -> dict[int, Clock]:
    """By ticket, the promise that falls due first; without an open promise, the newest one. At most two queries."""
    by_key = {ticket.pk: ticket for ticket in tickets}
    clocks: dict[int, Clock] = {}
    for clock in Clock.objects.open().filter(ticket__in=by_key).order_by("due_at", "pk"):
        clocks.setdefault(clock.ticket_id, clock)
    if settled := by_key.keys() - clocks.keys():
        started = Clock.objects.filter(ticket=OuterRef("pk")).order_by("-started_at", "-pk")
        newest = Ticket.objects.filter(pk__in=settled).values_list(Subquery(started.values("pk")[:1]))
        clocks |= {clock.ticket_id: clock for clock in Clock.objects.filter(pk__in=newest)}
    for clock in clocks.values():
        clock.ticket = by_key[clock.ticket_id]
    return clocks

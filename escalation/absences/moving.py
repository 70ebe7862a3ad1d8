"""What is owed on the tickets of somebody away moves to whoever stands in, and is offered back afterwards.

1. ``now`` is taken once by the caller. 2. It looks at absences that run, not at their beginning, so nothing is lost
to a task that did not run, and a customer who writes later waits for nobody on holiday. 3. The rows of a batch are
locked in one transaction and looked at again; those that are busy are found again a minute later. 4. A batch that
fails is done in halves, so that one ticket that fails spoils no other. 5. A row for each absence and ticket, with a
constraint, makes it happen once. 6. What a person gave to somebody who was away already is meant so and stays.
Why so: .github/decisions/absences.md.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.db import transaction
from django.db.models import Exists, F, FilteredRelation, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Coalesce

from customers.models import Absence
from escalation.absences.promise_notes import owed_clocks
from escalation.absences.ticket_moves import Moving, move_all
from escalation.models import AbsenceMove, Clock
from escalation.people.deputies import stand_in_for
from escalation.people.staff_snapshot import People
from tickets.choices import Fact
from tickets.lib.batches import work_in_halves
from tickets.models import Ticket, TimelineEntry
from tickets.models.ticket import TicketQuerySet
from tickets.services.locking import lock_tickets_unless_busy

logger = logging.getLogger(__name__)
SECONDS = 45.0  # within its minute
BATCH = 250  # tickets: whoever answers one of them waits for all of them to be written


@dataclass
class AbsenceReport:
    """Moved, without anybody to take it, left to whoever holds the row, settled meanwhile, failed, left for later."""

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
    """Move what is owed by people who are away as of ``now`` (UTC). Any number of runs may overlap."""
    running(now).filter(noticed_at=None).update(noticed_at=now)
    return _Pass(now, seconds).run()


def running(now: datetime) -> QuerySet[Absence]:
    return Absence.objects.filter(starts_at__lte=now, ends_at__gt=now)


def owed(now: datetime) -> TicketQuerySet:
    """Open tickets whose customer waits for an answer, or with a promise that is overdue."""
    overdue = Clock.objects.ticking().filter(ticket=OuterRef("pk"), due_at__lte=now)
    return Ticket.objects.active().filter(Q(unanswered_since__isnull=False) | Exists(overdue))


def to_move(now: datetime) -> QuerySet[Ticket, tuple[int, int]]:
    """What is owed by somebody away, with the absence, both by key: once for each absence that runs now.

    P0 and the longest wait first.
    """
    runs = Q(owner__absences__starts_at__lte=now, owner__absences__ends_at__gt=now)
    of_the_absent = (
        owed(now)
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


class _Pass:
    """One run at one moment; the picture of the people is loaded when the first ticket needs it."""

    def __init__(self, now: datetime, seconds: float) -> None:
        self.now = now
        self.stop_at = time.monotonic() + seconds

    @cached_property
    def people(self) -> People:
        return People.at(self.now)

    def run(self) -> AbsenceReport:
        found = list(dict.fromkeys(ticket for ticket, _absence in to_move(self.now)))
        report = AbsenceReport()
        for begin in range(0, len(found), BATCH):
            if time.monotonic() >= self.stop_at:
                report.left = len(found) - begin
                break
            for part in work_in_halves(found[begin : begin + BATCH], self._together, failed=self._failed):
                report.add(part)
        return report

    def _failed(self, ticket: int) -> AbsenceReport:
        logger.exception("Ticket %s could not be moved from somebody away", ticket)
        return AbsenceReport(failed=1)

    @transaction.atomic
    def _together(self, batch: Sequence[int]) -> AbsenceReport:
        tickets = lock_tickets_unless_busy(batch)
        absences = self._still_to_move(tickets)
        moving = self._worked_out([tickets[pk] for pk in batch if pk in absences], absences)
        if moving:
            move_all(moving, superusers=self.people.superusers, now=self.now)
        stranded = sum(one.after is None for one in moving)
        return AbsenceReport(
            moved=len(moving) - stranded,
            stranded=stranded,
            busy=len(batch) - len(tickets),
            settled=len(tickets) - len(moving),
        )

    def _still_to_move(self, tickets: Collection[int]) -> dict[int, int]:
        """By ticket the absence; of several at once the first."""
        return dict(reversed(list(to_move(self.now).filter(pk__in=tickets))))

    def _worked_out(self, tickets: Sequence[Ticket], absences: dict[int, int]) -> list[Moving]:
        found = {pk: stand_in_for(pk, self.people) for pk in {ticket.owner_id for ticket in tickets}}
        clocks = owed_clocks(tickets) if tickets else {}
        return [
            Moving(
                ticket,
                absences[ticket.pk],
                before=ticket.owner,
                after=stand_in.user if (stand_in := found[ticket.owner_id]) is not None else None,
                clock=clocks.get(ticket.pk),
            )
            for ticket in tickets
        ]

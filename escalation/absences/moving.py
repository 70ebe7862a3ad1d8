"""Moves what is owed on the tickets of people who are away to their stand-ins; `leaving` moves its tickets by it too.

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
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
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
    return MovePass(now, _of_absences, seconds).run()


def _of_absences(now: datetime, among: Collection[int] | None) -> Candidates:
    found = tickets_to_move(now)
    narrowed = found if among is None else found.filter(pk__in=among)
    return [(ticket, Away(absence=absence)) for ticket, absence in narrowed]


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
class Away:
    """Why the owner cannot have the ticket: the key of their absence, or of their departure."""

    absence: int | None = None
    departure: int | None = None


# Keys of tickets to move, the most urgent first, each with every reason.
Candidates = Sequence[tuple[int, Away]]
# Finds them as of a time (UTC), in one query; among these tickets, or all.
FindCandidates = Callable[[datetime, Collection[int] | None], Candidates]


@dataclass(frozen=True)
class TicketMove:
    """A locked ticket, why it moves, the person who had it, and the person who gets it, if anybody."""

    ticket: Ticket
    away: Away
    before: User
    after: User | None
    clock: Clock | None

    @property
    def has_left(self) -> bool:
        return self.away.departure is not None


class MovePass:
    """One pass at one moment. The staff is loaded when the first ticket needs it."""

    def __init__(self, now: datetime, find: FindCandidates, seconds: float = SECONDS) -> None:
        self.now = now
        self.find = find
        self.stop_at = time.monotonic() + seconds

    @cached_property
    def people(self) -> People:
        return People.at(self.now)

    def run(self) -> AbsenceReport:
        tickets = list(dict.fromkeys(ticket for ticket, _away in self.find(self.now, None)))
        report = AbsenceReport()
        for begin in range(0, len(tickets), BATCH):
            if time.monotonic() >= self.stop_at:
                report.left = len(tickets) - begin
                break
            batch = tickets[begin : begin + BATCH]
            for part in self._work_on(batch):
                report.add(part)
        return report

    def _work_on(self, batch: Sequence[int]) -> Iterator[AbsenceReport]:
        return work_in_halves(
            batch,
            self._move_batch,
            failed=self._record_failure,
            postponed=lambda tickets: AbsenceReport(busy=len(tickets)),
            stop_at=self.stop_at,
        )

    def _record_failure(self, ticket: int) -> AbsenceReport:
        logger.exception("Ticket %s could not be moved from somebody away", ticket)
        return AbsenceReport(failed=1)

    @transaction.atomic
    def _move_batch(self, batch: Sequence[int]) -> AbsenceReport:
        tickets = lock_tickets_unless_busy(batch)
        # The absence of each ticket; if there are several, the first.
        away = dict(reversed(self.find(self.now, tickets)))
        moves = self._plan_moves([tickets[pk] for pk in batch if pk in away], away)
        if moves:
            move_all(moves, superusers=self.people.superusers, now=self.now)
        stranded = sum(move.after is None for move in moves)
        return AbsenceReport(
            moved=len(moves) - stranded,
            stranded=stranded,
            busy=len(batch) - len(tickets),
            settled=len(tickets) - len(moves),
        )

    def _plan_moves(self, tickets: Sequence[Ticket], away: dict[int, Away]) -> list[TicketMove]:
        stand_ins = {pk: stand_in_for(pk, self.people) for pk in {ticket.owner_id for ticket in tickets}}
        clocks = owed_clocks(tickets) if tickets else {}
        return [
            TicketMove(
                ticket,
                away[ticket.pk],
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
    earlier = _earlier_rows(moves)
    taken = [move for move in moves if move.after is not None]
    new = [move for move in moves if (move.away, move.ticket.pk) not in earlier]
    for user in {move.after for move in taken}:
        keys = [earlier.get((move.away, move.ticket.pk)) for move in taken if move.after == user]
        if known := [key for key in keys if key is not None]:
            AbsenceMove.objects.filter(pk__in=known).update(to_owner=user, moved_at=now)
    insert_all([_absence_move_row(move, now) for move in new])
    _hand_over([move for move in taken if not move.has_left], now, OwnerRule.ABSENCE, HandoverCause.ABSENCE)
    _hand_over([move for move in taken if move.has_left], now, OwnerRule.DEPARTURE, HandoverCause.DEPARTURE)
    rows: list[NewRow[Notification]] = []
    for move in taken:
        if move.after is not None:
            kind = NoticeKind.LEFT_TO_YOU if move.has_left else NoticeKind.AWAY_TO_YOU
            notice = Notice(kind, move.ticket, move.clock, move.before)
            rows.append(notification_row(move.after, notice, at=now))
    for move in new:
        if move.after is None:
            notice = Notice(NoticeKind.NOBODY_STANDS_IN, move.ticket, move.clock, move.before)
            rows += [notification_row(user, notice, at=now) for user in superusers]
    insert_all(rows)
    if rows:
        nudge_dispatch()


def _earlier_rows(moves: Sequence[TicketMove]) -> dict[tuple[Away, int], int]:
    """The keys of rows of an earlier pass, which found nobody, or whose ticket came back by a hand in the database."""
    absences = {move.away.absence for move in moves if move.away.absence is not None}
    departures = {move.away.departure for move in moves if move.away.departure is not None}
    rows = AbsenceMove.objects.filter(
        Q(absence__in=absences) | Q(departure__in=departures), ticket__in=[move.ticket.pk for move in moves]
    )
    keys = rows.values_list("absence", "departure", "ticket", "pk")
    return {(Away(absence, departure), ticket): pk for absence, departure, ticket, pk in keys}


def _absence_move_row(move: TicketMove, now: datetime) -> NewRow[AbsenceMove]:
    values = {
        "absence_id": move.away.absence,
        "departure_id": move.away.departure,
        "ticket_id": move.ticket.pk,
        "from_owner_id": move.before.pk,
        "to_owner_id": move.after.pk if move.after is not None else None,
        "moved_at": now,
    }
    return NewRow(AbsenceMove, values)


def _hand_over(taken: Sequence[TicketMove], now: datetime, rule: OwnerRule, cause: HandoverCause) -> None:
    if not taken:
        return
    changes, handovers = [], []
    for move in taken:
        if move.after is None:
            continue
        reason = _("%(name)s can no longer open tickets.") if move.has_left else _("%(name)s is away.")
        changes.append(OwnerChange(move.ticket, move.after, reason % {"name": name_of(move.before)}))
        if move.clock is not None:
            handovers.append(Handover(move.clock, move.before, move.after, cause))
    hand_over_all(changes, actor=None, at=now, rule=rule)
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

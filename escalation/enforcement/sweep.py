"""The sweep: finds every promise on which something is due, and acts on them in batches.

1. The caller takes ``now`` once.
2. A query finds what is due, P0 and oldest first, page by page.
3. The ticket rows of a batch are locked. Rows locked elsewhere are left for the next sweep.
4. The clocks are read again under the lock, as somebody may have answered meanwhile.
5. A batch that fails is split into halves, so that one ticket that fails does not spoil the others. So is one that
   waited for another row that somebody has locked.
6. The sweep stops between two batches when its time is up, so that its heartbeat is written; the next sweep goes on.
   Promises that failed in an earlier sweep come last, however many they are.
"""

import logging
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.db import transaction
from django.db.models import F, Q

from escalation.choices import ClockState
from escalation.enforcement.firing import act_on_all
from escalation.lib.garbage import rare_garbage_collection
from escalation.models import Clock
from escalation.people.staff_snapshot import People
from tickets.lib.batches import work_in_halves
from tickets.services.locking import lock_tickets_unless_busy

logger = logging.getLogger(__name__)
SECONDS = 45.0  # so that it ends within its minute
BATCH = 250  # tickets; an answer to one of them waits until the whole batch is written
TRIES = 2  # tries of a failing ticket in the rounds of one minute; each is logged
PAGE = 4 * BATCH  # clocks read at a time: in a flood, the first are enforced before the rest is read

Pair = tuple[int, int]  # clock and ticket


@dataclass
class SweepReport:
    """Counts promises: acted on, locked by another transaction, settled meanwhile, failed, left for the next sweep."""

    acted: int = 0
    busy: int = 0
    settled: int = 0
    failed: int = 0
    left: int = 0

    def add(self, other: "SweepReport") -> None:
        """Add the other's counts. ``left`` is not summed: the other's, which is later, replaces it."""
        for name, number in vars(other).items():
            setattr(self, name, getattr(self, name) + number)
        self.left = other.left

    def __str__(self) -> str:
        counts = f"acted={self.acted} busy={self.busy} settled={self.settled} failed={self.failed}"
        return f"{counts} left={self.left}"


def sweep(*, now: datetime, seconds: float = SECONDS, failed: Counter[int] | None = None) -> SweepReport:
    """Enforce every promise as of ``now`` (UTC). Any number of sweeps may overlap; each step fires once.

    ``failed`` carries from one sweep to the next how often each promise (by key) has failed.
    """
    with rare_garbage_collection():
        return Sweep(now, seconds, failed if failed is not None else Counter()).run()


class Sweep:
    """One pass at one moment. The staff is loaded when the first promise needs it.

    ``failed`` counts the failed tries of each promise, in this pass and earlier ones; success removes it.
    """

    def __init__(self, now: datetime, seconds: float, failed: Counter[int]) -> None:
        self.now = now
        self.failed = failed
        self.failed_before = Counter(failed)
        self.stop_at = time.monotonic() + seconds
        self.due_clocks = Clock.objects.step_due(now)

    @cached_property
    def people(self) -> People:
        return People.at(self.now)

    def run(self) -> SweepReport:
        report = SweepReport()
        for page in self._pages():
            for batch in _batches(page):
                if time.monotonic() >= self.stop_at:
                    report.left = self.due_clocks.count()
                    return report
                for part in self._work_on(batch):
                    report.add(part)
        return report

    def _work_on(self, batch: Sequence[Pair]) -> Iterator[SweepReport]:
        return work_in_halves(
            batch,
            self._enforce,
            failed=self._record_failure,
            postponed=self._postpone,
            stop_at=self.stop_at,
        )

    def _pages(self) -> Iterator[list[Pair]]:
        """Due clocks page by page; each page starts after the last row of the one before, so none is read twice."""
        due, rest = self.due_clocks, self.due_clocks
        tried, retried = self.failed_before, list[Pair]()
        while page := list(rest.values_list("pk", "ticket_id")[:PAGE]):
            place = due.filter(pk=page[-1][0]).values_list("priority", "next_step_at", "pk")
            last = place.first() if len(page) == PAGE else None
            retried += [pair for pair in page if 0 < tried[pair[0]] < TRIES]
            yield [pair for pair in page if not tried[pair[0]]]
            if last is None:
                break
            priority, at, clock = last
            same = Q(priority=priority)
            rest = due.filter(
                Q(priority__gt=priority)
                | same & Q(next_step_at__gt=at)
                | same & Q(next_step_at=at, pk__gt=clock)
            )
        yield retried

    def _enforce(self, batch: Sequence[Pair]) -> SweepReport:
        report = self._act_on_batch(batch)
        for clock, _ticket in batch:
            self.failed.pop(clock, None)
        return report

    @transaction.atomic
    def _act_on_batch(self, batch: Sequence[Pair]) -> SweepReport:
        tickets = lock_tickets_unless_busy([ticket for _clock, ticket in batch])
        free = [clock for clock, ticket in batch if ticket in tickets]
        # Many clocks share few calendars and policies: prefetching reads each of those only once.
        due = self.due_clocks.prefetch_related("calendar", "policy_version__policy__duty_rota")
        clocks = list(due.filter(pk__in=free)) if free else []
        for clock in clocks:
            clock.ticket = tickets[clock.ticket_id]
        if clocks:
            act_on_all(clocks, self.people, now=self.now)
        return SweepReport(acted=len(clocks), busy=len(batch) - len(free), settled=len(free) - len(clocks))

    def _record_failure(self, pair: Pair) -> SweepReport:
        logger.exception("The sweep failed on ticket %s", pair[1])
        self.failed[pair[0]] = self.failed_before[pair[0]] + 1  # its key may be gone: the commit failed
        return SweepReport(failed=1)

    def _postpone(self, pairs: Sequence[Pair]) -> SweepReport:
        """Have the next round take these last, among which one waits for a lock; for the others it is no try."""
        logger.warning("Among %s tickets one waits for a row that is locked; they come last", len(pairs))
        for clock, _ticket in pairs:
            self.failed[clock] = self.failed_before[clock] or 1
        return SweepReport(busy=len(pairs))


def _batches(due: Sequence[Pair]) -> Iterator[list[Pair]]:
    """Batches in order, with no ticket twice in one: the second promise of a ticket begins the next batch."""
    batch: list[Pair] = []
    tickets: set[int] = set()
    for clock, ticket in due:
        if len(batch) == BATCH or ticket in tickets:
            yield batch
            batch, tickets = [], set()
        batch.append((clock, ticket))
        tickets.add(ticket)
    if batch:
        yield batch


def revisit_unplanned(*, now: datetime) -> int:
    """Have the next sweep visit every open promise without a planned step; returns how many. One update.

    Most are at the end of their chain and stay there. But if a chain is revised at the very moment a promise is
    written, the promise might otherwise never be looked at again.
    """
    unplanned = Q(next_step_at=None) | Q(state=ClockState.RUNNING, next_step_at__gt=F("due_at"))
    return Clock.objects.open().filter(unplanned).update(next_step_at=now)

"""The sweep: finds every promise on which something is due, and acts on them in batches.

1. ``now`` is taken once by the caller. 2. A query finds what is due, P0 and oldest first, page by page. 3. The ticket
rows of a batch are locked; those that somebody else holds are passed over: the next sweep finds them again. 4. The
clocks are read again under the lock, for they may have been answered meanwhile. 5. A batch that fails is done in
halves, so that one ticket that fails spoils no other. 6. After its time it stops between two batches, so that
heartbeats come; the next sweep goes on. What failed in the one before comes last, however many that are.
"""

import gc
import logging
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.db import transaction
from django.db.models import F, Q

from escalation.choices import ClockState
from escalation.enforcement.firing import act_on_all
from escalation.models import Clock
from escalation.people.staff_snapshot import People
from tickets.lib.batches import worked
from tickets.services.locking import all_locked_unless_busy

logger = logging.getLogger(__name__)
SECONDS = 45.0  # within its minute
BATCH = 250  # tickets: whoever answers one of them waits for all of them to be written
TRIES = 2  # of a ticket that fails, by the rounds of one minute; the log has each of them
PAGE = 4 * BATCH  # found at a time: of a flood the first are worked while the rest is not even read

Pair = tuple[int, int]  # clock and ticket


@dataclass
class SweepReport:
    """What one sweep found: acted on, left to whoever holds the row, settled meanwhile, failed, left for the next."""

    acted: int = 0
    busy: int = 0
    settled: int = 0
    failed: int = 0
    left: int = 0

    def add(self, other: "SweepReport") -> None:
        """Count the other in; what it left is left now, whatever was before."""
        for name, number in vars(other).items():
            setattr(self, name, getattr(self, name) + number)
        self.left = other.left

    def __str__(self) -> str:
        counts = f"acted={self.acted} busy={self.busy} settled={self.settled} failed={self.failed}"
        return f"{counts} left={self.left}"


class Sweep:
    """One pass at one moment; the picture of the people is loaded when the first promise needs it.

    ``failed`` counts, by promise, the tries in vain of this pass and those before; one that is done at last leaves it.
    """

    def __init__(self, now: datetime, seconds: float, failed: Counter[int]) -> None:
        self.now = now
        self.failed = failed
        self.stop_at = time.monotonic() + seconds

    @cached_property
    def people(self) -> People:
        return People.at(self.now)

    def run(self) -> SweepReport:
        report = SweepReport()
        for page in self._pages():
            for batch in _batches(page):
                if time.monotonic() >= self.stop_at:
                    report.left = Clock.objects.step_due(self.now).count()
                    return report
                for part in worked(batch, self._done, failed=self._failed):
                    report.add(part)
        return report

    def _pages(self) -> Iterator[list[Pair]]:
        """What is due, each page after the last of the one before: what stays due is not found twice."""
        due = rest = Clock.objects.step_due(self.now)
        tried, last = Counter(self.failed), list[Pair]()
        while found := list(rest.values_list("pk", "ticket_id")[:PAGE]):
            place = due.filter(pk=found[-1][0]).values_list("priority", "next_step_at", "pk")
            end = place.first() if len(found) == PAGE else None
            last += [pair for pair in found if 0 < tried[pair[0]] < TRIES]
            yield [pair for pair in found if not tried[pair[0]]]
            if end is None:
                break
            rest = due.filter(_after(*end))
        yield last

    def _failed(self, pair: Pair) -> SweepReport:
        logger.exception("The sweep failed on ticket %s", pair[1])
        self.failed[pair[0]] += 1
        return SweepReport(failed=1)

    def _done(self, batch: Sequence[Pair]) -> SweepReport:
        report = self._together(batch)
        for clock, _ticket in batch:
            self.failed.pop(clock, None)
        return report

    @transaction.atomic
    def _together(self, batch: Sequence[Pair]) -> SweepReport:
        tickets = all_locked_unless_busy([ticket for _clock, ticket in batch])
        wanted = [clock for clock, ticket in batch if ticket in tickets]
        clocks = _still_due(wanted, self.now) if wanted else []
        for clock in clocks:
            clock.ticket = tickets[clock.ticket_id]
        if clocks:
            act_on_all(clocks, self.people, now=self.now)
        return SweepReport(
            acted=len(clocks), busy=len(batch) - len(wanted), settled=len(wanted) - len(clocks)
        )


def sweep(*, now: datetime, seconds: float = SECONDS, failed: Counter[int] | None = None) -> SweepReport:
    """Enforce every promise as of ``now`` (UTC). Any number may overlap; each step fires once.

    ``failed`` remembers from one sweep to the next how often promises (by key) failed.
    """
    with _collecting_rarely():
        return Sweep(now, seconds, failed if failed is not None else Counter()).run()


@contextmanager
def _collecting_rarely() -> Iterator[None]:
    """Rows by the thousand are no garbage while they are written; to look through them for it costs some hundredths."""
    thresholds = gc.get_threshold()
    gc.set_threshold(50_000, *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)


def look_again(*, now: datetime) -> int:
    """Have the next sweep visit every open promise that nothing is planned for; how many. One update.

    Most are at the end of their chain, and stay so. But a chain that is revised at the moment when a promise is
    written may leave one that nobody would ever look at again.
    """
    unplanned = Q(next_step_at=None) | Q(state=ClockState.RUNNING, next_step_at__gt=F("due_at"))
    return Clock.objects.open().filter(unplanned).update(next_step_at=now)


def _after(priority: int, moment: datetime | None, clock: int) -> Q:
    """What comes later in the order in which the sweep works."""
    same = Q(priority=priority)
    later = same & (Q(next_step_at__gt=moment) | Q(next_step_at=moment, pk__gt=clock))
    return Q(priority__gt=priority) | later


def _batches(due: Sequence[Pair]) -> Iterator[list[Pair]]:
    """In order, no ticket twice in one: its second promise begins the next."""
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


def _still_due(pks: Sequence[int], now: datetime) -> list[Clock]:
    """Many share few of what they refer to: fetched beside them, each is read once."""
    clocks = Clock.objects.step_due(now).filter(pk__in=pks)
    return list(clocks.prefetch_related("calendar", "policy_version__policy__duty_rota"))

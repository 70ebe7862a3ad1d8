"""highlights.csv: the worst breaches of a week and the promises that were nearly broken, for the summary.

A breach is the worse the longer it was overdue, measured in its own windows: half an hour over a P0 of 30 minutes is as
bad as a day over a P3 of 24 hours. Near misses are ranked likewise, by the part of the window that was left.
"""

from bisect import insort
from collections.abc import Iterator
from operator import itemgetter
from zoneinfo import ZoneInfo

from escalation.choices import ClockState
from escalation.exports.bulk_reading import People
from escalation.exports.held_seconds import SECOND, whole_seconds
from escalation.exports.promises import JudgedPromise
from escalation.exports.tickets_csv import priority_code
from escalation.lib.csv_sheets import Cell, iso_time, local_time
from tickets.models.ticket import ticket_number

COLUMNS = (
    "highlight",
    "rank",
    "promise",
    "ticket",
    "customer_code",
    "customer",
    "kind",
    "priority",
    "due_at",
    "due_local",
    "left_seconds",
    "overdue_seconds",
    "held_by",
    "waived",
    "local_zone",
)
WORST, NEAR_MISS = "worst breach", "near miss"
MOST_WORST, MOST_NEAR = 5, 10

Rank = tuple[float, int, int]


class Highlights:
    """Add every promise of the week, then ask for the rows."""

    def __init__(self) -> None:
        self._worst: list[tuple[Rank, JudgedPromise]] = []
        self._near: list[tuple[Rank, JudgedPromise]] = []

    def add(self, promise: JudgedPromise) -> None:
        if not promise.is_decided_here or promise.margin is None:
            return
        if promise.verdict.state == ClockState.BREACHED:
            _keep(self._worst, -_windows(promise), promise, most=MOST_WORST)
        elif promise.is_near_miss:
            _keep(self._near, _windows(promise), promise, most=MOST_NEAR)

    def rows(self, *, people: People, zone: ZoneInfo) -> Iterator[list[Cell]]:
        for highlight, ranked in ((WORST, self._worst), (NEAR_MISS, self._near)):
            for rank, (_key, promise) in enumerate(ranked, start=1):
                yield [highlight, rank, *_cells(promise, people, zone)]


def _windows(promise: JudgedPromise) -> float:
    """The time left or overdue, in windows of the promise."""
    return promise.margin / SECOND / 60 / max(promise.clock.minutes, 1) if promise.margin is not None else 0.0


def _keep(ranked: list[tuple[Rank, JudgedPromise]], key: float, promise: JudgedPromise, *, most: int) -> None:
    rank = (key, promise.clock.priority, promise.clock.pk)
    if len(ranked) < most or rank < ranked[-1][0]:
        insort(ranked, (rank, promise), key=itemgetter(0))
        del ranked[most:]


def _cells(promise: JudgedPromise, people: People, zone: ZoneInfo) -> list[Cell]:
    clock = promise.clock
    is_breached = promise.verdict.state == ClockState.BREACHED
    seconds = promise.margin // SECOND if promise.margin is not None else None
    held = whole_seconds(promise.held)
    return [
        clock.pk,
        ticket_number(clock.ticket_id),
        clock.customer_code,
        clock.customer,
        clock.kind,
        priority_code(clock.priority),
        iso_time(clock.due_at),
        local_time(clock.due_at, zone),
        None if is_breached else seconds,
        seconds if is_breached else None,
        "; ".join([f"{people[pk].username} {time}" for pk, time in held.items()]),
        clock.waived_at is not None,
        zone.key,
    ]

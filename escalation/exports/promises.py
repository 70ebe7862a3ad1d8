"""The promises of a week, judged: kept, broken or running at its end, and how long each holder had them.

A promise is listed in each week in which it started, fell due without being kept, was answered, or ended. It counts
only in the week that decided it, so that the weeks of a year add up to the year.
"""

import heapq
from collections.abc import Collection, Container, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import NamedTuple

from escalation.choices import ClockState
from escalation.exports.bulk_reading import read_rows
from escalation.exports.clock_rows import (
    HOLDER_CHANGES,
    PATHS,
    TIMES,
    ClockRow,
    Holding,
    clocks_of,
    is_listed,
)
from escalation.exports.past_rows import changed_clocks, histories
from escalation.lib.weeks import CoveredTime
from escalation.models import ClockEvent
from escalation.models.clock import ClockQuerySet
from escalation.working_time.due_time import WorkingHours, add_working, working_between
from escalation.working_time.lookup import HoursByVersion


class Verdict(NamedTuple):
    """`decided_at` is when the promise was kept, broken or cancelled; None while it runs."""

    state: ClockState
    decided_at: datetime | None


STILL_RUNNING = Verdict(ClockState.RUNNING, None)


class JudgedPromise(NamedTuple):
    """A clock in its state at the end of the week. `response`, `margin` and `held` are working time."""

    clock: ClockRow
    verdict: Verdict
    is_decided_here: bool  # decided in this week, so that it counts
    answered_at: datetime | None  # answered in or before this week
    is_answered_here: bool  # answered in this week
    response: timedelta | None
    margin: timedelta | None  # left when it was met, or overdue until it was answered or the week ended
    is_near_miss: bool  # met in the last tenth of its window
    held: dict[int, timedelta]  # by user id, up to the decision


def promises_of(period: CoveredTime) -> Iterator[JudgedPromise]:
    """Stream the week's promises in the order of their keys, judged by what was recorded before `period.as_of`.

    Two queries, for clocks and for ledger lines, are read side by side, and one more for each version of a calendar.
    The clocks that have changed since are read apart, out of their ledger lines.
    """
    changed = changed_clocks(period.as_of, started_before=period.end)
    pairs = heapq.merge(_unchanged(period, changed), _changed(period, changed), key=lambda pair: pair[0].pk)
    hours_by_version = HoursByVersion()
    for clock, holdings in pairs:
        hours = hours_by_version[clock.calendar_id, clock.calendar_version]
        clock = end_pause(clock, hours, end=period.end)
        if is_listed(clock, period):
            yield judge(clock, period=period, hours=hours, holdings=holdings)


def _unchanged(period: CoveredTime, changed: Container[int]) -> Iterator[tuple[ClockRow, list[Holding]]]:
    clocks = clocks_of(period)
    ledger = _HolderLines(clocks)
    for clock in read_rows(clocks, ClockRow._make, paths=PATHS, times=TIMES):
        if clock.pk not in changed:
            yield clock, ledger.holdings_of(clock.pk)


def _changed(period: CoveredTime, changed: Collection[int]) -> Iterator[tuple[ClockRow, list[Holding]]]:
    for history in histories(sorted(changed), cuts=[period.as_of]):
        (row,), (holdings,) = history.rows, history.holdings
        if row is not None:
            yield row, holdings


class _HolderLines:
    """The ledger lines that name a holder, read in step with the clocks they belong to."""

    def __init__(self, clocks: ClockQuerySet) -> None:
        rows = ClockEvent.objects.filter(
            clock__in=clocks.order_by().values("pk"), change__in=HOLDER_CHANGES
        ).order_by("clock_id", "at", "pk")
        lines = read_rows(rows, tuple, paths=("clock_id", "holder_id"), times=("at",))
        self._groups = groupby(lines, key=lambda line: line[0])
        self._ahead: tuple[int, list[Holding]] | None = None

    def holdings_of(self, clock_id: int) -> list[Holding]:
        """The holders of a clock. Ask in rising order of clocks; lines of clocks that are not asked for are skipped."""
        while self._ahead is None or self._ahead[0] < clock_id:
            group = next(self._groups, None)
            if group is None:
                return []
            self._ahead = group[0], [Holding(at, holder) for _clock, holder, at in group[1]]
        return self._ahead[1] if self._ahead[0] == clock_id else []


def judge(
    clock: ClockRow, *, period: CoveredTime, hours: WorkingHours, holdings: Sequence[Holding]
) -> JudgedPromise:
    """Judge a clock as it stood at the end of the week."""
    start = clock.started_at
    verdict = verdict_at(period.end, state=clock.state, due_at=clock.due_at, stopped_at=clock.stopped_at)
    decided_at = verdict.decided_at if period.contains(verdict.decided_at) else None
    is_answered = clock.answered_by_id and clock.stopped_at is not None and clock.stopped_at < period.end
    answered_at = clock.stopped_at if is_answered else None
    margin = _margin(clock, verdict, hours=hours, end=period.end)
    return JudgedPromise(
        clock=clock,
        verdict=verdict,
        is_decided_here=decided_at is not None,
        answered_at=answered_at,
        is_answered_here=period.contains(answered_at),
        response=working_between(hours, start, answered_at) if answered_at else None,
        margin=margin,
        is_near_miss=verdict.state == ClockState.MET and _is_near_miss(clock, margin, hours),
        held=held_times(holdings, hours=hours, start=start, until=decided_at) if decided_at else {},
    )


def end_pause(clock: ClockRow, hours: WorkingHours, *, end: datetime) -> ClockRow:
    """The row with its pause ended where the policy's cap ended it before `end`, noticed or not."""
    if clock.state != ClockState.PAUSED or clock.paused_at is None:
        return clock
    left = timedelta(minutes=clock.pause_cap_minutes) - timedelta(seconds=clock.paused_seconds)
    if left < timedelta(0) or add_working(hours, clock.paused_at, left) >= end:
        return clock
    return clock._replace(state=ClockState.RUNNING.value, due_at=add_working(hours, clock.due_at, left))


def verdict_at(end: datetime, *, state: str, due_at: datetime, stopped_at: datetime | None) -> Verdict:
    """The clock as it stood at `end`, whenever this is called: later answers do not change it.

    A promise broken before `end` counts although no sweep has noticed it yet.
    """
    stopped = stopped_at if stopped_at is not None and stopped_at < end else None
    match ClockState(state):
        case ClockState.MET | ClockState.CANCELLED as final:
            return Verdict(final, stopped) if stopped else STILL_RUNNING
        case ClockState.PAUSED:
            return STILL_RUNNING
        case ClockState.RUNNING | ClockState.BREACHED:
            return Verdict(ClockState.BREACHED, due_at) if due_at < end else STILL_RUNNING


def _margin(clock: ClockRow, verdict: Verdict, *, hours: WorkingHours, end: datetime) -> timedelta | None:
    match verdict.state:
        case ClockState.MET if verdict.decided_at is not None:
            return working_between(hours, verdict.decided_at, clock.due_at)
        case ClockState.BREACHED:
            return working_between(hours, clock.due_at, min(clock.stopped_at or end, end))
        case _:
            return None


def _is_near_miss(clock: ClockRow, left: timedelta | None, hours: WorkingHours) -> bool:
    """True if met in the last tenth of the window; for a raised promise, the window begins at the raise."""
    window = working_between(hours, clock.raised_at or clock.started_at, clock.due_at)
    return left is not None and left * 10 <= window


def held_times(
    holdings: Sequence[Holding], *, hours: WorkingHours, start: datetime, until: datetime
) -> dict[int, timedelta]:
    """The working time each person held a promise; `holdings` are in the order of time.

    The first holder also held it from `start` to the first line. People who held it in no working time are left out.
    """
    held: dict[int, timedelta] = {}
    begin = start
    for index, holding in enumerate(holdings):
        next_change = holdings[index + 1].at if index + 1 < len(holdings) else until
        end = min(max(next_change, begin), until)
        if end > begin and (time := working_between(hours, begin, end)):
            held[holding.holder_id] = held.get(holding.holder_id, timedelta(0)) + time
        begin = end
    return held

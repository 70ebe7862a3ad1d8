"""The promises of a week, judged: kept, broken or running at its end, and how long each holder had them.

A promise is listed in each week in which it started, fell due without being kept, was answered, or ended. It counts
only in the week that decided it, so that the weeks of a year add up to the year.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import NamedTuple

from django.db.models import Q

from escalation.choices import ClockChange, ClockState
from escalation.exports.bulk_reading import read_rows
from escalation.lib.weeks import Period
from escalation.models import Clock, ClockEvent
from escalation.models.clock import ClockQuerySet
from escalation.working_time.due_time import WorkingHours, working_between
from escalation.working_time.lookup import HoursByVersion

# Ledger lines that name the ticket's holder from then on. Other lines may be backdated to an answer.
HOLDER_CHANGES = [
    ClockChange.STARTED,
    ClockChange.HANDED_OVER,
    ClockChange.REVOKED,
    ClockChange.RESUMED,
    ClockChange.MERGED,
]


class ClockRow(NamedTuple):
    """The database's values for one clock, in the order of PATHS and TIMES."""

    pk: int
    ticket_id: int
    kind: str
    state: str
    priority: int
    minutes: int
    calendar_id: int
    calendar_version: int
    policy: str
    policy_version: int
    contract: str | None
    customer_id: int | None
    customer_code: str | None
    customer: str | None
    account_manager_id: int | None
    owner_id: int
    answered_by_id: int | None
    author_id: int | None
    waived_by_id: int | None
    waive_reason: str
    starter_id: int | None  # the colleague who entered the message that started it; None for a mail
    channels: dict[str, list[str]]  # the policy version's promised ways, by priority
    answer_channel: str | None
    backup_manager_id: int | None
    own_scenario: str
    customer_scenario: str | None
    started_at: datetime
    due_at: datetime
    stopped_at: datetime | None
    detected_at: datetime | None
    raised_at: datetime | None
    waived_at: datetime | None
    recorded_at: datetime | None  # when the answer was recorded
    start_recorded_at: datetime | None  # when the message that started it was recorded


PATHS = (
    "pk",
    "ticket_id",
    "kind",
    "state",
    "priority",
    "minutes",
    "calendar_id",
    "calendar_version",
    "policy_version__policy__name",
    "policy_version__number",
    "contract__reference",
    "ticket__customer_id",
    "ticket__customer__code",
    "ticket__customer__name",
    "ticket__customer__account_manager_id",
    "ticket__owner_id",
    "answered_by_id",
    "answered_by__author_id",
    "waived_by_id",
    "waive_reason",
    "started_by__author_id",
    "policy_version__channels",
    "answered_by__channel",
    "ticket__customer__backup_account_manager_id",
    "ticket__scenario",
    "ticket__customer__scenario",
)
TIMES = (
    "started_at",
    "due_at",
    "stopped_at",
    "detected_at",
    "raised_at",
    "waived_at",
    "answered_by__created_at",
    "started_by__created_at",
)


class Verdict(NamedTuple):
    """`decided_at` is when the promise was kept, broken or cancelled; None while it runs."""

    state: ClockState
    decided_at: datetime | None


STILL_RUNNING = Verdict(ClockState.RUNNING, None)


class Holding(NamedTuple):
    """From `at` on, this person held the ticket."""

    at: datetime
    holder_id: int


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


def clocks_of(period: Period) -> ClockQuerySet:
    start, end = period.start, period.end
    return (
        Clock.objects.real()
        .filter(
            Q(started_at__gte=start, started_at__lt=end)
            | Q(due_at__gte=start, due_at__lt=end, state__in=[ClockState.RUNNING, ClockState.BREACHED])
            | Q(stopped_at__gte=start, stopped_at__lt=end)
        )
        .order_by("pk")
    )


def promises_of(period: Period) -> Iterator[JudgedPromise]:
    """Stream the week's promises in the order of their keys.

    Two queries, for clocks and for ledger lines, are read side by side, and one more for each version of a calendar.
    """
    clocks, hours_by_version = clocks_of(period), HoursByVersion()
    ledger = _HolderLines(clocks)
    for clock in read_rows(clocks, ClockRow._make, paths=PATHS, times=TIMES):
        hours = hours_by_version[clock.calendar_id, clock.calendar_version]
        yield _judged(clock, period=period, hours=hours, holdings=ledger.holdings_of(clock.pk))


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


def _judged(
    clock: ClockRow, *, period: Period, hours: WorkingHours, holdings: Sequence[Holding]
) -> JudgedPromise:
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

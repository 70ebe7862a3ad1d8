"""The promises of a week, read once in the order of their numbers, each with its verdict and its holders.

A promise belongs to the pack when it started, fell due unkept, or was answered or ended in the week.
It counts in the week that decided it, so that the weeks of a year add up to the year.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import groupby
from typing import NamedTuple

from django.db.models import Q

from escalation.choices import RESPONSE_KINDS, ClockChange, ClockState
from escalation.clocks.served_channels import ways_served_by
from escalation.exports.held import Held, Holding, held_times
from escalation.exports.period import Period, Verdict, verdict
from escalation.exports.stamps import moment, moments, stamp
from escalation.models import Clock, ClockEvent
from escalation.models.clock import ClockQuerySet
from escalation.working_time.due_time import WorkingHours, working_between
from escalation.working_time.lookup import CalendarBook
from tickets.models.message import BACKDATED_AFTER

FETCH = 2000  # rows read at a time
# Lines that say who held the ticket from then on. Others may be dated back to when an answer was given.
HOLDER_CHANGES = [
    ClockChange.STARTED,
    ClockChange.HANDED_OVER,
    ClockChange.REVOKED,
    ClockChange.RESUMED,
    ClockChange.MERGED,
]


class CustomerColumns(NamedTuple):
    """Whose matter it was; all empty for a sender nobody knows."""

    pk: int | None
    code: str | None
    name: str | None
    account_manager_id: int | None


class ClockRow(NamedTuple):
    """What is read of a clock, in the order of PATHS and TIMES."""

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
    starter_id: int | None  # who wrote down the message that started it; nobody for a mail
    channels: dict[str, list[str]]  # of the policy version, by priority
    answer_channel: str | None
    backup_manager_id: int | None
    started_at: datetime
    due_at: datetime
    stopped_at: datetime | None
    detected_at: datetime | None
    raised_at: datetime | None
    waived_at: datetime | None
    recorded_at: datetime | None  # when the answer was written down
    start_recorded_at: datetime | None  # and when what started it was

    @property
    def customer_side(self) -> CustomerColumns:
        return CustomerColumns(self.customer_id, self.customer_code, self.customer, self.account_manager_id)


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


class WeekPromise(NamedTuple):
    """A clock as it stood when the week ended. Times of response and holding are working time."""

    clock: ClockRow
    verdict: Verdict
    counts: bool  # decided in this week
    answered_at: datetime | None  # in or before this week
    answered_here: bool  # in this week
    response: timedelta | None
    is_near_miss: bool  # met in the last tenth of its window
    held: Held

    @property
    def is_backdated(self) -> bool:
        """The answer was written down later than a logged contact may be without a mark."""
        recorded_at = self.clock.recorded_at
        if recorded_at is None or self.answered_at is None:
            return False
        return recorded_at - self.answered_at > BACKDATED_AFTER

    @property
    def is_start_backdated(self) -> bool:
        """A colleague wrote down later what started it; a mail's receipt is never backdated."""
        recorded_at = self.clock.start_recorded_at
        if recorded_at is None or self.clock.starter_id is None:
            return False
        return recorded_at - self.clock.started_at > BACKDATED_AFTER

    @property
    def ways_promised(self) -> list[str]:
        """Values of Way, for promises of an answer."""
        clock = self.clock
        return clock.channels.get(str(clock.priority), []) if clock.kind in RESPONSE_KINDS else []

    @property
    def ways_of_the_answer(self) -> list[str]:
        clock = self.clock
        if self.answered_at is None or clock.answer_channel is None:
            return []
        managers = (clock.account_manager_id, clock.backup_manager_id)
        return [way.value for way in ways_served_by(clock.answer_channel, clock.author_id, managers)]

    @property
    def breached_at(self) -> datetime | None:
        return self.verdict.decided_at if self.verdict.state == ClockState.BREACHED else None


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


def promises_of(period: Period, *, book: CalendarBook) -> Iterator[WeekPromise]:
    """Two queries whatever the number of promises, both streamed in the order of the clocks and merged."""
    clocks = clocks_of(period)
    ledger = _Ledger(clocks)
    fetched = clocks.values_list(*PATHS, *map(stamp, TIMES)).iterator(chunk_size=FETCH)
    for values in fetched:
        clock = ClockRow._make((*values[: len(PATHS)], *moments(values[len(PATHS) :])))
        yield _promise(clock, period=period, book=book, holdings=ledger.holdings_of(clock.pk))


def _promise(clock: ClockRow, *, period: Period, book: CalendarBook, holdings: list[Holding]) -> WeekPromise:
    hours, start = book[clock.calendar_id, clock.calendar_version], clock.started_at
    found = verdict(end=period.end, state=clock.state, due_at=clock.due_at, stopped_at=clock.stopped_at)
    decided_at = found.decided_at if period.holds(found.decided_at) else None
    answered_at = clock.stopped_at if clock.answered_by_id and _before(clock.stopped_at, period.end) else None
    response = working_between(hours, start, answered_at) if answered_at else None
    return WeekPromise(
        clock=clock,
        verdict=found,
        counts=decided_at is not None,
        answered_at=answered_at,
        answered_here=period.holds(answered_at),
        response=response,
        is_near_miss=_is_near_miss(clock, found, hours),
        held=held_times(holdings, hours=hours, start=start, until=decided_at) if decided_at else {},
    )


def _is_near_miss(clock: ClockRow, found: Verdict, hours: WorkingHours) -> bool:
    """Met in the last tenth of the window; that of a raised priority begins when it was raised."""
    if found.state != ClockState.MET or found.decided_at is None:
        return False
    left = working_between(hours, found.decided_at, clock.due_at)
    return left * 10 <= working_between(hours, clock.raised_at or clock.started_at, clock.due_at)


def _before(at: datetime | None, end: datetime) -> bool:
    return at is not None and at < end


class _Ledger:
    """The ledger lines of the chosen clocks, walked along with them."""

    def __init__(self, clocks: ClockQuerySet) -> None:
        lines = (
            ClockEvent.objects.filter(clock__in=clocks.order_by().values("pk"), change__in=HOLDER_CHANGES)
            .order_by("clock_id", "at", "pk")
            .values_list("clock_id", "holder_id", stamp("at"))
            .iterator(chunk_size=FETCH)
        )
        self._groups = groupby(lines, key=lambda line: line[0])
        self._ahead: tuple[int, list[Holding]] | None = None

    def holdings_of(self, clock_id: int) -> list[Holding]:
        """Ask in rising order; lines of clocks that were not asked for are passed over."""
        while self._ahead is None or self._ahead[0] < clock_id:
            group = next(self._groups, None)
            if group is None:
                return []
            self._ahead = group[0], [Holding(moment(at), holder) for _clock, holder, at in group[1]]
        return self._ahead[1] if self._ahead[0] == clock_id else []

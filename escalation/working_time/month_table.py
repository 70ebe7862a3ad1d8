"""Working time month by month: spans in UTC with running totals, cached, so that a due time takes two bisections.

Months are cut in UTC, where they follow each other whatever the wall clock does. All figures are whole microseconds:
moments since 1970, in local time or in UTC, and amounts.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from escalation.lib.intervals import clipped, union
from escalation.working_time.hours import WorkingHours
from escalation.working_time.validation import MINUTES_A_DAY, WorkTimeError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_DAY = EPOCH.toordinal()
MICROSECOND = timedelta(microseconds=1)
SECOND = 1_000_000
MINUTE = 60 * SECOND
DAY = MINUTES_A_DAY * MINUTE
LAST_YEAR = 9998

MicroSpan = tuple[int, int]


def micros_of(moment: datetime) -> int:
    return (moment - EPOCH) // MICROSECOND


def moment_of(micros: int) -> datetime:
    return EPOCH + timedelta(microseconds=micros)


def month_of(moment: datetime) -> int:
    """Months counted from year 0; `moment` must be in UTC."""
    return moment.year * 12 + moment.month - 1


def month_start(month: int) -> int:
    year, index = divmod(month, 12)
    if not 1 < year <= LAST_YEAR:
        raise WorkTimeError(_("No working time was found before the year %(year)s.") % {"year": LAST_YEAR})
    return micros_of(datetime(year, index + 1, 1, tzinfo=UTC))


class MonthTable:
    """The working spans of one UTC month with running totals, so that both directions are one bisection."""

    __slots__ = ("before", "spans", "starts", "total")

    def __init__(self, spans: list[MicroSpan]) -> None:
        self.spans = spans
        self.starts = [begin for begin, _end in spans]
        self.before: list[int] = []
        self.total = 0
        for begin, end in spans:
            self.before.append(self.total)
            self.total += end - begin

    def worked_until(self, at: int) -> int:
        """Working time from the month's beginning to a moment inside the month."""
        index = bisect_right(self.starts, at) - 1
        if index < 0:
            return 0
        begin, end = self.spans[index]
        return self.before[index] + min(at, end) - begin

    def when_worked(self, worked: int) -> int:
        """The earliest moment by which this much (more than nothing, at most the total) has been worked."""
        index = bisect_left(self.before, worked) - 1
        return self.starts[index] + worked - self.before[index]


@lru_cache(maxsize=4096)
def month_table(hours: WorkingHours, month: int) -> MonthTable:
    spans: list[MicroSpan] = []
    for begin, end, offset in _offsets(hours.tz, month):
        wall = clipped(_wall_spans(hours, begin + offset, end + offset), (begin + offset, end + offset))
        spans.extend((start - offset, finish - offset) for start, finish in wall)
    return MonthTable(union(spans))


def _wall_spans(hours: WorkingHours, begin: int, end: int) -> Iterator[MicroSpan]:
    """Working spans in local time around a stretch of it, including those of the day before that reach into it."""
    for day in range(begin // DAY - 1, -(-end // DAY)):
        for start, finish in hours.intervals_on(date.fromordinal(EPOCH_DAY + day)):
            yield day * DAY + start * MINUTE, day * DAY + finish * MINUTE


@lru_cache(maxsize=4096)
def _offsets(zone: ZoneInfo, month: int) -> list[tuple[int, int, int]]:
    """The parts of a UTC month between changes of the zone's offset from UTC: (from, to, offset)."""
    first, after = month_start(month), month_start(month + 1)
    cuts = [first]
    for day in range(first, after, DAY):
        if _offset(zone, day) != _offset(zone, day + DAY):
            cuts.append(_transition(zone, day, day + DAY))
    return [(begin, end, _offset(zone, begin)) for begin, end in zip(cuts, [*cuts[1:], after], strict=True)]


def _transition(zone: ZoneInfo, before: int, after: int) -> int:
    """The first second of the new offset, by bisecting a day in which it changes once."""
    old, low, high = _offset(zone, before), before // SECOND, after // SECOND
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset(zone, middle * SECOND) == old else (low, middle)
    return high * SECOND


def _offset(zone: ZoneInfo, at: int) -> int:
    return (moment_of(at).astimezone(zone).utcoffset() or timedelta(0)) // MICROSECOND

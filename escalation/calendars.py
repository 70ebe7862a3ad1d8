"""Calendars of the database as working hours to reckon with."""

from collections.abc import Iterable
from functools import lru_cache

from escalation.models import Calendar, CalendarInterval
from escalation.worktime import Interval, WorkingHours

Weekly = tuple[tuple[Interval, ...], ...]
ALWAYS_OPEN: Weekly = ()


def hours_of(calendar: Calendar) -> WorkingHours:
    """One query for the intervals unless they are prefetched; WorkTimeError when they make no sense."""
    if calendar.always_open:
        return _checked(calendar.time_zone, ALWAYS_OPEN)
    return _checked(calendar.time_zone, _weekly(calendar.intervals.all()))


class CalendarBook(dict[int, WorkingHours]):
    """Working hours by calendar id: looked up once each, for whoever reckons with many clocks."""

    def __missing__(self, calendar_id: int) -> WorkingHours:
        hours = hours_of(Calendar.objects.get(pk=calendar_id))
        self[calendar_id] = hours
        return hours


@lru_cache(maxsize=256)
def _checked(zone: str, weekly: Weekly) -> WorkingHours:
    """Checking a week costs ten times what a due time costs, and calendars are read again for each ticket."""
    if weekly == ALWAYS_OPEN:
        return WorkingHours(zone, always_open=True)
    return WorkingHours(zone, weekly=weekly)


def _weekly(intervals: Iterable[CalendarInterval]) -> Weekly:
    weekly: list[list[Interval]] = [[] for _day in range(7)]
    for interval in intervals:
        weekly[interval.weekday].append(interval.minutes)
    return tuple(map(tuple, weekly))

"""Calendars of the database as working hours to reckon with."""

from collections.abc import Iterable

from escalation.models import Calendar, CalendarInterval
from escalation.worktime import Interval, WorkingHours


def hours_of(calendar: Calendar) -> WorkingHours:
    """One query for the intervals unless they are prefetched; WorkTimeError when they make no sense."""
    if calendar.always_open:
        return WorkingHours(calendar.time_zone, always_open=True)
    return WorkingHours(calendar.time_zone, weekly=_weekly(calendar.intervals.all()))


class CalendarBook(dict[int, WorkingHours]):
    """Working hours by calendar id: looked up once each, for whoever reckons with many clocks."""

    def __missing__(self, calendar_id: int) -> WorkingHours:
        hours = hours_of(Calendar.objects.get(pk=calendar_id))
        self[calendar_id] = hours
        return hours


def _weekly(intervals: Iterable[CalendarInterval]) -> list[list[Interval]]:
    weekly: list[list[Interval]] = [[] for _day in range(7)]
    for interval in intervals:
        weekly[interval.weekday].append(interval.minutes)
    return weekly

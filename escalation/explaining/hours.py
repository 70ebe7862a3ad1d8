"""The working hours behind a promise, as facts and in words."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from django.utils.translation import gettext as _

from escalation.explaining.facts import Hours, OtherDay
from escalation.models import Clock
from escalation.working_time.due_time import Interval, WorkingHours
from escalation.working_time.validation import WEEKDAYS, zone_named

MINUTES_A_DAY = 24 * 60


def hours_told(clock: Clock, hours: WorkingHours) -> Hours:
    """The week, and of the single days only those between the start and the due time."""
    zone = zone_named(hours.zone)
    first, last = clock.started_at.astimezone(zone).date(), clock.due_at.astimezone(zone).date()
    days = sorted(day for day in hours.exceptions if first <= day <= last)
    return Hours(
        name=clock.calendar.name,
        version=clock.calendar_version,
        time_zone=zone.key,
        always_open=hours.always_open,
        weekly=tuple(map(_spans, hours.weekly)),
        other_days=tuple(OtherDay(day.isoformat(), _spans(hours.exceptions[day])) for day in days),
    )


def _spans(intervals: Sequence[Interval]) -> tuple[str, ...]:
    return tuple(f"{_clock(start)}-{_clock(end)}" for start, end in intervals)


def _clock(minute: int) -> str:
    """24:00 is the end of a day; what reaches into the next day is written as its time there."""
    if minute > MINUTES_A_DAY:
        minute -= MINUTES_A_DAY
    return f"{minute // 60:02d}:{minute % 60:02d}"


def week_told(hours: Hours) -> Iterator[str]:
    """``Monday to Friday 09:00-18:00``, days of the same hours together."""
    if hours.always_open:
        yield _("around the clock")
        return
    numbered = enumerate(hours.weekly)
    for spans, days in groupby(numbered, key=lambda day: day[1]):
        numbers = [number for number, _spans in days]
        if spans:
            yield f"{_named(numbers[0], numbers[-1])} {', '.join(spans)}"


def _named(first: int, last: int) -> str:
    if first == last:
        return str(WEEKDAYS[first])
    return _("%(first)s to %(last)s") % {"first": WEEKDAYS[first], "last": WEEKDAYS[last]}


def day_told(day: OtherDay) -> str:
    hours = ", ".join(day.intervals) or _("closed")
    return f"{day.day} {hours}"

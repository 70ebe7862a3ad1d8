"""Checks working hours: each rule that refuses a calendar names the fault in a sentence."""

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import pairwise
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

MINUTES_A_DAY = 24 * 60
WEEKDAYS = (
    gettext_lazy("Monday"),
    gettext_lazy("Tuesday"),
    gettext_lazy("Wednesday"),
    gettext_lazy("Thursday"),
    gettext_lazy("Friday"),
    gettext_lazy("Saturday"),
    gettext_lazy("Sunday"),
)

Interval = tuple[int, int]


class WorkTimeError(ValueError):
    """Invalid working hours, or an invalid question about them; its message is for a person."""


def zone_named(zone: str | ZoneInfo) -> ZoneInfo:
    """The time zone of an IANA name. Raises WorkTimeError, which names the string, for any other."""
    if isinstance(zone, ZoneInfo):
        return zone
    try:
        return ZoneInfo(zone)
    except (KeyError, ValueError, OSError) as error:  # OSError: "Europe" is a folder of the zone database
        raise WorkTimeError(
            _("There is no time zone named “%(zone)s”; write it like Europe/Berlin.") % {"zone": zone}
        ) from error


def checked_week(weekly: Sequence[Sequence[Interval]]) -> tuple[tuple[Interval, ...], ...]:
    """The seven days sorted. Refuses an invalid day, an overlap into the next day, and a week without working time."""
    if len(weekly) != len(WEEKDAYS):
        raise WorkTimeError(
            _("A week has seven days from Monday to Sunday, not %(count)s.") % {"count": len(weekly)}
        )
    week = tuple(checked_day(day, name) for day, name in zip(weekly, WEEKDAYS, strict=True))
    if not any(week):
        raise WorkTimeError(_("These working hours contain no working time in any week."))
    for index, name in enumerate(WEEKDAYS):
        _refuse_reaching_over(week[index], week[(index + 1) % 7], name)
    return week


def checked_exceptions(exceptions: Mapping[date, Sequence[Interval]]) -> dict[date, tuple[Interval, ...]]:
    return {day: checked_day(intervals, day.isoformat()) for day, intervals in exceptions.items()}


def checked_day(intervals: Sequence[Interval], name: object) -> tuple[Interval, ...]:
    """One day's intervals sorted; `name` is the day's name in an error."""
    day = tuple(sorted((int(start), int(end)) for start, end in intervals))
    for interval in day:
        _refuse_misshapen(interval, name)
    for first, second in pairwise(day):
        if second[0] < first[1]:
            raise WorkTimeError(
                _("%(day)s: %(first)s and %(second)s overlap.")
                % {"day": name, "first": interval_in_words(first), "second": interval_in_words(second)}
            )
    return day


def _refuse_misshapen(interval: Interval, name: object) -> None:
    start, end = interval
    words = {"day": name, "interval": interval_in_words(interval)}
    if not 0 <= start < MINUTES_A_DAY:
        raise WorkTimeError(_("%(day)s: %(interval)s must start between 00:00 and 23:59.") % words)
    if end <= start:
        words["later"] = _time_of_day(end + MINUTES_A_DAY)
        raise WorkTimeError(
            _("%(day)s: %(interval)s ends before it starts; an end on the next day is written as %(later)s.")
            % words
        )
    if end - start > MINUTES_A_DAY:
        raise WorkTimeError(_("%(day)s: %(interval)s is longer than a day.") % words)


def _refuse_reaching_over(day: Sequence[Interval], following: Sequence[Interval], name: object) -> None:
    """Refuse an interval over midnight that runs into the next day's first one."""
    if day and following and day[-1][1] - MINUTES_A_DAY > following[0][0]:
        raise WorkTimeError(
            _("%(day)s: %(interval)s reaches into %(next)s of the next day.")
            % {"day": name, "interval": interval_in_words(day[-1]), "next": interval_in_words(following[0])}
        )


def interval_in_words(interval: Interval) -> str:
    return f"{_time_of_day(interval[0])}-{_time_of_day(interval[1])}"


def _time_of_day(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"

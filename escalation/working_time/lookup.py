"""Looks up the working hours of a calendar or of one of its versions.

Parsing a definition costs a hundred times as much as a due time, so hours are cached by the text of the definition.
"""

from functools import lru_cache

from escalation.models import Calendar, CalendarVersion
from escalation.working_time.definitions import from_json
from escalation.working_time.due_time import WorkingHours, WorkTimeError


def hours_of(calendar: Calendar) -> WorkingHours:
    """The calendar's present hours. No query. Raises WorkTimeError if it has none."""
    return hours_from(calendar.definition)


def hours_of_version(calendar: Calendar, number: int) -> WorkingHours:
    """The hours in one version of the calendar, such as a clock's. No query for the newest."""
    if number == calendar.version:
        return hours_of(calendar)
    if number < calendar.version:
        return hours_from(_superseded(calendar.pk, number))
    return hours_from(_definition(calendar.pk, number))


class HoursByVersion(dict[tuple[int, int], WorkingHours]):
    """Working hours by calendar id and version, each looked up once: for code that handles many clocks."""

    def __missing__(self, key: tuple[int, int]) -> WorkingHours:
        self[key] = hours_from(_definition(*key))
        return self[key]


@lru_cache(maxsize=256)
def hours_from(definition: str) -> WorkingHours:
    """The hours that a definition's JSON describes."""
    if not definition:
        raise WorkTimeError("The calendar has no hours: it was not written by its service.")
    return from_json(definition).hours()


@lru_cache(maxsize=1024)
def _superseded(calendar_id: int, number: int) -> str:
    """The definition of an older version, which is committed and never changes."""
    return _definition(calendar_id, number)


def _definition(calendar_id: int, number: int) -> str:
    version = CalendarVersion.objects.only("definition").get(calendar=calendar_id, number=number)
    return version.definition


def forget_versions() -> None:
    """Empty the cache: for tests, whose rows are rolled back and whose numbers are reused."""
    _superseded.cache_clear()

"""Changes calendars. Each change makes a version; impossible hours are refused; running promises keep their version."""

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from customers.errors import DeskError
from escalation.models import Calendar, CalendarVersion
from escalation.working_time.definitions import CalendarDefinition, as_json, from_json, with_holidays
from escalation.working_time.due_time import WorkTimeError

CURRENT = ["time_zone", "always_open", "country", "subdivision", "definition", "version"]


def create_calendar(
    *, name: str, definition: CalendarDefinition, actor: User | None, at: datetime
) -> Calendar:
    """Create a calendar with its first version. Raises DeskError for invalid hours."""
    with transaction.atomic():
        calendar = Calendar.objects.create(name=name)
        revise_calendar(calendar=calendar, definition=definition, actor=actor, at=at)
    return calendar


@transaction.atomic
def revise_calendar(
    *, calendar: Calendar, definition: CalendarDefinition, actor: User | None, at: datetime
) -> CalendarVersion:
    """Put a definition into force from ``at`` (UTC) on, as the calendar's next version. Locks the calendar.

    Holidays are looked up again. A definition equal to the one in force makes no version. Running promises
    keep their due times. Raises DeskError for invalid hours.
    """
    locked = Calendar.objects.select_for_update().get(pk=calendar.pk)
    complete = checked_definition(definition, at)
    text = as_json(complete)
    if text == locked.definition:
        return locked.versions.get(number=locked.version)
    calendar.version = locked.version + 1
    calendar.definition = text
    calendar.time_zone, calendar.always_open = complete.zone, complete.always_open
    calendar.country, calendar.subdivision = complete.country, complete.subdivision
    calendar.save(update_fields=CURRENT)
    return CalendarVersion.objects.create(
        calendar=calendar, number=calendar.version, definition=text, created_at=at, created_by=actor
    )


def checked_definition(definition: CalendarDefinition, at: datetime) -> CalendarDefinition:
    """The definition with the holidays of the years around ``at`` (UTC). Raises DeskError, which names its fault."""
    try:
        return with_holidays(definition, at.year)
    except WorkTimeError as error:
        raise DeskError(str(error)) from error


def refresh_holidays(*, at: datetime) -> list[CalendarVersion]:
    """Make a new version of each calendar whose holidays are new or changed in the library; return those versions."""
    renewed = []
    for calendar in Calendar.objects.filter(always_open=False).exclude(country=""):
        before = calendar.version
        version = revise_calendar(
            calendar=calendar, definition=from_json(calendar.definition), actor=None, at=at
        )
        if version.number != before:
            renewed.append(version)
    return renewed

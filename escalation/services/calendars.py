"""Changes of calendars. Working hours that make no sense are refused; each change raises the version."""

from django.db import transaction
from django.db.models import F

from customers.errors import DeskError
from escalation.calendars import hours_of
from escalation.models import Calendar
from escalation.worktime import WorkTimeError


@transaction.atomic
def calendar_changed(*, calendar: Calendar) -> Calendar:
    """Call it in the transaction that wrote the calendar or its intervals. Raises DeskError on hours without sense.

    Running promises keep their due times; the version on their record tells which hours they were reckoned with.
    """
    locked = Calendar.objects.select_for_update().get(pk=calendar.pk)
    try:
        hours_of(locked)
    except WorkTimeError as error:
        raise DeskError(str(error)) from error
    Calendar.objects.filter(pk=calendar.pk).update(version=F("version") + 1)
    calendar.refresh_from_db(fields=["version"])
    return calendar

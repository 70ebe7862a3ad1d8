"""Warns if the desk's own backups are too old, or if the last could not be written or proven."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.utils.translation import gettext as _

from customers.times import rough_duration
from supportdesk.monitoring.check_results import Check, CheckResult

# A backup is late after so many times its interval: it may take hours itself, and is tried again every hour.
LATE = 1.5


def backup_warnings(
    *, now: datetime, good_at: datetime | None, failed_at: datetime | None, reason: str, since: datetime
) -> Iterator[CheckResult]:
    """For a desk that schedules backups. ``since``: the time of the last good one, or since when there could be one."""
    if failed_at is not None and (good_at is None or failed_at > good_at):
        yield CheckResult(Check.BACKUP, _("The last backup failed: %(reason)s") % {"reason": reason})
    elif now - since > LATE * timedelta(hours=settings.BACKUP_HOURS):
        yield CheckResult(Check.BACKUP, _late(good_at, now))


def _late(good_at: datetime | None, now: datetime) -> str:
    if good_at is None:
        return _("No backup has been made yet. Check the queue, or run manage.py backup.")
    return _("The last backup is %(age)s old. Check the queue, or run manage.py backup.") % {
        "age": rough_duration(now - good_at)
    }

"""The backups that the desk makes by itself: when one is due, and what became of the last."""

import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings

from escalation.enforcement.heartbeats import beat
from escalation.models import Heartbeat
from supportdesk.backup.bucket_backups import BucketBackups, is_bucket
from supportdesk.backup.making import BackupReport, size_of_last
from tickets.lib.free_space import MEGABYTE

BACKUP = (
    "backup"  # heartbeat of the last backup that was written and proven; its time is that of the rows in it
)
BACKUP_FAILED = "backup-failed"  # and of the last that was not, with the reason
# The task looks once an hour, not to the second: the backup of each day starts in the same hour.
TOLERANCE = timedelta(minutes=30)


def is_due(*, now: datetime) -> bool:
    """True if backups are scheduled and the last good one is BACKUP_HOURS old."""
    if not settings.BACKUP_FOLDER:
        return False
    last = Heartbeat.objects.filter(name=BACKUP).values_list("at", flat=True).first()
    return last is None or now - last >= timedelta(hours=settings.BACKUP_HOURS) - TOLERANCE


def start_backup() -> "subprocess.Popen[bytes]":
    """Start `manage.py backup` beside the queue, because it may take longer than a task may. It records its result."""
    return subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, str(settings.BASE_DIR / "manage.py"), "backup"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # it goes on when the queue is stopped or restarted
    )


def room_for_next(place: str) -> int:
    """The bytes that must be free before another backup begins: as many as the last has, and the desk's reserve."""
    last = BucketBackups(place).size_of_last() if is_bucket(place) else size_of_last(Path(place).resolve())
    return last + settings.DISK_LEAST_MB * MEGABYTE


def record_backup(report: BackupReport, *, at: datetime) -> None:
    lost = len(report.missing)
    beat(BACKUP, at=at, detail=f"rows={report.manifest.rows} files={report.files} missing={lost}")


def record_failed_backup(reason: str, *, at: datetime) -> None:
    beat(BACKUP_FAILED, at=at, detail=reason)

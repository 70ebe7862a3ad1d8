"""Health knows whether the desk's own backups are there and proven."""

from datetime import timedelta

import pytest
from django.db.migrations.recorder import MigrationRecorder

from supportdesk.backup.scheduled import BACKUP, BACKUP_FAILED
from supportdesk.monitoring.check_results import Check
from supportdesk.monitoring.health import health
from supportdesk.monitoring.heartbeat_wording import heartbeat_in_words
from tests.factories import NOW, HeartbeatFactory

HOUR = timedelta(hours=1)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _scheduled(settings):
    settings.BACKUP_FOLDER = "/backup/desk"


def warned(now=NOW):
    return [found.text for found in health(now=now).warnings if found.check is Check.BACKUP]


@pytest.mark.parametrize(("age", "texts"), [
    (36, []), (37, ["The last backup is 37 h old. Check the queue, or run manage.py backup."]),
])  # fmt: skip
def test_a_backup_is_late_after_one_and_a_half_intervals(age, texts):
    HeartbeatFactory(name=BACKUP, at=NOW - age * HOUR)
    assert warned() == texts


def test_a_new_desk_has_time_for_its_first():
    MigrationRecorder.Migration.objects.update(applied=NOW - 37 * HOUR)
    assert warned() == ["No backup has been made yet. Check the queue, or run manage.py backup."]
    assert warned(now=NOW - 2 * HOUR) == []


def test_a_failure_is_told_until_one_succeeds():
    HeartbeatFactory(name=BACKUP, at=NOW - 2 * HOUR)
    HeartbeatFactory(name=BACKUP_FAILED, at=NOW - HOUR, detail="No space left on device.")
    assert warned() == ["The last backup failed: No space left on device."]
    HeartbeatFactory._meta.model.objects.filter(name=BACKUP).update(at=NOW)
    assert warned() == []


def test_a_desk_that_schedules_none_is_told_nothing(settings):
    settings.BACKUP_FOLDER = ""
    HeartbeatFactory(name=BACKUP_FAILED, at=NOW - HOUR, detail="No space left on device.")
    MigrationRecorder.Migration.objects.update(applied=NOW - 370 * HOUR)
    assert warned() == []


def test_what_a_backup_holds_is_put_into_words():
    assert heartbeat_in_words(BACKUP, "rows=12 files=3 missing=0") == "12 rows and 3 files, proven"
    assert (
        heartbeat_in_words(BACKUP, "rows=12 files=3 missing=2")
        == "12 rows and 3 files, proven, 2 files were missing"
    )
    assert heartbeat_in_words(BACKUP, "as before") == "as before"

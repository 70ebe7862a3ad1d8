"""The desk's own backups: when one is started, and what is recorded of it."""

import fcntl
import os
import signal
from datetime import timedelta
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from escalation.models import Heartbeat
from supportdesk import tasks
from supportdesk.backup import making, scheduled
from supportdesk.backup.making import complete_backups
from supportdesk.backup.scheduled import BACKUP, BACKUP_FAILED, is_due
from supportdesk.backup.verifying import verify_backup
from supportdesk.management.commands import backup as command
from tests.factories import NOW, HeartbeatFactory
from tests.wholedesks import desk_in
from tickets.lib.free_space import MEGABYTE

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def folder(settings, tmp_path, monkeypatch):
    """Backups are scheduled into this folder; the tests go on at their own pace, and end when they are told to."""
    monkeypatch.setattr(os, "nice", lambda _steps: None)
    settings.BACKUP_FOLDER = str(tmp_path / "kept")
    before = signal.getsignal(signal.SIGTERM)
    yield tmp_path / "kept"
    signal.signal(signal.SIGTERM, before)


def test_nothing_is_due_without_a_folder(settings):
    settings.BACKUP_FOLDER = ""
    assert not is_due(now=NOW)


def test_the_first_is_due_at_once():
    assert is_due(now=NOW)


@pytest.mark.parametrize(("age", "due"), [(23.49, False), (23.5, True), (30, True)])
def test_the_next_is_due_in_the_same_hour_of_the_next_day(age, due):
    HeartbeatFactory(name=BACKUP, at=NOW - age * HOUR)
    assert is_due(now=NOW) is due


def test_the_interval_is_a_setting(settings):
    settings.BACKUP_HOURS = 6
    HeartbeatFactory(name=BACKUP, at=NOW - 5.5 * HOUR)
    assert is_due(now=NOW)


@pytest.fixture
def started(monkeypatch):
    """The commands of processes that were started, instead of starting them."""
    commands = []

    class Started:
        pid = 17

        def __init__(self, command, **_options):
            commands.append(command[1:])

    monkeypatch.setattr(scheduled.subprocess, "Popen", Started)
    return commands


def test_the_task_starts_a_process_of_its_own_if_one_is_due(started, settings, frozen):
    assert tasks.back_up() == "started 17"
    assert started == [[str(settings.BASE_DIR / "manage.py"), "backup"]]


def test_the_task_starts_nothing_otherwise(started, frozen):
    HeartbeatFactory(name=BACKUP, at=NOW)
    assert tasks.back_up() == "not due"
    assert started == []


def backed_up_as_scheduled(database):
    with desk_in(database):
        call_command("backup", stdout=(out := StringIO()))
    return out.getvalue()


def test_a_proven_backup_is_recorded_and_older_ones_are_removed(
    lived_in, folder, settings, quick_tables, frozen
):
    settings.BACKUP_KEEP = 2
    for _day in range(3):
        frozen.shift(timedelta(days=1))
        out = backed_up_as_scheduled(lived_in)
    assert [path.name for path in sorted(folder.glob("desk-*"))] == [
        "desk-20261120T120000Z",
        "desk-20261121T120000Z",
    ]
    assert "Removed older backups: 1\n" in out
    with desk_in(lived_in):
        beat = Heartbeat.objects.get(name=BACKUP)
        assert not Heartbeat.objects.filter(name=BACKUP_FAILED).exists()
    assert beat.at == NOW + timedelta(days=3)
    assert beat.detail.endswith(" files=1 missing=0")


def test_one_that_cannot_be_written_is_recorded_with_its_reason(lived_in, folder, frozen):
    folder.write_text("no folder")
    with pytest.raises(CommandError, match="cannot be written"):
        backed_up_as_scheduled(lived_in)
    with desk_in(lived_in):
        beat = Heartbeat.objects.get(name=BACKUP_FAILED)
        assert not Heartbeat.objects.filter(name=BACKUP).exists()
    assert beat.at == NOW
    assert beat.detail.startswith(f"The backup cannot be written to {folder}: File exists.")


def test_one_that_cannot_be_proven_is_recorded_and_removes_none(
    lived_in, folder, settings, quick_tables, frozen, monkeypatch
):
    settings.BACKUP_KEEP = 1
    backed_up_as_scheduled(lived_in)
    frozen.shift(timedelta(days=1))
    monkeypatch.setattr("supportdesk.backup.manifest.sha256_of", lambda _path: "another")
    with pytest.raises(CommandError, match="is damaged"):
        backed_up_as_scheduled(lived_in)
    assert [path.name for path in folder.iterdir() if path.is_dir()] == ["desk-20261118T120000Z"]
    with desk_in(lived_in):
        assert "is damaged" in Heartbeat.objects.get(name=BACKUP_FAILED).detail


def test_one_whose_proof_was_killed_is_none_and_is_removed_by_the_next(
    lived_in, folder, quick_tables, frozen, monkeypatch
):
    names = []

    def look(backup, **_options):
        names.append(sorted(path.name for path in folder.iterdir() if path.is_dir()))
        return verify_backup(backup, **_options)

    monkeypatch.setattr(command, "verify_backup", look)
    (folder / ".unfinished-desk-20261117T120000Z").mkdir(parents=True)
    backed_up_as_scheduled(lived_in)
    assert names == [[".unfinished-desk-20261118T120000Z"]]
    assert [path.name for path in complete_backups(folder)] == ["desk-20261118T120000Z"]


def test_one_that_is_stopped_while_it_is_proven_leaves_nothing(
    lived_in, folder, quick_tables, frozen, monkeypatch
):
    """A scratch database with all rows in plain text is among what must not stay."""
    before, scratch = signal.getsignal(signal.SIGTERM), []

    def stop(*_migrations):
        scratch.append(Path(connection.settings_dict["NAME"]).parent)
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr("supportdesk.backup.verifying.migrate_to", stop)
    try:
        with pytest.raises(SystemExit, match=str(128 + signal.SIGTERM)):
            backed_up_as_scheduled(lived_in)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert [path for path in folder.iterdir() if path.is_dir()] == []
    assert [path.exists() for path in scratch] == [False]


def test_none_is_begun_without_room_for_one_like_the_last(
    lived_in, folder, settings, quick_tables, frozen, monkeypatch
):
    backed_up_as_scheduled(lived_in)
    (folder / ".unfinished-desk-20261117T120000Z").mkdir()
    settings.DISK_LEAST_MB = 200
    size = sum(path.stat().st_size for path in complete_backups(folder)[0].rglob("*") if path.is_file())
    frozen.shift(timedelta(days=1))
    room = SimpleNamespace(free=200 * MEGABYTE + size - 1)
    monkeypatch.setattr(making.shutil, "disk_usage", lambda _folder: room)
    with pytest.raises(CommandError, match=r"No backup was begun: .* has 200 MB free"):
        backed_up_as_scheduled(lived_in)
    with desk_in(lived_in):
        assert Heartbeat.objects.get(name=BACKUP_FAILED).detail.startswith("No backup was begun")
    assert [path.name for path in folder.iterdir() if path.is_dir()] == ["desk-20261118T120000Z"]
    room.free += 1
    backed_up_as_scheduled(lived_in)
    assert len(complete_backups(folder)) == 2


def test_a_fault_of_the_desk_is_recorded_too(lived_in, folder, monkeypatch, frozen):
    def fail(_desk):
        raise RuntimeError("no such thing")

    monkeypatch.setattr("supportdesk.backup.making.named_files", fail)
    with pytest.raises(CommandError, match="no such thing"):
        backed_up_as_scheduled(lived_in)
    with desk_in(lived_in):
        assert Heartbeat.objects.get(name=BACKUP_FAILED).detail == "no such thing"


def test_one_that_still_runs_is_no_failure(lived_in, folder, frozen):
    folder.mkdir()
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(CommandError, match="Another backup"):
            backed_up_as_scheduled(lived_in)
    with desk_in(lived_in):
        assert not Heartbeat.objects.filter(name=BACKUP_FAILED).exists()


def test_without_a_folder_the_command_asks_for_one(settings):
    settings.BACKUP_FOLDER = ""
    with pytest.raises(CommandError, match="Name a folder, or set BACKUP_FOLDER"):
        call_command("backup")

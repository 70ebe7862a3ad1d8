"""The timetable: rows follow the code, and Monday eight o'clock is the desk's, summer and winter."""

from datetime import UTC, datetime, timedelta
from importlib import import_module
from zoneinfo import ZoneInfo

import pytest
from django_q.models import Schedule

from supportdesk.schedules import TIMETABLE, SyncReport, sync_schedules
from tests.factories import NOW

pytestmark = pytest.mark.django_db

NAMES = [entry.name for entry in TIMETABLE]


@pytest.fixture(autouse=True)
def at_now(frozen):
    """The queue itself reads the time when a row of it is made."""
    return frozen.move_to


@pytest.fixture
def synced():
    Schedule.objects.all().delete()
    return sync_schedules(now=NOW)


def absences_row() -> Schedule:
    return Schedule.objects.get(name="absences")


def test_missing_schedules_are_created_and_minute_tasks_run_at_once(synced):
    assert synced == SyncReport(created=NAMES)
    assert synced.changed
    assert set(Schedule.objects.values_list("name", flat=True)) == set(NAMES)
    row = absences_row()
    assert (row.func, row.minutes, row.repeats, row.next_run) == (
        "escalation.tasks.follow_absences",
        1,
        -1,
        NOW,
    )


def test_a_second_sync_changes_nothing(synced):
    report = sync_schedules(now=NOW + timedelta(hours=1))
    assert report == SyncReport()
    assert not report.changed


@pytest.mark.parametrize(
    "edit",
    [
        {"args": "this does not evaluate"},
        {"kwargs": "{'now': }"},
        {"hook": "os.abort"},
        {"func": "os.abort"},
        {"minutes": 1000},
        {"schedule_type": Schedule.ONCE},
        {"schedule_type": Schedule.CRON, "cron": "not a cron"},
        {"repeats": 0},
        {"repeats": 3},
        {"cluster": "elsewhere"},
        {"intended_date_kwarg": "when"},
        {"next_run": None},
        {"next_run": NOW + timedelta(minutes=2)},
        {"next_run": datetime(2999, 1, 1, tzinfo=UTC)},
        {"next_run": datetime(1970, 1, 1, tzinfo=UTC)},
    ],
    ids=str,
)
def test_a_row_edited_by_hand_is_repaired_and_runs_at_once(synced, edit):
    as_it_was = Schedule.objects.filter(name="absences").values().get()
    Schedule.objects.filter(name="absences").update(**edit)
    assert sync_schedules(now=NOW) == SyncReport(repaired=["absences"])
    assert Schedule.objects.filter(name="absences").values().get() == as_it_was


@pytest.mark.parametrize("minutes", [-60, 0, 1])
def test_a_schedule_that_is_due_or_next_is_left_alone(synced, minutes):
    Schedule.objects.filter(name="absences").update(next_run=NOW + timedelta(minutes=minutes))
    assert not sync_schedules(now=NOW).changed


def test_a_nightly_run_missed_during_an_outage_stays_due(synced):
    last_week = NOW - timedelta(days=8)
    Schedule.objects.filter(name="verify-ledger").update(next_run=last_week)
    assert not sync_schedules(now=NOW).changed


@pytest.mark.parametrize("name", ["", None, "weekly report"])
def test_schedules_the_desk_does_not_define_are_deleted(synced, name):
    Schedule.objects.create(name=name, func="print", args="(", next_run=NOW)
    report = sync_schedules(now=NOW)
    assert len(report.removed) == 1
    assert Schedule.objects.count() == len(NAMES)


def test_of_two_schedules_of_one_name_one_is_deleted(synced):
    twin = absences_row()
    twin.pk = None
    twin.save()
    assert sync_schedules(now=NOW) == SyncReport(removed=["absences"])


@pytest.mark.parametrize(
    ("zone", "now", "first"),
    [
        # across both changes of the clocks where there are any
        ("Asia/Shanghai", datetime(2026, 11, 18, 12, tzinfo=UTC), datetime(2026, 11, 18, 19, 30, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2026, 10, 24, 12, tzinfo=UTC), datetime(2026, 10, 25, 2, 30, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 3, 7, 12, tzinfo=UTC), datetime(2026, 3, 8, 7, 30, tzinfo=UTC)),
        # one minute before and at half past three
        ("Asia/Shanghai", datetime(2026, 11, 22, 19, 29, tzinfo=UTC), datetime(2026, 11, 22, 19, 30, tzinfo=UTC)),
        ("Asia/Shanghai", datetime(2026, 11, 22, 19, 30, tzinfo=UTC), datetime(2026, 11, 23, 19, 30, tzinfo=UTC)),
    ],
)  # fmt: skip
def test_the_ledger_is_checked_at_half_past_three_of_the_desks_zone(
    monkeypatch, settings, at_now, zone, now, first
):
    settings.TIME_ZONE = zone
    monkeypatch.setattr(
        "django_q.conf.Conf.TIME_ZONE", zone
    )  # the queue takes it from the settings at its start
    at_now(now)
    sync_schedules(now=now)
    row = Schedule.objects.get(name="verify-ledger")
    assert row.next_run == first
    local = row.next_run.astimezone(ZoneInfo(zone))
    assert (local.hour, local.minute) == (3, 30)
    assert row.calculate_next_run() == first


@pytest.mark.parametrize("entry", TIMETABLE, ids=lambda entry: entry.name)
def test_every_function_of_the_timetable_exists(entry):
    module, _dot, name = entry.func.rpartition(".")
    assert callable(getattr(import_module(module), name))


def test_the_sweep_waits_in_no_queue():
    """Nor does a queue of an earlier release keep its row for long."""
    Schedule.objects.create(name="sweep", func="supportdesk.tasks.enforce", next_run=NOW)
    assert "sweep" in sync_schedules(now=NOW).removed
    assert not Schedule.objects.filter(func__contains="enforce").exists()

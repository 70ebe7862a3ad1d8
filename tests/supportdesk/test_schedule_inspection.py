"""Schedule rows that are not as they should be are seen, named and repaired; the queue's own scheduler is the judge."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django_q.models import Schedule
from django_q.scheduler import scheduler

from escalation.models import Heartbeat
from supportdesk.schedule_inspection import RowStanding, inspect_schedules, repair_schedules
from supportdesk.schedules import TIMETABLE, sync_schedules
from tests.conftest import ListeningBroker
from tests.factories import NOW

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
# What stands in a row, and whether the queue's scheduler fails on it and so on every other row.
WRITTEN: list[tuple[dict[str, Any], bool]] = [
    ({"args": "this does not evaluate"}, True),
    ({"args": "("}, True),
    ({"args": "os.abort()"}, True),
    ({"kwargs": "[1]"}, True),
    ({"kwargs": "a) + (b"}, True),
    ({"kwargs": "{'q_options': 3}"}, True),
    ({"schedule_type": Schedule.CRON, "cron": "not a cron"}, True),
    ({"schedule_type": "X"}, True),
    ({"args": "1, 'two'"}, False),
    ({"kwargs": "{'now': }"}, False),
    ({"kwargs": "a=1"}, False),
    ({"func": "no.such.thing"}, False),
    ({"minutes": 5}, False),
    ({"schedule_type": Schedule.ONCE, "repeats": 1}, False),
]


@pytest.fixture(autouse=True)
def rows(frozen: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """And a scheduler that leaves the test its connection."""
    monkeypatch.setattr("django_q.scheduler.close_old_django_connections", lambda: None)
    Schedule.objects.all().delete()
    sync_schedules(now=NOW)


def standings(now: datetime = NOW) -> dict[str, RowStanding]:
    return {row.name: row.standing for row in inspect_schedules(now=now)}


def not_in_order() -> dict[str, RowStanding]:
    return {name: standing for name, standing in standings().items() if standing is not RowStanding.OK}


def add_foreign_row(**fields: Any) -> Schedule:
    row = Schedule.objects.create(
        name="weekly report", func="print", schedule_type="I", minutes=1, next_run=NOW
    )
    Schedule.objects.filter(pk=row.pk).update(**fields)
    return row


def test_freshly_synced_schedule_rows_are_in_order() -> None:
    assert standings() == {entry.name: RowStanding.OK for entry in TIMETABLE}


@pytest.mark.parametrize(("fields", "breaks"), WRITTEN, ids=str)
def test_a_row_that_stops_the_queues_scheduler_counts_as_malformed(
    fields: dict[str, Any], breaks: bool, queued: ListeningBroker
) -> None:
    Schedule.objects.update(next_run=NOW - MINUTE)
    add_foreign_row(next_run=NOW - MINUTE, **fields)
    assert not_in_order() == {"weekly report": RowStanding.MALFORMED if breaks else RowStanding.FOREIGN}
    assert schedules_stand_still(queued) is breaks


def schedules_stand_still(queued: ListeningBroker) -> bool:
    """Let the queue's scheduler look at rows that are due. Its transaction takes back all of them or none."""
    scheduler(broker=queued)  # type: ignore[arg-type]
    return Schedule.objects.get(name="deliver-mail").next_run <= NOW


@pytest.mark.parametrize(
    ("fields", "standing"),
    [
        ({"args": "this does not evaluate"}, RowStanding.MALFORMED),
        ({"func": "os.abort"}, RowStanding.EDITED),
        ({"repeats": 0}, RowStanding.EDITED),
        ({"next_run": None}, RowStanding.EDITED),
        ({"next_run": NOW - timedelta(days=2)}, RowStanding.EDITED),
        ({"next_run": NOW - 2 * MINUTE}, RowStanding.OK),
        ({"next_run": NOW - 2 * MINUTE - timedelta(seconds=1)}, RowStanding.LATE),
        ({"next_run": NOW + MINUTE + timedelta(seconds=30)}, RowStanding.OK),
    ],
    ids=str,
)
def test_a_row_of_the_timetable_is_judged_in_order_late_edited_or_malformed(
    fields: dict[str, Any], standing: RowStanding
) -> None:
    Schedule.objects.filter(name="absences").update(**fields)
    assert standings()["absences"] is standing


def test_a_row_that_is_missing_and_a_twin_are_seen() -> None:
    Schedule.objects.get(name="absences").delete()
    twin = Schedule.objects.get(name="fetch-mail")
    twin.pk = None
    twin.save()
    standing_of_rows = [(row.name, row.standing) for row in inspect_schedules(now=NOW)]
    assert ("absences", RowStanding.MISSING) in standing_of_rows
    assert standing_of_rows[-1] == ("fetch-mail", RowStanding.FOREIGN)


def test_a_malformed_row_is_repaired_and_the_queues_scheduler_runs_again(queued: ListeningBroker) -> None:
    Schedule.objects.update(next_run=NOW - MINUTE)
    Schedule.objects.filter(name="fetch-mail").update(args="this does not evaluate")
    add_foreign_row(next_run=NOW - MINUTE, args="(")
    assert schedules_stand_still(queued)
    report = repair_schedules(now=NOW)
    assert (report.repaired, report.removed) == (["fetch-mail"], ["weekly report"])
    assert Heartbeat.objects.get(name="schedules").detail == "repaired fetch-mail; removed weekly report"
    assert not schedules_stand_still(queued)


def test_repairing_schedules_that_are_in_order_locks_and_writes_nothing(
    count_queries: Callable[[Callable[[], Any]], int],
) -> None:
    assert count_queries(lambda: repair_schedules(now=NOW)) == 1
    assert not Heartbeat.objects.filter(name="schedules").exists()


def test_a_late_row_is_left_to_the_queue() -> None:
    Schedule.objects.filter(name="absences").update(next_run=NOW - 10 * MINUTE)
    assert not repair_schedules(now=NOW).changed

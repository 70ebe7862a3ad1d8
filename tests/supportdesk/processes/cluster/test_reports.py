"""What a cluster writes about itself."""

from datetime import datetime, timedelta

import pytest
import time_machine
from django.db import OperationalError
from django_q.models import OrmQ

from supportdesk.models import Cluster
from supportdesk.processes.cluster.cluster_name import key_mark
from supportdesk.processes.cluster.reports import (
    WorkMark,
    register_cluster,
    report_alive,
    report_swept,
    unregister_cluster,
)
from tests.factories import ClusterFactory

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def in_own_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_CLUSTER", "here:1")


def names() -> set[str]:
    return set(Cluster.objects.values_list("name", flat=True))


def test_a_new_cluster_replaces_the_row_of_a_dead_one_on_its_host(now: datetime) -> None:
    ClusterFactory(name="here:0", seen_at=now - 61 * SECOND)
    ClusterFactory(name="here:2", seen_at=now - 60 * SECOND)
    ClusterFactory(name="there:1", seen_at=now - timedelta(minutes=60))
    ClusterFactory(name="gone:1", seen_at=now - timedelta(minutes=61))
    register_cluster(now=now)
    assert names() == {"here:1", "here:2", "there:1"}


def test_a_cluster_that_died_a_moment_before_its_successor_began_is_forgotten_within_minutes(
    now: datetime,
) -> None:
    """At the start of the new one nobody can know yet that the old one is dead."""
    ClusterFactory(name="here:0", seen_at=now - 3 * SECOND)
    register_cluster(now=now)
    kept = []
    for seconds in (50, 57, 58):
        report_alive(workers=3, busy=0, now=now + seconds * SECOND)
        kept.append("here:0" in names())
    assert kept == [True, True, False]


def test_a_second_cluster_of_a_host_that_dies_is_shown_as_gone(now: datetime) -> None:
    """The other one was there before it and does not replace it."""
    register_cluster(now=now)
    ClusterFactory(name="here:2", started_at=now, seen_at=now + 10 * SECOND)
    report_alive(workers=3, busy=0, now=now + timedelta(minutes=5))
    assert names() == {"here:1", "here:2"}


def test_other_hosts_are_tidied_up_too(now: datetime) -> None:
    ClusterFactory(name="there:1", seen_at=now - timedelta(minutes=30))
    ClusterFactory(name="there:2", started_at=now - timedelta(minutes=29), seen_at=now)
    ClusterFactory(name="gone:1", seen_at=now - timedelta(minutes=30))
    register_cluster(now=now)
    assert names() == {"here:1", "there:2", "gone:1"}


def test_a_restarted_cluster_has_neither_finished_a_task_nor_swept_yet(now: datetime) -> None:
    ClusterFactory(name="here:1", worked_at=now - SECOND, swept_at=now, started_at=now - timedelta(hours=1))
    register_cluster(now=now)
    row = Cluster.objects.get(name="here:1")
    assert (row.host, row.started_at, row.worked_at, row.key_mark) == ("here", now, None, key_mark())
    assert row.swept_at is None


def test_old_probe_tasks_are_deleted_and_other_waiting_tasks_stay(now: datetime) -> None:
    for key in ("supportdesk@gone:1", "supportdesk"):
        OrmQ.objects.create(key=key, payload="", lock=now - timedelta(hours=25))
    register_cluster(now=now)
    assert [task.key for task in OrmQ.objects.all()] == ["supportdesk"]


def test_a_report_counts_busy_workers_and_recreates_a_lost_row(now: datetime) -> None:
    report_alive(workers=3, busy=1, now=now)
    assert Cluster.objects.get().busy == 1
    report_alive(workers=3, busy=2, now=now + SECOND)
    row = Cluster.objects.get()
    assert (row.name, row.workers, row.busy, row.seen_at) == ("here:1", 3, 2, now + SECOND)


def test_a_cluster_stopped_in_order_leaves_no_row(now: datetime) -> None:
    register_cluster(now=now)
    unregister_cluster()
    assert names() == set()


def test_finished_tasks_mark_the_row_at_most_every_five_seconds(
    now: datetime, frozen: time_machine.Traveller
) -> None:
    register_cluster(now=now)
    mark = WorkMark()
    marked = []
    for _task in range(7):
        mark(sender="django_q", task={})
        marked.append(Cluster.objects.get().worked_at)
        frozen.shift(SECOND)
    assert marked == [now] * 5 + [now + 5 * SECOND] * 2


def test_a_sweep_marks_the_row_of_its_own_cluster(now: datetime) -> None:
    ClusterFactory(name="there:1")
    register_cluster(now=now)
    report_swept(now + SECOND)
    assert dict(Cluster.objects.values_list("name", "swept_at")) == {"here:1": now + SECOND, "there:1": None}


def test_a_monitor_whose_database_is_away_goes_on(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_filters: object) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(Cluster.objects, "filter", refuse)
    closed: list[str] = []
    monkeypatch.setattr(
        "supportdesk.processes.cluster.reports.connection.close", lambda: closed.append("closed")
    )
    WorkMark()(sender="django_q")
    unregister_cluster()
    assert closed == ["closed", "closed"]


def test_a_monitor_that_cannot_ask_for_the_time_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> datetime:
        raise OperationalError("gone")

    monkeypatch.setattr("supportdesk.processes.cluster.reports.time_of_record.now", refuse)
    monkeypatch.setattr("supportdesk.processes.cluster.reports.connection.close", lambda: None)
    mark = WorkMark()
    mark(sender="django_q")
    assert mark.marked_at is None

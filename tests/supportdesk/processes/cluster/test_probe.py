"""The supervisor asks its own cluster: by a task that only this one can take, and by what it says of itself."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.models import OrmQ

from supportdesk.models import Cluster
from supportdesk.processes.cluster import probe as probing
from supportdesk.processes.cluster.cluster_name import queue_of
from supportdesk.processes.cluster.probe import ClusterProbe
from supportdesk.processes.cluster.probe_task import is_worth_a_line
from supportdesk.processes.runner.parts import Liveness
from tests.factories import ClusterFactory

NAME = "here:1"
WORKED = datetime(2026, 11, 16, 8, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def pulse(monkeypatch: pytest.MonkeyPatch) -> ClusterProbe:
    """The probe, asked in the test's own thread and on its connection, with the queue of the database."""

    class Connections:
        def close_all(self) -> None:
            pass

    monkeypatch.setattr(probing, "connections", Connections())
    monkeypatch.setattr("django_q.tasks.get_broker", get_broker)
    return ClusterProbe(NAME, leaves_task=True)


@pytest.mark.django_db
def test_each_newly_finished_task_is_a_sign_of_life(pulse: ClusterProbe) -> None:
    ClusterFactory(name=NAME, worked_at=WORKED)
    assert pulse().answer is Liveness.ALIVE
    assert pulse().answer is Liveness.SILENT
    Cluster.objects.update(worked_at=WORKED + SECOND)
    assert pulse().answer is Liveness.ALIVE
    sign = pulse()
    assert (sign.answer, sign.detail) == (Liveness.SILENT, "the last task finished at 08:00:01 UTC")


@pytest.mark.django_db
def test_work_of_another_cluster_is_no_sign_of_life(pulse: ClusterProbe) -> None:
    ClusterFactory(name="there:1", worked_at=WORKED)
    sign = pulse()
    assert (sign.answer, sign.detail) == (Liveness.SILENT, "it has not started yet")


@pytest.mark.django_db
@pytest.mark.parametrize(("busy", "answer"), [(3, Liveness.ALIVE), (2, Liveness.SILENT)])
def test_a_cluster_with_all_workers_busy_is_alive_as_long_as_its_sentinel_reports(
    pulse: ClusterProbe, busy: int, answer: Liveness
) -> None:
    ClusterFactory(name=NAME, workers=3, busy=busy, seen_at=WORKED)
    assert pulse().answer is answer
    assert pulse().answer is Liveness.SILENT
    Cluster.objects.update(seen_at=WORKED + SECOND)
    assert pulse().answer is answer


@pytest.mark.django_db
def test_a_probe_task_waits_in_the_clusters_own_queue_and_is_not_queued_twice(pulse: ClusterProbe) -> None:
    pulse()
    pulse()
    (task,) = OrmQ.objects.all()
    assert task.key == queue_of(NAME) == "supportdesk@here:1"
    assert task.func() == "supportdesk.processes.cluster.probe_task.show_life"
    OrmQ.objects.update(lock=timezone.now() + timedelta(minutes=10))  # taken
    pulse()
    assert OrmQ.objects.count() == 2


@pytest.mark.django_db
def test_the_supervisors_probe_queues_no_task(pulse: ClusterProbe) -> None:
    ClusterProbe(NAME)()
    assert not OrmQ.objects.exists()


@pytest.mark.parametrize(
    ("level", "words", "kept"),
    [
        (
            logging.INFO,
            "Process-1 processing a-b 'supportdesk.processes.cluster.probe_task.show_life'",
            False,
        ),
        (logging.INFO, "Enqueued [supportdesk@here:1] 7", False),
        (logging.INFO, "Enqueued [supportdesk] 8", True),
        (logging.INFO, "Processed 'tickets.tasks.fetch_mail' (c-d)", True),
        (logging.ERROR, "Failed 'supportdesk.processes.cluster.probe_task.show_life' (a-b) - gone", True),
    ],
)
def test_probe_tasks_are_kept_out_of_the_log(level: int, words: str, kept: bool) -> None:
    record = logging.LogRecord("django-q", level, "", 0, words, None, None)
    assert is_worth_a_line(record) is kept


def test_a_database_outage_leaves_the_liveness_of_the_cluster_unknown(
    pulse: ClusterProbe, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_filters: Any) -> None:
        raise OperationalError("connection refused\nIs the server running?")

    monkeypatch.setattr(Cluster.objects, "filter", refuse)
    sign = pulse()
    assert sign.answer is Liveness.UNKNOWN
    assert sign.detail == "the database does not respond: connection refused"

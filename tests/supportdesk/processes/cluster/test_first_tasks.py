"""A cluster starts the minute tasks at once only if nobody else keeps them going."""

from datetime import datetime, timedelta

import pytest

from escalation.enforcement.heartbeats import beat
from escalation.tasks import SWEEP
from supportdesk.processes.cluster.first_tasks import must_start_tasks
from tests.factories import ClusterFactory

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def in_own_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_CLUSTER", "here:1")


def test_alone_it_starts_them_at_once_even_if_its_predecessor_swept_a_moment_ago(now: datetime) -> None:
    ClusterFactory(name="here:0", seen_at=now - SECOND)
    ClusterFactory(name="there:1", seen_at=now - 61 * SECOND)
    beat(SWEEP, at=now)
    assert must_start_tasks(began_at=now, now=now) is True


@pytest.mark.parametrize(("after", "answer"), [(0, None), (19, None), (20, True)])
def test_beside_another_host_it_listens_for_the_sweep_first(
    now: datetime, after: int, answer: bool | None
) -> None:
    beat(SWEEP, at=now - SECOND)
    ClusterFactory(name="there:1", seen_at=now)
    assert must_start_tasks(began_at=now, now=now + after * SECOND) is answer


def test_a_sweep_that_goes_on_is_left_alone(now: datetime) -> None:
    ClusterFactory(name="there:1", seen_at=now)
    beat(SWEEP, at=now + SECOND)
    assert must_start_tasks(began_at=now, now=now + 10 * SECOND) is False


def test_a_heartbeat_from_the_future_proves_nothing(now: datetime) -> None:
    beat(SWEEP, at=now + timedelta(hours=1))
    assert must_start_tasks(began_at=now, now=now + 10 * SECOND) is True

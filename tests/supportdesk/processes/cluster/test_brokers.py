"""Each cluster takes what all share and what is for it alone, never what is for another; Redis may be away."""

from datetime import datetime
from typing import Any

import pytest
import redis
from django_q.conf import Conf

from supportdesk.monitoring.check_results import Check
from supportdesk.monitoring.counts import queue_backlog
from supportdesk.monitoring.health import health
from supportdesk.processes.cluster import redis_broker
from supportdesk.processes.cluster.cluster_name import queue_of
from supportdesk.processes.cluster.orm_broker import OwnOrm
from supportdesk.processes.cluster.probe import ClusterProbe
from supportdesk.processes.cluster.redis_broker import OwnRedis, is_unreachable
from supportdesk.processes.runner.parts import Liveness
from tests.factories import ClusterFactory

SHARED = "supportdesk"


@pytest.fixture(autouse=True)
def in_own_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_CLUSTER", "here:1")
    monkeypatch.setattr(Conf, "POLL", 0)


def payloads_from(broker: OwnOrm) -> list[str]:
    return [payload for _pk, payload in broker.dequeue() or []]


@pytest.mark.django_db
def test_a_cluster_reads_its_own_queue_first_and_no_other_clusters() -> None:
    OwnOrm(SHARED).enqueue("for all")
    OwnOrm(queue_of("here:1")).enqueue("for me")
    OwnOrm(queue_of("there:1")).enqueue("for another")
    broker = OwnOrm(SHARED)
    assert [payloads_from(broker) for _poll in range(3)] == [["for me"], ["for all"], []]


@pytest.mark.django_db
def test_a_process_outside_of_a_cluster_has_no_own_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DESK_CLUSTER")
    OwnOrm(queue_of("")).enqueue("for nobody")
    assert payloads_from(OwnOrm(SHARED)) == []


def test_redis_is_asked_for_both_queues_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    requests: list[Any] = []

    class Server:
        def blpop(self, keys: list[str], seconds: int) -> tuple[bytes, bytes]:
            requests.append((keys, seconds))
            return b"key", b"task"

    monkeypatch.setattr(OwnRedis, "get_connection", staticmethod(lambda list_key=None: Server()))
    assert OwnRedis(SHARED).dequeue() == [(None, b"task")]
    assert requests == [(["django_q:supportdesk@here:1:q", "django_q:supportdesk:q"], 1)]


# ------------------------------------------------------------------------------------------------------------
# A Redis that is away


class Away:
    """A Redis that does not answer until it is `back`."""

    def __init__(self) -> None:
        self.is_back = False
        self.expiring: list[tuple[str, int]] = []

    def blpop(self, keys: list[str], seconds: int) -> tuple[bytes, bytes]:
        return b"key", self._answered(b"task")

    def ping(self) -> bool:
        return self._answered(True)

    def llen(self, key: str) -> int:
        return self._answered(0)

    def rpush(self, key: str, task: str) -> int:
        return self._answered(1)

    def expire(self, key: str, seconds: int) -> None:
        self.expiring.append((key, seconds))

    def _answered(self, value: Any) -> Any:
        if not self.is_back:
            raise redis.ConnectionError("Error 111 connecting to 127.0.0.1:6379. Connection refused.")
        return value


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Away:
    server = Away()
    settings.Q_CLUSTER = {"name": SHARED, "redis": "redis://127.0.0.1"}
    monkeypatch.setattr(redis_broker, "redis_connection", lambda answer_within: server)
    monkeypatch.setattr("supportdesk.monitoring.counts.get_broker", lambda list_key=None: OwnRedis(SHARED))
    monkeypatch.setattr(redis_broker.time, "sleep", lambda seconds: None)
    return server


def test_the_cluster_waits_for_a_redis_that_is_away_and_says_so_once(
    away: Away, caplog: pytest.LogCaptureFixture
) -> None:
    """django-q2 would end its pusher, and with it the cluster."""
    broker = OwnRedis(SHARED)
    assert [broker.dequeue() for _poll in range(3)] == [None] * 3
    assert len(caplog.records) == 1
    away.is_back = True
    assert broker.dequeue() == [(None, b"task")]


def test_redis_counts_as_unreachable_only_while_it_is_the_queue_and_away(away: Away, settings: Any) -> None:
    assert is_unreachable()
    away.is_back = True
    assert not is_unreachable()
    away.is_back, settings.Q_CLUSTER = False, {"name": SHARED, "orm": "default"}
    assert not is_unreachable()


def test_probe_tasks_for_a_dead_cluster_expire(away: Away) -> None:
    away.is_back = True
    OwnRedis(SHARED).enqueue("for all")
    OwnRedis(queue_of("here:1")).enqueue("for me")
    assert away.expiring == [("django_q:supportdesk@here:1:q", 3600)]


def test_redis_calls_time_out_within_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests and the sweep nudge the queue: a firewall that swallows everything must not hold them."""
    monkeypatch.setattr(Conf, "REDIS", "redis://:secret@127.0.0.1:6379/3")
    for connection, connect, answer in (
        (OwnRedis.get_connection(), 2.0, 3.0),
        (redis_broker.redis_connection(redis_broker.ASK_SECONDS), 1.0, 1.0),
    ):
        words = connection.connection_pool.connection_kwargs
        assert (words["socket_connect_timeout"], words["socket_timeout"]) == (connect, answer)
        assert (words["db"], words["retry"].get_retries()) == (3, 0)


@pytest.mark.django_db
def test_an_unreachable_redis_is_a_health_problem_and_breaks_no_page(away: Away, now: datetime) -> None:
    texts = [finding.text for finding in health(now=now).problems if finding.check == Check.QUEUE]
    assert texts == ["Redis does not respond. Check that it is running and that REDIS_URL is right."]
    assert queue_backlog(now=now).waiting == 0
    away.is_back = True
    assert Check.QUEUE not in [finding.check for finding in health(now=now).problems]


@pytest.mark.django_db(transaction=True)
def test_an_unreachable_redis_leaves_the_liveness_of_the_cluster_unknown(away: Away) -> None:
    ClusterFactory(name="here:1")
    sign = ClusterProbe("here:1")()
    assert (sign.answer, sign.detail) == (Liveness.UNKNOWN, "Redis does not respond")
    away.is_back = True
    assert ClusterProbe("here:1")().answer is not Liveness.UNKNOWN

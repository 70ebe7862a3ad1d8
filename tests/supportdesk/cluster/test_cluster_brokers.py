"""Each cluster takes what all share and what is for it alone, and never what is for another."""

from typing import Any

import pytest
from django_q.conf import Conf

from supportdesk.cluster.names import queue_of
from supportdesk.cluster.orm_broker import OwnOrm
from supportdesk.cluster.redis_broker import OwnRedis

SHARED = "supportdesk"


@pytest.fixture(autouse=True)
def own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_CLUSTER", "here:1")
    monkeypatch.setattr(Conf, "POLL", 0)


def taken(broker: OwnOrm) -> list[str]:
    return [payload for _pk, payload in broker.dequeue() or []]


@pytest.mark.django_db
def test_the_own_queue_comes_first_and_anothers_is_left_alone() -> None:
    OwnOrm(SHARED).enqueue("for all")
    OwnOrm(queue_of("here:1")).enqueue("for me")
    OwnOrm(queue_of("there:1")).enqueue("for another")
    broker = OwnOrm(SHARED)
    assert [taken(broker) for _poll in range(3)] == [["for me"], ["for all"], []]


@pytest.mark.django_db
def test_a_process_outside_of_a_cluster_has_no_own_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DESK_CLUSTER")
    OwnOrm(queue_of("")).enqueue("for nobody")
    assert taken(OwnOrm(SHARED)) == []


def test_redis_is_asked_for_both_queues_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    class Server:
        def blpop(self, keys: list[str], seconds: int) -> tuple[bytes, bytes]:
            asked.append((keys, seconds))
            return b"key", b"task"

    monkeypatch.setattr(OwnRedis, "get_connection", staticmethod(lambda list_key=None: Server()))
    assert OwnRedis(SHARED).dequeue() == [(None, b"task")]
    assert asked == [(["django_q:supportdesk@here:1:q", "django_q:supportdesk:q"], 1)]

"""The Redis broker of django-q2, extended to read the queue of its own cluster too; see orm_broker.py.

It waits out a short absence of Redis, on which django-q2 would end the cluster. The waits are short, because web
requests and the sweep queue tasks too.
"""

import logging
import time
from typing import Any

import redis
from django.conf import settings
from django_q.brokers import redis_broker
from django_q.conf import Conf
from redis.backoff import NoBackoff
from redis.retry import Retry

from supportdesk.processes.cluster.cluster_name import own_name, queue_of

logger = logging.getLogger(__name__)
CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 3.0  # above the one second that a worker waits for a task
ASK_SECONDS = 1.0
AGAIN_AFTER = 1.0
# How long the probe tasks of a dead cluster stay in Redis.
OWN_QUEUE_SECONDS = 3600


class OwnRedis(redis_broker.Redis):  # type: ignore[misc, name-defined]  # django-q2 uses the name twice
    is_missed = False

    def enqueue(self, task: Any) -> Any:
        length = super().enqueue(task)
        if queue_of("") in self.list_key:
            self.connection.expire(self.list_key, OWN_QUEUE_SECONDS)
        return length

    def dequeue(self) -> list[tuple[None, Any]] | None:
        own_queues = [f"django_q:{queue_of(own_name())}:q"] if own_name() else []
        try:
            task = self.connection.blpop([*own_queues, self.list_key], 1)
        except redis.RedisError as error:
            self._wait(error)
            return None
        self.is_missed = False
        return [(None, task[1])] if task else None

    def _wait(self, error: redis.RedisError) -> None:
        if not self.is_missed:
            logger.error("Redis does not answer, the cluster waits for it: %s", error)
        self.is_missed = True
        time.sleep(AGAIN_AFTER)

    @staticmethod
    def get_connection(list_key: str | None = None) -> Any:
        return redis_connection(ANSWER_SECONDS)


def redis_connection(answer_within: float) -> Any:
    """A connection that waits this many seconds for an answer and never retries."""
    return redis.Redis.from_url(
        Conf.REDIS,
        socket_connect_timeout=min(answer_within, CONNECT_SECONDS),
        socket_timeout=answer_within,
        retry=Retry(NoBackoff(), 0),
    )


def is_unreachable() -> bool:
    """True if Redis is the broker and does not answer within a second, as pages wait for it.

    With the database as broker, an unreachable queue means an unreachable database, which other checks
    report.
    """
    if "redis" not in settings.Q_CLUSTER:
        return False
    try:
        redis_connection(ASK_SECONDS).ping()
    except redis.RedisError:
        return True
    return False

"""The Redis broker of django-q2, which also looks into the queue of its own cluster; see orm_broker.py.

A Redis that is away for a moment is waited for: django-q2 would end the cluster. Waits are short, for web requests and
the sweep nudge the queue too.
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
ANSWER_SECONDS = 3.0  # above the second that a worker waits for a task
ASK_SECONDS = 1.0
AGAIN_AFTER = 1.0
# Questions to clusters that are gone stay behind for so long.
OWN_QUEUE_SECONDS = 3600


class OwnRedis(redis_broker.Redis):  # type: ignore[misc, name-defined]  # a name used twice there
    is_missed = False

    def enqueue(self, task: Any) -> Any:
        length = super().enqueue(task)
        if queue_of("") in self.list_key:
            self.connection.expire(self.list_key, OWN_QUEUE_SECONDS)
        return length

    def dequeue(self) -> list[tuple[None, Any]] | None:
        own = [f"django_q:{queue_of(own_name())}:q"] if own_name() else []
        try:
            task = self.connection.blpop([*own, self.list_key], 1)
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
    """A connection that waits so many seconds for an answer, and tries nothing twice."""
    return redis.Redis.from_url(
        Conf.REDIS,
        socket_connect_timeout=min(answer_within, CONNECT_SECONDS),
        socket_timeout=answer_within,
        retry=Retry(NoBackoff(), 0),
    )


def is_unreachable() -> bool:
    """Whether Redis is the broker and does not answer soon, for pages ask too. The queue of the database is away only
    with all the rest.
    """
    if "redis" not in settings.Q_CLUSTER:
        return False
    try:
        redis_connection(ASK_SECONDS).ping()
    except redis.RedisError:
        return True
    return False

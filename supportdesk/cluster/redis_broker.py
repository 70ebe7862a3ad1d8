"""The Redis broker of django-q2, which also looks into the queue of its own cluster; see orm_broker.py."""

from typing import Any

from django_q.brokers import redis_broker

from supportdesk.cluster.names import own_name, queue_of


class OwnRedis(redis_broker.Redis):  # type: ignore[misc, name-defined]  # a name used twice there
    def dequeue(self) -> list[tuple[None, Any]] | None:
        own = [f"django_q:{queue_of(own_name())}:q"] if own_name() else []
        task = self.connection.blpop([*own, self.list_key], 1)
        return [(None, task[1])] if task else None

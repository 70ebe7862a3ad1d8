"""Checks whether a cluster works, for its own main process and for the supervisor."""

from datetime import datetime

from django.db import Error as DatabaseFault
from django.db import connections
from django.utils.translation import gettext as _
from django_q.brokers import get_broker
from django_q.tasks import async_task

from supportdesk.models import Cluster
from supportdesk.processes.cluster.cluster_name import queue_of
from supportdesk.processes.cluster.probe_task import show_life
from supportdesk.processes.cluster.redis_broker import is_unreachable
from supportdesk.processes.runner.parts import Liveness, Sign


class ClusterProbe:
    """Alive if a task of this cluster was finished since the last probe, or if all workers are busy.

    A cluster can lose its workers, its scheduler or its lock while its processes look alive, and the sweeps
    of another host say nothing about this one. So one of the probes leaves a task in the queue of this
    cluster alone. A database or a Redis that does not answer says nothing about the cluster.
    """

    def __init__(self, name: str, *, leaves_task: bool = False) -> None:
        self.name = name
        self.leaves_task = leaves_task
        self.worked_at: datetime | None = None
        self.seen_at: datetime | None = None

    def __call__(self) -> Sign:
        try:
            cluster = Cluster.objects.filter(name=self.name).first()
            if is_unreachable():
                return Sign(Liveness.UNKNOWN, _("Redis does not respond"))
            if self.leaves_task:
                self._ask()
        except DatabaseFault as error:
            words = {"error": _first_line(error)}
            return Sign(Liveness.UNKNOWN, _("the database does not respond: %(error)s") % words)
        finally:
            # Each probe runs in a new thread, whose connection nobody would use again.
            connections.close_all()
        return self._judge(cluster)

    def _ask(self) -> None:
        """Queue a probe task unless the last one is still waiting."""
        queue = queue_of(self.name)
        if not get_broker(queue).queue_size():
            async_task(show_life, cluster=queue)

    def _judge(self, cluster: Cluster | None) -> Sign:
        if cluster is None:
            return Sign(Liveness.SILENT, _("it has not started yet"))
        has_worked = cluster.worked_at is not None and cluster.worked_at != self.worked_at
        is_loaded = 0 < cluster.workers == cluster.busy and cluster.seen_at != self.seen_at
        self.worked_at, self.seen_at = cluster.worked_at, cluster.seen_at
        return Sign(Liveness.ALIVE if has_worked or is_loaded else Liveness.SILENT, _last(cluster))


def _last(cluster: Cluster) -> str:
    if cluster.worked_at is None:
        return _("no task finished yet")
    return _("the last task finished at %(time)s") % {"time": f"{cluster.worked_at:%H:%M:%S} UTC"}


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]

"""Records that the cluster exists, is alive, and finishes tasks."""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone
from django_q.models import OrmQ

from supportdesk.models import GONE_AFTER, Cluster
from supportdesk.processes.cluster.cluster_name import key_mark, own_name, queue_of

logger = logging.getLogger(__name__)
FORGOTTEN = timedelta(days=1)
ROUNDS = "supportdesk.tasks.enforce"
# Least time between two recordings of a finished task.
EVERY = timedelta(seconds=5)


def register_cluster(*, now: datetime) -> None:
    """Create the row of a starting cluster, and remove the rows of clusters that ended without unregistering."""
    name = own_name()
    host = name.rpartition(":")[0]
    Cluster.objects.filter(host=host, seen_at__lt=now - GONE_AFTER).delete()
    Cluster.objects.filter(seen_at__lt=now - FORGOTTEN).delete()
    OrmQ.objects.filter(key__startswith=queue_of(""), lock__lt=now - FORGOTTEN).delete()
    row = {"host": host, "started_at": now, "seen_at": now, "worked_at": None, "workers": 0, "busy": 0}
    row["key_mark"] = key_mark()
    Cluster.objects.update_or_create(name=name, defaults=row)


def unregister_cluster() -> None:
    """Remove the row of a cluster that was stopped in order."""
    without_failing(lambda: Cluster.objects.filter(name=own_name()).delete())


def report_alive(*, workers: int, busy: int, now: datetime) -> None:
    """Record that the sentinel works, and create the row again if somebody removed it."""
    row = Cluster.objects.filter(name=own_name())
    seen = {"seen_at": now, "workers": workers, "busy": busy}
    if not row.update(**seen):
        register_cluster(now=now)
        row.update(**seen)


class WorkMark:
    """Records now and then, in the monitor's process, that a task was finished.

    The sweep's task does not count: it runs for nearly a minute, so its end does not show that tasks are
    still being taken.
    """

    def __init__(self) -> None:
        self.marked_at: datetime | None = None

    def __call__(self, *, task: Mapping[str, Any] = MappingProxyType({}), **_signal: Any) -> None:
        now = timezone.now()
        if task.get("func") == ROUNDS:
            return
        if self.marked_at is None or now - self.marked_at >= EVERY:
            self.marked_at = now
            without_failing(lambda: Cluster.objects.filter(name=own_name()).update(worked_at=now))


def without_failing(write: Callable[[], object]) -> None:
    """Write, but only log a database error, which must not end the process that reports."""
    try:
        write()
    except (DatabaseError, InterfaceError):
        logger.exception("The cluster could not write about itself")
        connection.close()

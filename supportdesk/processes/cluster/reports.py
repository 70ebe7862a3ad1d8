"""Records that the cluster exists, is alive, and finishes tasks."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, InterfaceError, connection
from django.db.models import Exists, OuterRef, Q
from django_q.models import OrmQ

from customers import time_of_record
from supportdesk.models import GONE_AFTER, Cluster
from supportdesk.processes.cluster.cluster_name import key_mark, own_host, own_name, queue_of
from tickets.lib.free_space import disk_room

logger = logging.getLogger(__name__)
# How long the row of a cluster that died is kept where no other was started on its host.
FORGOTTEN = timedelta(hours=1)
UNWANTED = timedelta(days=1)  # a task that only a dead cluster could take
# Least time between two recordings of a finished task.
EVERY = timedelta(seconds=5)


def register_cluster(*, now: datetime) -> None:
    """Create the row of a starting cluster, and remove what clusters left behind that ended without unregistering."""
    OrmQ.objects.filter(key__startswith=queue_of(""), lock__lt=now - UNWANTED).delete()
    row = {"host": own_host(), "started_at": now, "seen_at": now, "worked_at": None, "swept_at": None}
    row |= {"workers": 0, "busy": 0, "key_mark": key_mark()}
    Cluster.objects.update_or_create(name=own_name(), defaults=row)
    forget_dead_clusters(now=now)


def forget_dead_clusters(*, now: datetime) -> None:
    """Remove clusters that are gone and need no warning: their host has started another since, or it is long ago."""
    successors = Cluster.objects.filter(
        host=OuterRef("host"), started_at__gte=OuterRef("seen_at"), seen_at__gte=now - GONE_AFTER
    )
    gone = Cluster.objects.filter(Q(seen_at__lt=now - GONE_AFTER) | Q(seen_at__gt=now + GONE_AFTER))
    is_old = Q(seen_at__lt=now - FORGOTTEN) | Q(
        seen_at__gt=now
    )  # from the future: whoever lives reports again
    gone.filter(Exists(successors) | is_old).delete()


def unregister_cluster() -> None:
    """Remove the row of a cluster that was stopped in order."""
    without_failing(lambda: Cluster.objects.filter(name=own_name()).delete())


def report_alive(*, workers: int, busy: int, now: datetime) -> None:
    """Record that the sentinel works, create the row again if somebody removed it, and forget dead clusters."""
    row = Cluster.objects.filter(name=own_name())
    seen = {
        "seen_at": now,
        "workers": workers,
        "busy": busy,
        "clock_ahead": time_of_record.host_ahead(),
        "free_mb": disk_room().megabytes,
    }
    if not row.update(**seen):
        register_cluster(now=now)
        row.update(**seen)
    forget_dead_clusters(now=now)


def report_swept(at: datetime) -> None:
    """Record that the lane of this cluster enforces promises; other hosts' sweeps say nothing about this one."""
    without_failing(lambda: Cluster.objects.filter(name=own_name()).update(swept_at=at))


class WorkMark:
    """Records now and then, in the monitor's process, that a task was finished."""

    def __init__(self) -> None:
        self.marked_at: datetime | None = None

    def __call__(self, **_signal: Any) -> None:
        without_failing(self._mark)

    def _mark(self) -> None:
        now = time_of_record.now()
        if self.marked_at is None or now - self.marked_at >= EVERY:
            self.marked_at = now
            Cluster.objects.filter(name=own_name()).update(worked_at=now)


def without_failing(write: Callable[[], object]) -> bool:
    """Write, but only log a database error, which must not end the process that reports. False if there was one."""
    try:
        write()
    except (DatabaseError, InterfaceError):
        logger.exception("The cluster could not write about itself")
        connection.close()
        return False
    return True

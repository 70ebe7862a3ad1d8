"""Whether a cluster that starts must start the minute tasks at once, or joins others whose timetable works.

To make the tasks due moves their whole timetable: the next sweep would begin up to half a minute late, because each
cluster looks for due tasks only every thirty seconds (.github/decisions/processes.md).
"""

from datetime import datetime, timedelta

from escalation.models import Heartbeat
from escalation.tasks import SWEEP
from supportdesk.models import Cluster
from supportdesk.processes.cluster.cluster_name import own_host

# The sweep leaves a heartbeat every ten seconds. A cluster that starts beside others waits for two of them.
LISTENS_FOR = timedelta(seconds=20)


def must_start_tasks(*, began_at: datetime, now: datetime) -> bool | None:
    """For a cluster that began at ``began_at``. None: not known yet, ask again. At most two queries.

    A cluster that was killed on this host a moment ago proves nothing, so only those on other hosts are worth the wait.
    """
    if Heartbeat.objects.filter(name=SWEEP, at__gt=began_at, at__lte=now).exists():
        return False
    if now - began_at < LISTENS_FOR and _are_others_alive(now):
        return None
    return True


def _are_others_alive(now: datetime) -> bool:
    return any(cluster.is_alive(now) for cluster in Cluster.objects.exclude(host=own_host()))

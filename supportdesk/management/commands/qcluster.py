"""manage.py qcluster: django-q2's own command, with a lane for enforcement, that ends when it stops working."""

import logging
import os
from typing import Any

import django_q.cluster
from django.db import connections
from django_q.management.commands.qcluster import Command as OriginalCommand
from django_q.signals import post_execute

from customers import time_of_record
from supportdesk.processes.cluster.cluster_name import VARIABLE, new_name
from supportdesk.processes.cluster.database_wait import wait_for_database
from supportdesk.processes.cluster.lane import FAREWELL, end_lane, start_lane
from supportdesk.processes.cluster.probe_task import is_worth_a_line
from supportdesk.processes.cluster.reports import (
    WorkMark,
    register_cluster,
    unregister_cluster,
    without_failing,
)
from supportdesk.processes.cluster.sentinel import StrictSentinel
from supportdesk.processes.cluster.sentinel_watch import watch_sentinel
from supportdesk.processes.cluster.task_ids import follow_tasks
from supportdesk.tasks import LANE


class Command(OriginalCommand):
    def handle(
        self, *args: Any, cluster_name: str | None = None, run_once: bool = False, **options: Any
    ) -> None:
        """Run the cluster. Its processes are forked from here and inherit what is set up here."""
        os.environ.setdefault(VARIABLE, new_name())
        if cluster_name:
            os.environ["Q_CLUSTER_NAME"] = cluster_name
        logging.getLogger("django-q").addFilter(is_worth_a_line)
        post_execute.connect(WorkMark(), weak=False)
        follow_tasks()
        # Cluster.start() names the class in its middle and offers no other way to replace it.
        django_q.cluster.Sentinel = StrictSentinel  # type: ignore[misc]  # which mypy holds for a mistake
        wait_for_database()
        without_failing(time_of_record.find_jump)  # the sweep's processes begin with what this one knows
        without_failing(lambda: register_cluster(now=time_of_record.now()))
        connections.close_all()  # the forked processes must not share a connection
        self._run(run_once)
        unregister_cluster()

    def _run(self, run_once: bool) -> None:
        cluster: Any = django_q.cluster.Cluster()
        cluster.start()
        lane = [] if run_once else start_lane(LANE)
        if run_once:
            cluster.stop()
        patience = 0.0
        try:
            watch_sentinel(cluster.sentinel, lane)
            patience = FAREWELL
        finally:  # one that hangs must not hold up the end of a cluster that is broken
            end_lane(lane, patience)

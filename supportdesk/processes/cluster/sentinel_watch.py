"""Watches the sentinel and the lane from the cluster's main process; the sentinel watches the other processes.

It also probes the cluster as a whole, because a process may hang without dying. So a cluster notices by
itself that it has stopped working, and only needs something to start it again: systemd, or `manage.py desk`.
"""

import logging
import os
import signal
import sys
import time
from collections.abc import Sequence
from multiprocessing.process import BaseProcess

from django.conf import settings

from supportdesk.processes.cluster.cluster_name import own_name
from supportdesk.processes.cluster.lane import LaneProcess
from supportdesk.processes.cluster.probe import ClusterProbe
from supportdesk.processes.cluster.sentinel import FAULT, guarded_at
from supportdesk.processes.runner.liveness_probe import LivenessProbe
from supportdesk.processes.runner.parts import DeskPart

logger = logging.getLogger(__name__)
# A sentinel may wait for a database that is away; after this many seconds without a round it counts as hung.
PATIENCE = 60.0
EVERY = 15.0  # seconds between two probes


def watch_sentinel(sentinel: BaseProcess, lane: Sequence[LaneProcess] = ()) -> None:
    """Return when the cluster was stopped in order; else end this process with an error status."""
    pulse = LivenessProbe(_asked(), time.monotonic())
    while sentinel.is_alive():
        sentinel.join(1)
        if sentinel.is_alive():
            _judge(sentinel, pulse, time.monotonic())
            _judge_lane(sentinel, lane, time.monotonic())
    if sentinel.exitcode:
        logger.critical("The sentinel of the cluster ended (exit status %s)", sentinel.exitcode)
        _end(sentinel)


def _asked() -> DeskPart:
    patience = settings.CLUSTER_SILENCE_SECONDS
    probe = ClusterProbe(own_name(), leaves_task=True)
    return DeskPart("cluster", (), probe=probe, probe_every=EVERY, patience=patience)


def _judge(sentinel: BaseProcess, pulse: LivenessProbe, now: float) -> None:
    pulse.ask(now)
    if now - guarded_at.value > PATIENCE:
        logger.critical("The sentinel of the cluster has hung for %.0f seconds", now - guarded_at.value)
        _end(sentinel)
    if pulse.is_lost(now):
        words = "The cluster got nothing done for %.0f seconds (%s)"
        logger.critical(words, pulse.silent_for(now), pulse.sign.detail)
        _end(sentinel)


def _judge_lane(sentinel: BaseProcess, lane: Sequence[LaneProcess], now: float) -> None:
    for each in lane:
        if fault := each.fault(now):
            logger.critical("The lane of enforcement no longer does %s: its process %s", each.name, fault)
            _end(sentinel)


def _end(sentinel: BaseProcess) -> None:
    """End the whole process group, so that no orphan keeps working."""
    sentinel.kill()
    sentinel.join(1)  # until then its processes would leave SIGTERM to us
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpgrp(), signal.SIGTERM)
    sys.exit(FAULT)

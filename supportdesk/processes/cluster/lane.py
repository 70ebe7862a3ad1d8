"""The lane of enforcement: processes of a cluster that sweep and page, whatever waits in the task queue.

They take no tasks, so neither mail, nor a queue that is away, nor a broken timetable holds them up. Each does one job
again and again. They are forked by the cluster's main process, which ends the whole cluster if one of them dies or
hangs; when that process is gone, they end by themselves. Reasons: .github/decisions/processes.md.
"""

import logging
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from multiprocessing.process import BaseProcess
from multiprocessing.sharedctypes import RawValue
from typing import Any

from django.conf import settings
from django.db import connections

from customers.work_ids import new_work_id, working_on
from supportdesk.telemetry.tracing import span
from supportdesk.work_kinds import LANE, begin_work
from tickets.lib.stopping import is_ending

logger = logging.getLogger(__name__)
# Does its work once, or for some time, and rests by the pause it is given, which returns False when it is to end.
Job = Callable[[Callable[[float], bool]], object]
REST_AFTER_FAULT = 5.0
SLICE = 0.5  # seconds of a long rest between two looks whether it is to end
FAREWELL = 20.0


@dataclass
class Pulse:
    """The sign of life of one process, in memory that the main process reads: seconds of the monotonic clock."""

    beaten_at: Any = field(default_factory=lambda: RawValue("d", time.monotonic()))
    parent: int = field(default_factory=os.getpid)
    is_stopped: bool = False

    def pause(self, seconds: float) -> bool:
        """Wait, and beat before and after."""
        until = time.monotonic() + seconds
        while self.goes_on() and (left := until - time.monotonic()) > 0:
            time.sleep(min(SLICE, left))
        return self.goes_on()

    def goes_on(self) -> bool:
        self.beaten_at.value = time.monotonic()
        return not (self.is_stopped or is_ending() or os.getppid() != self.parent)

    def stop(self, *_signal: object) -> None:
        self.is_stopped = True


@dataclass(frozen=True)
class LaneProcess:
    name: str
    process: BaseProcess
    pulse: Pulse

    def fault(self, now: float) -> str:
        """What is wrong with it, for the log; empty if nothing is. A job may take as long as a task of the queue."""
        if not self.process.is_alive():
            return f"died (exit status {self.process.exitcode})"
        silent = now - self.pulse.beaten_at.value
        return f"hung for {silent:.0f} seconds" if silent > settings.Q_CLUSTER["timeout"] else ""


def start_lane(jobs: Mapping[str, Job]) -> list[LaneProcess]:
    """Fork a process for each job. Call it while this process has neither threads nor connections."""
    fork = multiprocessing.get_context("fork")
    lane = []
    for name, job in jobs.items():
        pulse = Pulse()
        process = fork.Process(target=run_job, args=(name, job, pulse), name=f"lane-{name}", daemon=True)
        process.start()
        lane.append(LaneProcess(name, process, pulse))
    return lane


def end_lane(lane: list[LaneProcess], patience: float) -> None:
    """Wait for what is under way, which the cluster's end has told to end soon, and end what does not."""
    deadline = time.monotonic() + patience
    for each in lane:
        each.process.join(max(0.0, deadline - time.monotonic()))
        each.process.kill()


def run_job(name: str, job: Job, pulse: Pulse) -> None:
    """The life of one process of the lane."""
    signal.signal(signal.SIGTERM, pulse.stop)
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # the main process hears it too, and ends the cluster in order
    begin_work(replace(LANE, part=name))
    logger.info("The lane of enforcement does %s at %s", name, os.getpid())
    while pulse.goes_on():
        do_safely(name, job, pulse)
    logger.info("The lane of enforcement ends %s", name)


def do_safely(name: str, job: Job, pulse: Pulse) -> None:
    """Whatever fails, the process goes on: its next turn may find the fault gone."""
    try:
        with working_on(new_work_id(name)), span(f"lane {name}"):
            job(pulse.pause)
    except Exception:
        logger.exception("The lane of enforcement failed at %s", name)
        connections.close_all()
        pulse.pause(REST_AFTER_FAULT)

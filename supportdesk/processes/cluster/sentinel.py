"""The sentinel ends its cluster when one of its processes has died, and reports as long as all are alive."""

import logging
import multiprocessing
import os
import signal
import time
from datetime import datetime
from multiprocessing.sharedctypes import RawValue
from types import FrameType
from typing import Any

from django.db import connection
from django_q.cluster import Sentinel
from django_q.scheduler import scheduler

from customers import time_of_record
from supportdesk.processes.cluster.reports import report_alive
from supportdesk.schedule_inspection import repair_schedules
from supportdesk.schedules import minute_tasks_at_once
from tickets.lib.stopping import end_soon

logger = logging.getLogger(__name__)
FAULT = 70  # exit status: the cluster is broken and must be started again
RECYCLED = -2  # django-q2's mark on a worker that ended by itself after its number of tasks
REPORT_EVERY = 10.0
# Seconds that running tasks get to finish: one that is cut off might have sent half of its mails.
FAREWELL = 20.0
# When the guard last checked its processes, in seconds of the monotonic clock; read by the main process.
guarded_at = RawValue("d", 0.0)


class StrictSentinel(Sentinel):
    reported_at = float("-inf")
    has_begun = False

    def reincarnate(self, process: Any) -> None:
        """Replace only a recycled worker. A process that was killed may have taken a lock with it: end the cluster."""
        if process in self.pool and int(_timer(process)) == RECYCLED:
            super().reincarnate(process)  # type: ignore[no-untyped-call]
        else:
            self._give_up(process)

    def start(self) -> None:
        """Run the cluster until it is stopped; whatever ends this, no process stays behind."""
        signal.signal(signal.SIGTERM, end_if_orphaned)  # inherited by the processes that are forked from here
        try:
            super().start()  # type: ignore[no-untyped-call]
        finally:
            for process in multiprocessing.active_children():
                process.kill()

    def stop(self) -> None:
        """Tell the running tasks to end soon, and wait for them."""
        end_soon()
        super().stop()  # type: ignore[no-untyped-call]

    def status(self) -> str:
        """Report now and then. django-q2 calls this in every round of the guard, about once a second."""
        guarded_at.value = time.monotonic()
        if self.start_event.is_set() and not self.stop_event.is_set():
            self._report()
        return str(super().status())

    def _report(self) -> None:
        if time.monotonic() - self.reported_at < REPORT_EVERY:
            return
        self.reported_at = time.monotonic()
        try:
            time_of_record.find_jump()  # so that a worker that replaces another one knows when it was last right
            now = time_of_record.now()
            report_alive(workers=len(self.pool), busy=sum(map(_is_busy, self.pool)), now=now)
            repaired = repair_schedules(now=now)
            if not self.has_begun:
                self._begin(now)
        except Exception:  # whatever fails here, the guard must go on
            logger.exception("The sentinel could not report")
            connection.close()
        else:
            if repaired.changed:
                logger.error("Schedules were not as they should be: %s", repaired)

    def _begin(self, now: datetime) -> None:
        """Make the minute's tasks due and schedule them now.

        Otherwise the queue would read its schedules half a minute after its start, and the tasks that the
        previous cluster had taken when it died would wait even longer.
        """
        minute_tasks_at_once(now=now)
        scheduler(broker=self.broker)
        self.has_begun = True

    def _give_up(self, process: Any) -> None:
        logger.critical(
            "The %s of the cluster died (exit status %s): the cluster ends, to be started anew",
            self._role(process), process.exitcode,
        )  # fmt: skip
        self._end_children()
        logging.shutdown()
        os._exit(FAULT)  # an orderly end would wait for the dead process

    def _role(self, process: Any) -> str:
        if process is self.monitor or process is self.pusher:
            return "monitor" if process is self.monitor else "pusher"
        return "worker"

    def _end_children(self) -> None:
        """End the processes that hand out or wait for tasks, then wait for the busy workers and end them."""
        end_soon()
        for process in [self.pusher, *(worker for worker in self.pool if not _is_busy(worker))]:
            process.kill()
        deadline = time.monotonic() + FAREWELL
        while any(map(_is_working, self.pool)) and time.monotonic() < deadline:
            guarded_at.value = time.monotonic()
            time.sleep(0.1)
        for process in multiprocessing.active_children():
            process.kill()


def end_if_orphaned(number: int, _frame: FrameType | None) -> None:
    """Leave stopping to the main process, which stops the cluster in order, as long as its processes stand.

    systemd sends SIGTERM to all processes of a unit. If the sentinel died of it, the main process would wait for it for
    ever (multiprocessing's events count their sleepers), and running tasks would be cut off.
    """
    parent = multiprocessing.parent_process()
    if parent is None or parent.pid != os.getppid():
        os._exit(128 + number)


def _timer(worker: Any) -> float:
    """Seconds left of the worker's task; negative if it has none. Read without the lock, which may be lost."""
    return float(worker.timer.get_obj().value)


def _is_busy(worker: Any) -> bool:
    return _timer(worker) > 0


def _is_working(worker: Any) -> bool:
    return worker.is_alive() and _is_busy(worker)

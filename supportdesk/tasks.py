"""This app's tasks for the queue."""

import time

from customers import time_of_record
from escalation.enforcement.sweep import SweepReport
from escalation.enforcement.sweep_loop import sweep_in_rounds
from supportdesk.backup.scheduled import is_due, start_backup
from supportdesk.processes.cluster.redis_broker import is_unreachable
from tickets.lib.stopping import is_ending

# How long one task sweeps in rounds; below the time limit of a task (Q_CLUSTER's timeout).
MOST_MINUTES = 3


def enforce() -> str:
    """Sweep in rounds until the next minute's task starts, or until the queue is stopped. Runs every minute.

    While Redis is away no other task can start, so this one goes on.
    """
    report = _sweep_for_a_minute()
    for _minute in range(1, MOST_MINUTES):
        if is_ending() or not is_unreachable():
            break
        report.add(_sweep_for_a_minute())
    return str(report)


def _sweep_for_a_minute() -> SweepReport:
    return sweep_in_rounds(read_clock=time_of_record.now, pause=_pause, find_jump=time_of_record.find_jump)


def back_up() -> str:
    """Start a backup if one is due: every hour, mostly nothing. A failed one is tried again by the next hour's run."""
    if not is_due(now=time_of_record.now()):
        return "not due"
    return f"started {start_backup().pid}"


def _pause(seconds: float) -> bool:
    time.sleep(seconds)
    return not is_ending()

"""The sweep in rounds: for most of its minute a task looks every two seconds, so that promises are enforced on time.

A scheduled task alone starts once a minute, up to half a minute late; what falls due in between would wait.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from escalation.services.heartbeats import beat
from escalation.services.outside import ping_outside
from escalation.services.sweep import SECONDS, SweepReport, sweep

SWEEP = "sweep"  # its heartbeat
# Seconds of rounds; the next minute's task starts when they are over, or beside the last of them.
MINUTE = 57.0
ROUND = 2.0
BEAT_EVERY = timedelta(seconds=10)


def sweep_once(*, clock: Callable[[], datetime], seconds: float = SECONDS) -> SweepReport:
    """Enforce every promise that is due, leave the heartbeat, and tell whoever watches from outside."""
    report = sweep(now=clock(), seconds=seconds)
    beat(SWEEP, at=clock(), detail=str(report))
    ping_outside(now=clock())
    return report


def sweep_in_rounds(
    *, clock: Callable[[], datetime], pause: Callable[[float], bool], seconds: float = MINUTE
) -> SweepReport:
    """Sweep again and again for so many seconds; all rounds together.

    ``pause`` waits for so many seconds and says whether to go on: a queue that is being stopped waits for nobody.
    """
    started = beaten = clock()
    ends = started + timedelta(seconds=seconds)
    total = sweep_once(clock=clock)
    while clock() < ends and pause(ROUND):
        now = clock()
        total.add(sweep(now=now, seconds=min(SECONDS, seconds)))
        if now - beaten >= BEAT_EVERY:
            beaten = now
            beat(SWEEP, at=clock(), detail=str(total))
    return total

"""The sweep in rounds: for most of its minute a task looks every two seconds, so that promises are enforced on time.

A scheduled task alone starts once a minute, up to half a minute late; what falls due in between would wait.
"""

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import uuid4

from django.db import InterfaceError, OperationalError, connection

from escalation.enforcement.dead_mans_switch import ping_outside
from escalation.enforcement.heartbeats import beat
from escalation.enforcement.sweep import SECONDS, SweepReport, sweep
from escalation.models import Heartbeat
from escalation.notifications.dispatch_watch import OverdueWatch

logger = logging.getLogger(__name__)
SWEEP = "sweep"  # its heartbeat
ROUNDS = "sweep-rounds"  # that of whoever began last
# Seconds of rounds; the next minute's task starts when they are over, or beside the last of them.
MINUTE = 57.0
ROUND = 2.0
WORK = 5.0  # of one round at most: what falls due during a flood, a P0 above all, is found by the next
BEAT_EVERY = timedelta(seconds=10)


def sweep_once(
    *, clock: Callable[[], datetime], seconds: float = SECONDS, failed: Counter[int] | None = None
) -> SweepReport:
    """Enforce every promise that is due, leave the heartbeat, and tell whoever watches from outside."""
    report = sweep(now=clock(), seconds=seconds, failed=failed)
    beat(SWEEP, at=clock(), detail=str(report))
    ping_outside(now=clock())
    return report


def sweep_in_rounds(
    *, clock: Callable[[], datetime], pause: Callable[[float], bool], seconds: float = MINUTE
) -> SweepReport:
    """Sweep again and again for so many seconds; all rounds together.

    ``pause`` waits for so many seconds and says whether to go on: a queue that is being stopped waits for nobody.
    A database that is away for a moment costs a round; away all the time, its fault is raised. Of several at once
    the one that began last goes on: a queue that is started anew may find tasks of its forerunners.
    """
    rounds = _Rounds(clock, min(WORK, seconds))
    ends = clock() + timedelta(seconds=seconds)
    while True:
        fault = rounds.try_one()
        is_flooded = fault is None and rounds.total.left > 0
        if rounds.is_relieved or clock() >= ends or not pause(0 if is_flooded else ROUND):
            break
    if fault is not None and rounds.beaten is None:
        raise fault
    return rounds.total


@dataclass
class _Rounds:
    """The rounds so far; ``beaten`` is when one left a heartbeat last."""

    clock: Callable[[], datetime]
    seconds: float
    total: SweepReport = field(default_factory=SweepReport)
    beaten: datetime | None = None
    is_relieved: bool = False
    failed: Counter[int] = field(default_factory=Counter)
    overdue: OverdueWatch = field(default_factory=OverdueWatch)
    name: str = field(default_factory=lambda: uuid4().hex)

    def try_one(self) -> Exception | None:
        """What the database has against it."""
        try:
            self._one(self.clock())
            self.overdue.look(now=self.clock())
        except (InterfaceError, OperationalError) as fault:
            logger.warning("No sweep in this round: %s", fault)
            if not connection.in_atomic_block:
                connection.close()  # else the next round gets the broken one
            return fault
        return None

    def _one(self, now: datetime) -> None:
        if self.beaten is None:
            self.total.add(sweep_once(clock=self.clock, seconds=self.seconds, failed=self.failed))
            self.beaten = now
            beat(ROUNDS, at=now, detail=self.name)
            return
        self.is_relieved = Heartbeat.objects.filter(name=ROUNDS).exclude(detail=self.name).exists()
        self.total.add(sweep(now=now, seconds=self.seconds, failed=self.failed))
        self.total.failed = len(self.failed)  # each once, and none that went well at the second try
        if now - self.beaten >= BEAT_EVERY:
            self.beaten = now
            beat(SWEEP, at=self.clock(), detail=str(self.total))

"""Sweeps in rounds: every two seconds for a minute, after which the lane of enforcement begins the next minute.

What a minute remembers, such as the promises that failed, is forgotten at its end. Several hosts sweep at once; each
passes over the tickets that another has locked.
"""

import logging
import socket
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import InterfaceError, OperationalError, connection

from escalation.enforcement.dead_mans_switch import ping_outside
from escalation.enforcement.heartbeats import beat, take_over
from escalation.enforcement.sweep import SECONDS, SweepReport, sweep
from escalation.notifications.dispatch_watch import OverdueWatch

logger = logging.getLogger(__name__)
SWEEP = "sweep"  # name of the sweep's heartbeat
MINUTE = 60.0
ROUND = 2.0
WORK = 5.0  # Most seconds of one round: in a flood, a new P0 is then found by the next round
BEAT_EVERY = timedelta(seconds=10)
JUMPED = "time-jump"  # name of the heartbeat of the last jump of the time of record


def sweep_once(
    *, read_clock: Callable[[], datetime], seconds: float = SECONDS, failed: Counter[int] | None = None
) -> SweepReport:
    """Enforce every promise that is due, record the heartbeat, and call the external monitor."""
    report = sweep(now=read_clock(), seconds=seconds, failed=failed)
    beat(SWEEP, at=read_clock(), detail=str(report))
    ping_outside(now=read_clock())
    return report


def never_jumps() -> None:
    """For a time of record that is trusted."""


def sweep_in_rounds(
    *,
    read_clock: Callable[[], datetime],
    pause: Callable[[float], bool],
    find_jump: Callable[[], timedelta | None] = never_jumps,
    seconds: float = MINUTE,
    swept: Callable[[datetime], object] = lambda at: None,
) -> SweepReport:
    """Sweep again and again for this many seconds; the report covers all rounds together.

    ``pause`` waits for a number of seconds and returns False if the desk is being stopped; ``swept`` is called with
    each heartbeat. If the database is away for a moment, one round is lost; if it stays away, its error is raised. A
    round before which the time of record has jumped (``find_jump``) enforces nothing, since that cannot be taken back.
    """
    loop = _SweepLoop(read_clock, find_jump, swept, min(WORK, seconds))
    while True:
        error = loop.run_round()
        is_flooded = error is None and not loop.is_held and loop.total.left > 0
        if loop.spent >= timedelta(seconds=seconds) or not pause(0 if is_flooded else ROUND):
            break
    if error is not None and loop.last_beat_at is None:
        raise error
    return loop.total


@dataclass
class _SweepLoop:
    """The rounds so far; ``last_beat_at`` is None until the first round succeeded."""

    read_clock: Callable[[], datetime]
    find_jump: Callable[[], timedelta | None]
    swept: Callable[[datetime], object]
    seconds: float
    total: SweepReport = field(default_factory=SweepReport)
    last_beat_at: datetime | None = None
    is_held: bool = False
    failed: Counter[int] = field(default_factory=Counter)
    overdue: OverdueWatch = field(default_factory=OverdueWatch)
    looked_at: datetime = field(init=False)
    spent: timedelta = timedelta()

    def __post_init__(self) -> None:
        self.looked_at = self.read_clock()

    def run_round(self) -> Exception | None:
        """Run one round, or only look at the time if it has jumped. Returns the database error, if there was one."""
        self.is_held = False
        try:
            jump = self.find_jump()
            if jump is None:
                self._sweep(self.read_clock())
                self.overdue.look(now=self.read_clock())
            else:
                self._hold(jump)
        except (InterfaceError, OperationalError) as error:
            logger.warning("No sweep in this round: %s", error)
            if not connection.in_atomic_block:
                connection.close()  # otherwise the next round would get the broken connection
            return error
        finally:
            self._count_time()
        return None

    def _count_time(self) -> None:
        """Add the time since the last round, but not a jump."""
        before, self.looked_at = self.looked_at, self.read_clock()
        if not self.is_held:
            self.spent += max(timedelta(), self.looked_at - before)

    def _hold(self, jump: timedelta) -> None:
        self.is_held = True
        logger.error("The time jumped by %s: nothing is enforced until a second look agrees", jump)
        detail = f"{jump.total_seconds():+.0f} {socket.gethostname()}"
        take_over(JUMPED, at=self.read_clock(), detail=detail[:300])

    def _sweep(self, now: datetime) -> None:
        if self.last_beat_at is None:
            self.total.add(sweep_once(read_clock=self.read_clock, seconds=self.seconds, failed=self.failed))
            self._remember(now)
            return
        self.total.add(sweep(now=now, seconds=self.seconds, failed=self.failed))
        # Each promise counts once, and not at all if a later try succeeded.
        self.total.failed = len(self.failed)
        if abs(now - self.last_beat_at) >= BEAT_EVERY:
            beat(SWEEP, at=self.read_clock(), detail=str(self.total))
            self._remember(now)

    def _remember(self, now: datetime) -> None:
        self.last_beat_at = now
        self.swept(now)

"""Which week a pack is about, and what a promise had come to when that week ended."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from escalation.choices import ClockState
from escalation.lib.weeks import Week


@dataclass(frozen=True)
class Period:
    """A week of the desk, half open, in UTC; a preview ends early, at the moment it is taken."""

    week: Week
    zone: ZoneInfo
    start: datetime
    end: datetime

    @classmethod
    def of(cls, week: Week, *, zone: ZoneInfo, until: datetime | None = None) -> "Period":
        start, end = week.bounds(zone)
        return cls(week, zone, start, min(end, until) if until else end)

    def holds(self, moment: datetime | None) -> bool:
        return moment is not None and self.start <= moment < self.end


class Verdict(NamedTuple):
    """`decided_at` is when the promise was kept, broken or cancelled; empty while it runs."""

    state: ClockState
    decided_at: datetime | None


STILL_RUNNING = Verdict(ClockState.RUNNING, None)


def verdict(*, end: datetime, state: str, due_at: datetime, stopped_at: datetime | None) -> Verdict:
    """The clock as it stood at `end`, whenever that is asked: later answers do not reach back.

    A promise broken before `end` counts although no sweep has noticed it yet.
    """
    stopped = stopped_at if stopped_at is not None and stopped_at < end else None
    match ClockState(state):
        case ClockState.MET | ClockState.CANCELLED as final:
            return Verdict(final, stopped) if stopped else STILL_RUNNING
        case ClockState.PAUSED:
            return STILL_RUNNING
        case ClockState.RUNNING | ClockState.BREACHED:
            return Verdict(ClockState.BREACHED, due_at) if due_at < end else STILL_RUNNING

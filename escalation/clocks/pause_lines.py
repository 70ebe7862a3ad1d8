"""The lines of a ledger that pause a promise, without those that were taken back later."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from escalation.choices import ClockChange
from escalation.models import ClockEvent

PAUSES = (ClockChange.PAUSED, ClockChange.RESUMED)


def in_force(lines: Iterable[ClockEvent]) -> Sequence[ClockEvent]:
    """The lines without pauses that a later one took back, and without that one."""
    left = list[ClockEvent]()
    for line in lines:
        since = line.data.get("forgotten_since")
        if since is None:
            left.append(line)
        else:
            left = without_pauses(left, since=datetime.fromisoformat(since))
    return left


def without_pauses(lines: Iterable[ClockEvent], *, since: datetime) -> list[ClockEvent]:
    """The lines without the pauses that began at ``since`` (UTC) or later."""
    left, are_over = list[ClockEvent](), False
    for line in lines:
        are_over |= line.change == ClockChange.PAUSED and line.at >= since
        if not (are_over and line.change in PAUSES):
            left.append(line)
    return left


def granted_since(lines: Iterable[ClockEvent], since: datetime) -> int:
    """How many seconds the pauses that began at ``since`` (UTC) or later moved the due time."""
    standing = in_force(lines)
    earlier = without_pauses(standing, since=since)
    return _granted(standing) - _granted(earlier)


def _granted(lines: Iterable[ClockEvent]) -> int:
    return sum(line.data["seconds"] for line in lines if line.change == ClockChange.RESUMED)

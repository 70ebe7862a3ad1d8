"""Replays ledger lines into what a clock must say. Pure: works on values, so that 100,000 clocks take seconds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from escalation.choices import ClockChange


@dataclass(frozen=True, slots=True)
class Line:
    """What replay needs of a ClockEvent."""

    change: str
    at: datetime
    recorded_at: datetime
    message: int | None
    state_before: str
    state_after: str
    due_before: datetime | None
    due_after: datetime
    data: dict[str, Any]


@dataclass(slots=True)
class Standing:
    """How a clock stands, by its ledger or as its row says."""

    state: str = ""
    priority: int | None = None
    started_at: datetime | None = None
    due_at: datetime | None = None
    stopped_at: datetime | None = None
    breached_at: datetime | None = None
    detected_at: datetime | None = None
    answered_by: int | None = None
    paused_at: datetime | None = None
    paused_seconds: int = 0
    waived_at: datetime | None = None


class BrokenChain(ValueError):
    """A line does not begin where the one before it ended; the argument is its number, from 1."""


def replay(lines: Iterable[Line]) -> Standing:
    """The standing after the last line. Raises BrokenChain."""
    standing = Standing()
    for number, line in enumerate(lines, start=1):
        if (line.state_before, line.due_before) != (standing.state, standing.due_at) or _is_odd(line):
            raise BrokenChain(number)
        standing.state, standing.due_at = line.state_after, line.due_after
        _follow(standing, line)
    return standing


def _is_odd(line: Line) -> bool:
    """Steps and acknowledgements steer the paging; they cannot move the promise."""
    moves = (line.state_before, line.due_before) != (line.state_after, line.due_after)
    return moves and line.change in (ClockChange.STEP, ClockChange.ACKNOWLEDGED)


def _follow(standing: Standing, line: Line) -> None:
    match line.change:
        case ClockChange.STARTED:
            standing.started_at, standing.priority = line.at, line.data["priority"]
        case ClockChange.RETARGETED:
            standing.priority = line.data["priority"]
        case ClockChange.PAUSED:
            standing.paused_at = line.at
        case ClockChange.RESUMED:
            standing.paused_at = None
            standing.paused_seconds += line.data["seconds"]
        case ClockChange.WAIVED:
            standing.waived_at = line.at
        case _outcome:
            _settle(standing, line)


def _settle(standing: Standing, line: Line) -> None:
    match line.change:
        case ClockChange.MET:
            standing.stopped_at, standing.answered_by = line.at, line.message
            standing.breached_at = standing.detected_at = None
        case ClockChange.ANSWERED_LATE:
            standing.stopped_at, standing.answered_by = line.at, line.message
        case ClockChange.BREACHED:
            standing.breached_at, standing.detected_at = line.at, line.recorded_at
        case ClockChange.REVOKED:
            standing.stopped_at = standing.answered_by = None
        case ClockChange.CANCELLED:
            standing.stopped_at = line.at


def differences(stored: Standing, replayed: Standing) -> Iterator[str]:
    """The names of what the row says otherwise than the ledger."""
    for field in fields(Standing):
        if getattr(stored, field.name) != getattr(replayed, field.name):
            yield field.name

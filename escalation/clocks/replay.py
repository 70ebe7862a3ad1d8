"""Replays ledger lines to find what a clock's row must contain. Pure values, so that 100,000 clocks take seconds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import Enum
from operator import attrgetter
from typing import Any, Final, NamedTuple

from escalation.choices import ClockChange


class Unknown(Enum):
    """Stands for values that the lines do not contain: it proves nothing and equals every row."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Unknown.UNKNOWN
# A replay compares times and never counts with them: ISO text does as well, all or none of it.
Moment = datetime | str


class LedgerLine(NamedTuple):
    """The columns of ClockEvent that a replay needs; a tuple, because millions of them are made."""

    change: str
    at: Moment
    recorded_at: Moment
    message: int | None
    state_before: str
    state_after: str
    due_before: Moment | None
    due_after: Moment
    data: Mapping[str, Any]
    actor: int | None = None
    cause: str = ""


@dataclass(slots=True)
class ClockStanding:
    """The state of a clock, by its ledger or by its row; references are keys."""

    state: str = ""
    priority: int | None = None
    started_at: Moment | None = None
    due_at: Moment | None = None
    stopped_at: Moment | None = None
    breached_at: Moment | None = None
    detected_at: Moment | None = None
    answered_by: int | None = None
    paused_at: Moment | None = None
    paused_seconds: int = 0
    waived_at: Moment | None = None
    waived_by: int | None = None
    waive_reason: str = ""
    waiver_proposed_at: Moment | None = None
    waiver_proposed_by: int | None = None
    ticket: int | Unknown = UNKNOWN
    kind: str | Unknown = UNKNOWN
    started_by: int | None = None
    minutes: int | Unknown = UNKNOWN
    policy_version: int | Unknown = UNKNOWN
    calendar: int | Unknown = UNKNOWN
    calendar_version: int | Unknown = UNKNOWN
    contract: int | Unknown | None = UNKNOWN
    contract_window: int | Unknown | None = UNKNOWN
    raised_at: Moment | Unknown | None = None
    paused_before_raise: int | Unknown = 0


FIELDS = tuple(field.name for field in fields(ClockStanding))
_values = attrgetter(*FIELDS)


class BrokenChain(ValueError):
    """A line does not begin where the previous one ended. The argument is its number, counted from 1."""


def replay(lines: Iterable[LedgerLine]) -> ClockStanding:
    """The state after the last line. Raises BrokenChain."""
    standing = ClockStanding()
    for number, line in enumerate(lines, start=1):
        if (line.state_before, line.due_before) != (standing.state, standing.due_at) or _moves_by_paging(
            line
        ):
            raise BrokenChain(number)
        _follow(standing, line)
    return standing


def standing_after(lines: Iterable[LedgerLine]) -> ClockStanding:
    """The same for lines that `replay` has proven, each night: whether they follow each other is not asked again."""
    standing = ClockStanding()
    for line in lines:
        _follow(standing, line)
    return standing


def _follow(standing: ClockStanding, line: LedgerLine) -> None:
    standing.state, standing.due_at = line.state_after, line.due_after
    _apply(standing, line)


def _moves_by_paging(line: LedgerLine) -> bool:
    """True for a step or an acknowledgement with before and after values: these only steer the paging."""
    moves = (line.state_before, line.due_before) != (line.state_after, line.due_after)
    return moves and line.change in (ClockChange.STEP, ClockChange.ACKNOWLEDGED)


def _apply(standing: ClockStanding, line: LedgerLine) -> None:
    match line.change:
        case ClockChange.STARTED:
            _apply_start(standing, line)
        case ClockChange.RETARGETED:
            _apply_terms(standing, line)
        case ClockChange.BEGUN_EARLIER:
            _apply_earlier_start(standing, line)
        case ClockChange.PAUSED:
            standing.paused_at = line.at
        case ClockChange.RESUMED:
            standing.paused_at = None
            standing.paused_seconds += line.data["seconds"]
        case ClockChange.WAIVED:
            standing.waived_at, standing.waived_by, standing.waive_reason = line.at, line.actor, line.cause
        case ClockChange.WAIVER_PROPOSED:
            standing.waiver_proposed_at, standing.waiver_proposed_by = line.at, line.actor
        case ClockChange.WAIVER_REFUSED:
            standing.waiver_proposed_at = standing.waiver_proposed_by = None
        case ClockChange.MERGED:
            standing.ticket = line.data["target"]
        case _outcome:
            _apply_outcome(standing, line)


def _apply_start(standing: ClockStanding, line: LedgerLine) -> None:
    standing.started_at, standing.started_by = line.at, line.message
    standing.ticket, standing.kind = line.data.get("ticket", UNKNOWN), line.data.get("kind", UNKNOWN)
    _apply_terms(standing, line)
    if "terms" not in line.data:  # whatever the terms, no clock starts as a raised one
        standing.raised_at, standing.paused_before_raise = None, 0


def _apply_earlier_start(standing: ClockStanding, line: LedgerLine) -> None:
    standing.started_at, standing.started_by = _moment(line.data["started_at"], like=line), line.message
    if standing.breached_at is not None:
        standing.breached_at = line.due_after
    _apply_terms(standing, line)


def _moment(text: str, *, like: LedgerLine) -> Moment:
    return datetime.fromisoformat(text) if isinstance(like.at, datetime) else text


def _apply_terms(standing: ClockStanding, line: LedgerLine) -> None:
    """Read the terms that lifecycle.window_data wrote. Older lines do not contain them and leave them unknown."""
    data = line.data
    standing.priority, standing.minutes = data["priority"], data.get("minutes", UNKNOWN)
    terms = data.get("terms", {})
    standing.policy_version = terms.get("policy_version", UNKNOWN)
    standing.calendar = terms.get("calendar", UNKNOWN)
    standing.calendar_version = terms.get("calendar_version", UNKNOWN)
    standing.contract = terms.get("contract", standing.contract)  # fixed at the start
    standing.contract_window = terms.get("contract_window", UNKNOWN)
    raised = terms.get("raised_at", UNKNOWN)
    standing.raised_at = _moment(raised, like=line) if isinstance(raised, str) else raised
    standing.paused_before_raise = terms.get("paused_before_raise", UNKNOWN)


def _apply_outcome(standing: ClockStanding, line: LedgerLine) -> None:
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


def differences(stored: ClockStanding, replayed: ClockStanding) -> Iterator[str]:
    """The names of the fields in which row and ledger differ."""
    pairs = zip(FIELDS, _values(stored), _values(replayed), strict=True)
    return (name for name, in_row, proven in pairs if in_row != proven and proven is not UNKNOWN)

"""Replays ledger lines to find what a clock's row must contain. Pure values, so that 100,000 clocks take seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
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
        follows = line.state_before == standing.state and line.due_before == standing.due_at
        if not follows or (line.change in PAGING and _moves(line)):
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
    apply = EFFECTS.get(line.change)
    if apply is not None:
        apply(standing, line)


def _moves(line: LedgerLine) -> bool:
    return (line.state_before, line.due_before) != (line.state_after, line.due_after)


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


def _apply_met(standing: ClockStanding, line: LedgerLine) -> None:
    _apply_answer(standing, line)
    standing.breached_at = standing.detected_at = None


def _apply_answer(standing: ClockStanding, line: LedgerLine) -> None:
    standing.stopped_at, standing.answered_by = line.at, line.message


def _apply_breach(standing: ClockStanding, line: LedgerLine) -> None:
    standing.breached_at, standing.detected_at = line.at, line.recorded_at


def _apply_revocation(standing: ClockStanding, _line: LedgerLine) -> None:
    standing.stopped_at = standing.answered_by = None


def _apply_cancellation(standing: ClockStanding, line: LedgerLine) -> None:
    standing.stopped_at = line.at


def _apply_pause(standing: ClockStanding, line: LedgerLine) -> None:
    standing.paused_at = line.at


def _apply_resumption(standing: ClockStanding, line: LedgerLine) -> None:
    standing.paused_at = None
    standing.paused_seconds += line.data["seconds"]
    if "terms" in line.data:  # pauses were taken back, which may have hidden that a raise came too late
        _apply_terms(standing, line)


def _apply_waiver(standing: ClockStanding, line: LedgerLine) -> None:
    standing.waived_at, standing.waived_by, standing.waive_reason = line.at, line.actor, line.cause


def _apply_proposed_waiver(standing: ClockStanding, line: LedgerLine) -> None:
    standing.waiver_proposed_at, standing.waiver_proposed_by = line.at, line.actor


def _apply_refused_waiver(standing: ClockStanding, _line: LedgerLine) -> None:
    standing.waiver_proposed_at = standing.waiver_proposed_by = None


def _apply_merge(standing: ClockStanding, line: LedgerLine) -> None:
    standing.ticket = line.data["target"]


# What a line changes besides state and due time; lines of another kind change nothing. Looked up by the plain text of a
# row, as comparing with one member of the enum after the other is slow.
EFFECTS: Final[Mapping[str, Callable[[ClockStanding, LedgerLine], None]]] = {
    ClockChange.STARTED: _apply_start,
    ClockChange.RETARGETED: _apply_terms,
    ClockChange.BEGUN_EARLIER: _apply_earlier_start,
    ClockChange.PAUSED: _apply_pause,
    ClockChange.RESUMED: _apply_resumption,
    ClockChange.WAIVED: _apply_waiver,
    ClockChange.WAIVER_PROPOSED: _apply_proposed_waiver,
    ClockChange.WAIVER_REFUSED: _apply_refused_waiver,
    ClockChange.MERGED: _apply_merge,
    ClockChange.MET: _apply_met,
    ClockChange.ANSWERED_LATE: _apply_answer,
    ClockChange.BREACHED: _apply_breach,
    ClockChange.REVOKED: _apply_revocation,
    ClockChange.CANCELLED: _apply_cancellation,
}
# These only steer the paging: a line of theirs that moves the promise is wrong.
PAGING: Final[frozenset[str]] = frozenset({ClockChange.STEP, ClockChange.ACKNOWLEDGED})


def differences(stored: ClockStanding, replayed: ClockStanding) -> Iterator[str]:
    """The names of the fields in which row and ledger differ."""
    pairs = zip(FIELDS, _values(stored), _values(replayed), strict=True)
    return (name for name, in_row, proven in pairs if in_row != proven and proven is not UNKNOWN)

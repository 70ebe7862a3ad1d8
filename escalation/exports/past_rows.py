"""Clocks as they were: for the few that have changed since a time, their rows are made anew out of the ledger.

Recorded before a time means: in the lines of a clock up to the first that was written at that time or later. A
request may take the time before it waits for the ticket, so that lines are not always in the order of their times.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import takewhile
from typing import Any, NamedTuple

from django.db.models import Model, QuerySet

from customers.models import Contract
from escalation.clocks.replay import UNKNOWN, ClockStanding, LedgerLine, standing_after
from escalation.exports.bulk_reading import ROWS_AT_A_TIME, read_rows
from escalation.exports.clock_rows import HOLDER_CHANGES, PATHS, TIMES, ClockRow, Holding
from escalation.models import Clock, ClockEvent, PolicyVersion
from tickets.models import Message, Ticket


class RecordedLine(NamedTuple):
    """One line of the ledger: who held the ticket after it, its times, and what a replay needs."""

    holder_id: int
    at: datetime
    recorded_at: datetime
    line: LedgerLine


@dataclass(frozen=True)
class ClockHistory:
    """A clock's lines, row and holders at each of the times that were asked for; its row is None before it began."""

    pk: int
    lines: Sequence[Sequence[RecordedLine]]
    rows: Sequence[ClockRow | None]
    holdings: Sequence[list[Holding]]

    @property
    def between(self) -> Sequence[RecordedLine]:
        """What was recorded between the first and the last of the times."""
        return self.lines[-1][len(self.lines[0]) :]


def changed_clocks(since: datetime, *, started_before: datetime, until: datetime | None = None) -> set[int]:
    """The clocks that began before a time and have lines that were recorded from ``since`` on. One query."""
    lines = ClockEvent.objects.filter(recorded_at__gte=since, clock__started_at__lt=started_before)
    if until is not None:
        lines = lines.filter(recorded_at__lt=until)
    real = lines.filter(clock__ticket__is_drill=False).order_by()
    return set(real.values_list("clock_id", flat=True).distinct().iterator(chunk_size=ROWS_AT_A_TIME))


def recorded_before(lines: Iterable[RecordedLine], cut: datetime) -> list[RecordedLine]:
    return list(takewhile(lambda recorded: recorded.recorded_at < cut, lines))


def histories(clocks: Sequence[int], *, cuts: Sequence[datetime]) -> Iterator[ClockHistory]:
    """The histories of these clocks, which come in the order of their keys. Seven queries for two thousand."""
    for first in range(0, len(clocks), ROWS_AT_A_TIME):
        yield from _batch(clocks[first : first + ROWS_AT_A_TIME], cuts)


def _batch(clocks: Sequence[int], cuts: Sequence[datetime]) -> Iterator[ClockHistory]:
    lines = _lines_of(clocks)
    rows = list(read_rows(_rows_of(clocks), ClockRow._make, paths=PATHS, times=TIMES))
    parts = {row.pk: [recorded_before(lines[row.pk], cut) for cut in cuts] for row in rows}
    standings = {
        pk: [standing_after(recorded.line for recorded in part) if part else None for part in each]
        for pk, each in parts.items()
    }
    named = _Named.of(standing for each in standings.values() for standing in each if standing is not None)
    for row in rows:
        then = [named.row_then(row, standing) if standing else None for standing in standings[row.pk]]
        yield ClockHistory(row.pk, parts[row.pk], then, [_holdings(part) for part in parts[row.pk]])


def _rows_of(clocks: Collection[int]) -> QuerySet[Clock]:
    return Clock.objects.filter(pk__in=clocks).order_by("pk")


def _lines_of(clocks: Collection[int]) -> Mapping[int, list[RecordedLine]]:
    by_clock: defaultdict[int, list[RecordedLine]] = defaultdict(list)
    rows = ClockEvent.objects.filter(clock__in=clocks).order_by("clock_id", "pk")
    paths = ("clock_id", "holder_id", "at", "recorded_at", *LedgerLine._fields)
    for pk, holder_id, at, recorded_at, *values in rows.values_list(*paths):
        by_clock[pk].append(RecordedLine(holder_id, at, recorded_at, LedgerLine._make(values)))
    return by_clock


def _holdings(lines: Iterable[RecordedLine]) -> list[Holding]:
    """In the order of time; lines of one time in the order of the ledger."""
    named = (recorded for recorded in lines if recorded.line.change in HOLDER_CHANGES)
    return sorted(
        (Holding(recorded.at, recorded.holder_id) for recorded in named), key=lambda holding: holding.at
    )


TICKET = {
    "ticket_id": "pk",
    "customer_id": "customer_id",
    "customer_code": "customer__code",
    "customer": "customer__name",
    "account_manager_id": "customer__account_manager_id",
    "owner_id": "owner_id",
    "backup_manager_id": "customer__backup_account_manager_id",
    "own_scenario": "scenario",
    "customer_scenario": "customer__scenario",
}
TERMS = {"policy": "policy__name", "policy_version": "number", "channels": "channels",
         "pause_cap_minutes": "pause_cap_minutes"}  # fmt: skip
STARTER = {"starter_id": "author_id", "start_recorded_at": "created_at"}
ANSWER = {"author_id": "author_id", "answer_channel": "channel", "recorded_at": "created_at"}
CONTRACT = {"contract": "reference", "plan_id": "plan_id"}
Columns = Mapping[int, Mapping[str, Any]]


@dataclass(frozen=True)
class _Named:
    """What the rows say of other tables, by the keys that the ledger names."""

    tickets: Columns = field(default_factory=dict)
    terms: Columns = field(default_factory=dict)
    starters: Columns = field(default_factory=dict)
    answers: Columns = field(default_factory=dict)
    contracts: Columns = field(default_factory=dict)

    @classmethod
    def of(cls, standings: Iterable[ClockStanding]) -> "_Named":
        """Five queries."""
        known = list(standings)
        return cls(
            _columns(Ticket, TICKET, (standing.ticket for standing in known)),
            _columns(PolicyVersion, TERMS, (standing.policy_version for standing in known)),
            _columns(Message, STARTER, (standing.started_by for standing in known)),
            _columns(Message, ANSWER, (standing.answered_by for standing in known)),
            _columns(Contract, CONTRACT, (standing.contract for standing in known)),
        )

    def row_then(self, row: ClockRow, standing: ClockStanding) -> ClockRow:
        """The row with the values that its ledger proves; what old lines do not say stays as it is."""
        proven: dict[str, Any] = {
            name: value for name in PROVEN if (value := getattr(standing, name)) is not UNKNOWN
        }
        proven |= {
            "answered_by_id": standing.answered_by,
            "waived_by_id": standing.waived_by,
            "calendar_id": row.calendar_id if standing.calendar is UNKNOWN else standing.calendar,
            **self.starters.get(standing.started_by or 0, {}),
            **dict.fromkeys(ANSWER, None),
            **self.answers.get(standing.answered_by or 0, {}),
            **_known(self.tickets, standing.ticket),
            **_known(self.terms, standing.policy_version),
            **(
                dict.fromkeys(CONTRACT)
                if standing.contract is None
                else _known(self.contracts, standing.contract)
            ),
        }
        return row._replace(**proven)


PROVEN = (
    "state", "priority", "started_at", "due_at", "stopped_at", "detected_at", "paused_at", "paused_seconds",
    "waived_at", "waive_reason", "minutes", "calendar_version", "raised_at",
)  # fmt: skip


def _known(columns: Columns, key: Any) -> Mapping[str, Any]:
    return columns.get(key, {}) if isinstance(key, int) else {}


def _columns(model: type[Model], columns: Mapping[str, str], keys: Iterable[Any]) -> Columns:
    wanted = {key for key in keys if isinstance(key, int)}
    rows = model._default_manager.filter(pk__in=wanted).values_list("pk", *columns.values())
    return {pk: dict(zip(columns, values, strict=True)) for pk, *values in rows}

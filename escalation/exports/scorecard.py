"""scorecard.csv: how a week's promises went, by desk, priority, team, account manager, customer and person.

A promise counts once, in the week that decided it, for its customer, their account manager and that manager's
team. Time held, and with it the breach, counts in proportion for the people who held it and for their teams.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple

from escalation.choices import ClockState
from escalation.exports.held import shares
from escalation.exports.incidents import Incident, IncidentKind
from escalation.exports.promises import CustomerColumns, WeekPromise
from escalation.exports.roster import Roster
from escalation.exports.tickets_csv import priority_code
from escalation.lib import csv_sheets

COLUMNS = (
    "group",
    "key",
    "name",
    "promises",
    "met",
    "breached",
    "cancelled",
    "waived",
    "voided",
    "revoked",
    "met_percent",
    "answers",
    "response_median_minutes",
    "response_p90_minutes",
    "response_p95_minutes",
    "near_misses",
    "late_downgrades",
    "escalations_received",
    "held_minutes",
    "breach_share",
)
MINUTE = timedelta(minutes=1)
GROUPS = ("desk", "priority", "team", "account_manager", "customer", "person")


class Key(NamedTuple):
    """One line of the scorecard; an empty key stands for tickets that have none."""

    group: str
    key: str


THE_DESK = Key("desk", "")


@dataclass
class Tally:
    """Response times are counted by whole minutes begun, so that memory does not grow with the rows."""

    outcomes: Counter[ClockState] = field(default_factory=Counter)
    incidents: Counter[IncidentKind] = field(default_factory=Counter)
    near_misses: int = 0
    response_minutes: Counter[int] = field(default_factory=Counter)
    held: timedelta = timedelta(0)
    breach_share: float = 0.0
    name: str = ""

    def absorb(self, other: "Tally") -> None:
        self.outcomes.update(other.outcomes)
        self.incidents.update(other.incidents)
        self.near_misses += other.near_misses
        self.response_minutes.update(other.response_minutes)
        self.held += other.held
        self.breach_share += other.breach_share

    @property
    def met_percent(self) -> float | None:
        """Of the promises kept or broken; cancelled ones say nothing."""
        judged = self.outcomes[ClockState.MET] + self.outcomes[ClockState.BREACHED]
        return round(100 * self.outcomes[ClockState.MET] / judged, 1) if judged else None


class Cell(NamedTuple):
    """What is counted together before it is summed up to lines; `person_id` only where somebody is concerned."""

    priority: int
    customer_id: int | None
    person_id: int | None = None


class Scorecard:
    """Fill it promise by promise, incident by incident; then ask for its lines."""

    def __init__(self, roster: Roster) -> None:
        self.roster = roster
        self._customers: dict[int | None, CustomerColumns] = {}
        self._promises: defaultdict[Cell, Tally] = defaultdict(Tally)
        self._people: defaultdict[Cell, Tally] = defaultdict(
            Tally
        )  # what they held, and what happened to them
        self._judged: defaultdict[int, Counter[ClockState]] = defaultdict(Counter)  # of each person

    def add(self, promise: WeekPromise) -> None:
        clock = promise.clock
        if clock.customer_id not in self._customers:
            self._customers[clock.customer_id] = clock.customer_side
        cell = Cell(clock.priority, clock.customer_id)
        tally = self._promises[cell]
        if promise.answered_here and promise.response is not None:
            tally.response_minutes[-(-promise.response // MINUTE)] += 1
        if promise.counts:
            tally.outcomes[promise.verdict.state] += 1
            tally.near_misses += promise.is_near_miss
            self._add_holders(promise, cell)

    def add_incident(self, incident: Incident) -> None:
        self._customers[incident.customer.pk] = incident.customer
        cell = Cell(incident.priority, incident.customer.pk, incident.person_id)
        self._people[cell].incidents[incident.kind] += 1

    def lines(self) -> dict[Key, Tally]:
        """In a fixed order: group by group as in GROUPS, each by its key."""
        lines: defaultdict[Key, Tally] = defaultdict(Tally, {THE_DESK: Tally()})
        for cell, tally in self._promises.items():
            manager_id = self._customers[cell.customer_id].account_manager_id
            for key, name in (*self._sides_of(cell), self._team(manager_id)):
                _line(lines, key, name).absorb(tally)
        for cell, tally in self._people.items():
            for key, name in (
                *self._sides_of(cell),
                self._team(cell.person_id),
                self._person(cell.person_id),
            ):
                _line(lines, key, name).absorb(tally)
        for person_id, outcomes in self._judged.items():
            _line(lines, *self._person(person_id)).outcomes.update(outcomes)
        return {key: lines[key] for key in sorted(lines, key=lambda key: (GROUPS.index(key.group), key.key))}

    def _add_holders(self, promise: WeekPromise, cell: Cell) -> None:
        state = promise.verdict.state
        parts = shares(promise.held) if state == ClockState.BREACHED else {}
        for holder_id, time in promise.held.items():
            tally = self._people[Cell(cell.priority, cell.customer_id, holder_id)]
            tally.held += time
            tally.breach_share += parts.get(holder_id, 0)
            self._judged[holder_id][state] += 1

    def _sides_of(self, cell: Cell) -> tuple[tuple[Key, str], ...]:
        """Every line but those of people and their teams."""
        customer = self._customers[cell.customer_id]
        manager = self.roster[customer.account_manager_id]
        return (
            (THE_DESK, ""),
            (Key("priority", priority_code(cell.priority)), ""),
            (Key("account_manager", manager.username), manager.name),
            (Key("customer", customer.code or ""), customer.name or ""),
        )

    def _team(self, user_id: int | None) -> tuple[Key, str]:
        team = self.roster[user_id].team
        return Key("team", team), team

    def _person(self, user_id: int | None) -> tuple[Key, str]:
        person = self.roster[user_id]
        return Key("person", person.username), person.name


def scorecard_rows(lines: Mapping[Key, Tally]) -> Iterator[list[csv_sheets.Cell]]:
    return (_row(key, tally) for key, tally in lines.items())


def _line(lines: defaultdict[Key, Tally], key: Key, name: str) -> Tally:
    tally = lines[key]
    tally.name = name
    return tally


def _row(key: Key, tally: Tally) -> list[csv_sheets.Cell]:
    outcomes, incidents = tally.outcomes, tally.incidents
    return [
        key.group,
        key.key,
        tally.name,
        outcomes.total(),
        outcomes[ClockState.MET],
        outcomes[ClockState.BREACHED],
        outcomes[ClockState.CANCELLED],
        incidents[IncidentKind.WAIVED],
        incidents[IncidentKind.VOIDED],
        incidents[IncidentKind.REVOKED],
        tally.met_percent,
        tally.response_minutes.total(),
        *percentiles(tally.response_minutes, (50, 90, 95)),
        tally.near_misses,
        incidents[IncidentKind.LATE_DOWNGRADE],
        incidents[IncidentKind.ESCALATION],
        round(tally.held / MINUTE),
        round(tally.breach_share, 2),
    ]


def percentiles(counts: Counter[int], wanted: Iterable[int]) -> list[int | None]:
    """Nearest rank: the smallest value that so many percent do not exceed; none where nothing was counted."""
    total = counts.total()
    return [_at_rank(counts, math.ceil(total * percent / 100)) if total else None for percent in wanted]


def _at_rank(counts: Counter[int], rank: int) -> int:
    seen = 0
    for value in sorted(counts):
        seen += counts[value]
        if seen >= rank:
            return value
    raise ValueError(f"There is no rank {rank} among {seen} values.")

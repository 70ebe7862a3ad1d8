"""scorecard.csv: how a week's promises went, by desk, priority, team, account manager, customer and person.

A promise counts once, in the week that decided it, for its customer, their account manager and that manager's
team. Time held, and with it the breach, counts in proportion for the people who held it and for their teams.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple

from escalation.choices import ClockState
from escalation.csvsafe import Cell
from escalation.exports.held import shares
from escalation.exports.incidents import Incident, IncidentKind
from escalation.exports.promises import CustomerSide, Promise
from escalation.exports.roster import Roster
from escalation.exports.tickets_csv import priority_code

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


@dataclass
class Tally:
    """Response times are counted by whole minutes begun, so that memory does not grow with the rows."""

    name: str = ""
    outcomes: Counter[ClockState] = field(default_factory=Counter)
    incidents: Counter[IncidentKind] = field(default_factory=Counter)
    near_misses: int = 0
    response_minutes: Counter[int] = field(default_factory=Counter)
    held: timedelta = timedelta(0)
    breach_share: float = 0.0

    def count(self, promise: Promise) -> None:
        if promise.counts:
            self.outcomes[promise.verdict.state] += 1
            self.near_misses += promise.is_near_miss
        if promise.answered_here and promise.response is not None:
            self.response_minutes[math.ceil(promise.response / MINUTE)] += 1

    @property
    def met_percent(self) -> float | None:
        """Of the promises kept or broken; cancelled ones say nothing."""
        judged = self.outcomes[ClockState.MET] + self.outcomes[ClockState.BREACHED]
        return round(100 * self.outcomes[ClockState.MET] / judged, 1) if judged else None


class Scorecard:
    """Fill it promise by promise, incident by incident; then read its rows."""

    def __init__(self, roster: Roster) -> None:
        self.roster = roster
        self._tallies: defaultdict[Key, Tally] = defaultdict(Tally)
        self.tally("desk")

    def tally(self, group: str, key: str = "", name: str = "") -> Tally:
        found = self._tallies[Key(group, key)]
        found.name = name or found.name
        return found

    def add(self, promise: Promise) -> None:
        customer = promise.clock.customer_side
        sides = self._sides_of(promise.clock.priority, customer)
        for tally in (*sides, self._team(customer.account_manager_id)):
            tally.count(promise)
        if promise.counts:
            self._add_holders(promise, sides)

    def add_incident(self, incident: Incident) -> None:
        sides = self._sides_of(incident.priority, incident.customer)
        for tally in (*sides, self._team(incident.person_id), self._person(incident.person_id)):
            tally.incidents[incident.kind] += 1

    def rows(self) -> Iterator[list[Cell]]:
        """In a fixed order: group by group as in GROUPS, each by its key."""
        for key in sorted(self._tallies, key=lambda key: (GROUPS.index(key.group), key.key)):
            yield _row(key, self._tallies[key])

    def _add_holders(self, promise: Promise, sides: tuple[Tally, ...]) -> None:
        parts = shares(promise.held)
        breached = promise.verdict.state == ClockState.BREACHED
        for holder_id, time in promise.held.items():
            person = self._person(holder_id)
            person.outcomes[promise.verdict.state] += 1
            for tally in (*sides, self._team(holder_id), person):
                tally.held += time
                tally.breach_share += parts[holder_id] if breached else 0

    def _sides_of(self, priority: int, customer: CustomerSide) -> tuple[Tally, ...]:
        manager = self.roster[customer.account_manager_id]
        return (
            self.tally("desk"),
            self.tally("priority", priority_code(priority)),
            self.tally("account_manager", manager.username, manager.name),
            self.tally("customer", customer.code or "", customer.name or ""),
        )

    def _team(self, user_id: int | None) -> Tally:
        team = self.roster[user_id].team
        return self.tally("team", team, team)

    def _person(self, user_id: int | None) -> Tally:
        person = self.roster[user_id]
        return self.tally("person", person.username, person.name)


def _row(key: Key, tally: Tally) -> list[Cell]:
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

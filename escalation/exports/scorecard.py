"""scorecard.csv: the outcome of a week's promises, by desk, priority, team, account manager, customer and person.

A promise counts once, in the week that decided it, for its customer, their account manager and that manager's
team. A breach counts for the people who held the promise and for their teams, in proportion to the time they
held it.
"""

import math
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import Enum
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from django.db.models import F, IntegerField, OuterRef, Q, Subquery
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce

from escalation.choices import ClockChange, ClockKind, ClockState
from escalation.exports.bulk_reading import ROWS_AT_A_TIME, NamedPerson, People
from escalation.exports.held_seconds import SECOND, WHOLE, shares_of, whole_seconds
from escalation.exports.promises import JudgedPromise
from escalation.exports.tickets_csv import priority_code
from escalation.lib.csv_sheets import Cell
from escalation.lib.weeks import CoveredTime
from escalation.models import ClockEvent, Escalation

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
    "breached_waived",
    "adjusted_percent",
    "first_responses",
    "first_response_median_seconds",
    "first_response_p90_seconds",
    "first_response_p95_seconds",
    "next_responses",
    "next_response_median_seconds",
    "next_response_p90_seconds",
    "next_response_p95_seconds",
    "near_misses",
    "late_downgrades",
    "proposals_decided",
    "proposals_rejected",
    "proposals_rejected_percent",
    "wrong_rejections",
    "escalations_received",
    "held_seconds",
    "breach_share",
    "adjusted_breach_share",
)
PERCENTS = (50, 90, 95)
GROUPS = ("desk", "priority", "team", "account_manager", "customer", "person")


class ScoredCustomer(NamedTuple):
    """The customer that a promise or incident counts for; all None for an unknown sender."""

    pk: int | None
    code: str | None
    name: str | None
    account_manager_id: int | None


CLOCK_PATHS = ("clock__ticket_id", "clock_id", "priority")
CUSTOMER_PATHS = (  # of ScoredCustomer, from a ledger line or a firing
    "clock__ticket__customer_id",
    "clock__ticket__customer__code",
    "clock__ticket__customer__name",
    "clock__ticket__customer__account_manager_id",
)


class IncidentKind(Enum):
    """Waived: a lead excused a promise. Voided: a lead took an answer back. Revoked: the answer did not arrive.

    Confirmed and rejected: a person decided about a proposed priority. Wrongly rejected: it ended in a P0 or a breach.
    """

    WAIVED = "waived"
    VOIDED = "voided"
    REVOKED = "revoked"
    ESCALATION = "escalation"
    LATE_DOWNGRADE = "late downgrade"
    PROPOSAL_CONFIRMED = "proposal confirmed"
    PROPOSAL_REJECTED = "proposal rejected"
    WRONGLY_REJECTED = "proposal wrongly rejected"


@dataclass(frozen=True)
class Incident:
    """`person_id` is the holder, the receiver of an escalation, or whoever lowered the priority or decided about it.

    `clock_id` is None if it concerns the ticket as a whole.
    """

    kind: IncidentKind
    priority: int
    customer: ScoredCustomer
    person_id: int | None
    at: datetime
    ticket_id: int
    clock_id: int | None
    row_id: int  # of the escalation, the ledger line or the proposal that says so


class LineKey(NamedTuple):
    """Identifies one line of the scorecard; an empty key stands for tickets that have no such attribute."""

    group: str
    key: str


THE_DESK = LineKey("desk", "")


@dataclass
class Tally:
    """The figures of a line. A response is kept as its seconds, in four bytes; a breach is shared in millionths."""

    outcomes: Counter[ClockState] = field(default_factory=Counter)
    incidents: Counter[IncidentKind] = field(default_factory=Counter)
    near_misses: int = 0
    first_responses: "array[int]" = field(default_factory=lambda: array("I"))
    next_responses: "array[int]" = field(default_factory=lambda: array("I"))
    held_seconds: int = 0
    breach_millionths: int = 0
    breached_waived: int = 0
    waived_millionths: int = 0
    name: str = ""

    def add_response(self, promise: JudgedPromise) -> None:
        """Count the time of a first or next response; updates and resolutions have none."""
        if promise.response is None:
            return
        match promise.clock.kind:
            case ClockKind.FIRST_RESPONSE:
                self.first_responses.append(promise.response // SECOND)
            case ClockKind.NEXT_RESPONSE:
                self.next_responses.append(promise.response // SECOND)

    def add(self, other: "Tally", *, name: str) -> None:
        self.outcomes.update(other.outcomes)
        self.incidents.update(other.incidents)
        self.near_misses += other.near_misses
        self.first_responses.extend(other.first_responses)
        self.next_responses.extend(other.next_responses)
        self.held_seconds += other.held_seconds
        self.breach_millionths += other.breach_millionths
        self.breached_waived += other.breached_waived
        self.waived_millionths += other.waived_millionths
        self.name = name

    @property
    def met_percent(self) -> float | None:
        """The share of promises met among those met or breached; cancelled ones do not count."""
        return _share(self.outcomes[ClockState.MET], self.outcomes[ClockState.BREACHED])

    @property
    def adjusted_percent(self) -> float | None:
        """The same without the breaches that two people waived."""
        breached = self.outcomes[ClockState.BREACHED] - self.breached_waived
        return _share(self.outcomes[ClockState.MET], breached)

    @property
    def proposals_decided(self) -> int:
        return (
            self.incidents[IncidentKind.PROPOSAL_CONFIRMED] + self.incidents[IncidentKind.PROPOSAL_REJECTED]
        )

    @property
    def proposals_rejected_percent(self) -> float | None:
        """The share of wrong proposals among those that people decided about."""
        rejected, decided = self.incidents[IncidentKind.PROPOSAL_REJECTED], self.proposals_decided
        return round(100 * rejected / decided, 1) if decided else None


def _share(met: int, breached: int) -> float | None:
    judged = met + breached
    return round(100 * met / judged, 1) if judged else None


class Bucket(NamedTuple):
    """A group that is counted before it is added to the lines; `person_id` only if it concerns a person."""

    priority: int
    customer_id: int | None
    person_id: int | None = None


class Scorecard:
    """Fill it promise by promise and incident by incident, then ask for its lines."""

    def __init__(self, people: People) -> None:
        self.people = people
        self._customers: dict[int | None, ScoredCustomer] = {}
        self._by_customer: defaultdict[Bucket, Tally] = defaultdict(Tally)
        # What people held, and their incidents.
        self._by_person: defaultdict[Bucket, Tally] = defaultdict(Tally)
        # The outcomes of promises each person held, and their own responses: for the person's line alone.
        self._of_persons: defaultdict[int, Tally] = defaultdict(Tally)

    def add(self, promise: JudgedPromise) -> None:
        clock, state = promise.clock, promise.verdict.state
        if clock.customer_id not in self._customers:
            self._customers[clock.customer_id] = ScoredCustomer(
                clock.customer_id, clock.customer_code, clock.customer, clock.account_manager_id
            )
        tally = self._by_customer[Bucket(clock.priority, clock.customer_id)]
        if promise.is_answered_here:
            tally.add_response(promise)
            if clock.author_id is not None:
                self._of_persons[clock.author_id].add_response(promise)
        if not promise.is_decided_here:
            return
        tally.outcomes[state] += 1
        is_waived = state == ClockState.BREACHED and clock.waived_at is not None
        tally.breached_waived += is_waived
        tally.near_misses += promise.is_near_miss
        held = whole_seconds(promise.held)
        shares = shares_of(held) if state == ClockState.BREACHED else {}
        for holder_id, seconds in held.items():
            holder = self._by_person[Bucket(clock.priority, clock.customer_id, holder_id)]
            holder.held_seconds += seconds
            holder.breach_millionths += shares.get(holder_id, 0)
            holder.waived_millionths += is_waived * shares.get(holder_id, 0)
            self._of_persons[holder_id].outcomes[state] += 1
            self._of_persons[holder_id].breached_waived += is_waived
            self._of_persons[holder_id].near_misses += promise.is_near_miss

    def add_incident(self, incident: Incident) -> None:
        self._customers[incident.customer.pk] = incident.customer
        bucket = Bucket(incident.priority, incident.customer.pk, incident.person_id)
        self._by_person[bucket].incidents[incident.kind] += 1

    def lines(self) -> dict[LineKey, Tally]:
        """The lines in a fixed order: group by group as in GROUPS, each by its key."""
        lines: defaultdict[LineKey, Tally] = defaultdict(Tally, {THE_DESK: Tally()})
        for bucket, tally in self._by_customer.items():
            manager_id = self._customers[bucket.customer_id].account_manager_id
            for key, name in self._keys_of(bucket, team_of=manager_id):
                lines[key].add(tally, name=name)
        for bucket, tally in self._by_person.items():
            person = self.people[bucket.person_id]
            for key, name in self._keys_of(bucket, team_of=bucket.person_id):
                lines[key].add(tally, name=name)
            lines[LineKey("person", person.username)].add(tally, name=person.name)
        for person_id, tally in self._of_persons.items():
            person = self.people[person_id]
            lines[LineKey("person", person.username)].add(tally, name=person.name)
        return {key: lines[key] for key in sorted(lines, key=lambda key: (GROUPS.index(key.group), key.key))}

    def people_named(self) -> set[NamedPerson]:
        """Everybody whose name or team the lines were made with."""
        managers = {customer.account_manager_id for customer in self._customers.values()}
        persons = {bucket.person_id for bucket in self._by_person}
        return {self.people[pk] for pk in managers | persons | self._of_persons.keys() if pk is not None}

    def _keys_of(self, bucket: Bucket, *, team_of: int | None) -> tuple[tuple[LineKey, str], ...]:
        """The lines that a bucket belongs to, with their names, except for the person's line."""
        customer = self._customers[bucket.customer_id]
        manager, team = self.people[customer.account_manager_id], self.people[team_of].team
        return (
            (THE_DESK, ""),
            (LineKey("priority", priority_code(bucket.priority)), ""),
            (LineKey("account_manager", manager.username), manager.name),
            (LineKey("customer", customer.code or ""), customer.name or ""),
            (LineKey("team", team), team),
        )


def scorecard_row(key: LineKey, tally: Tally) -> list[Cell]:
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
        tally.breached_waived,
        tally.adjusted_percent,
        len(tally.first_responses),
        *percentiles(tally.first_responses, PERCENTS),
        len(tally.next_responses),
        *percentiles(tally.next_responses, PERCENTS),
        tally.near_misses,
        incidents[IncidentKind.LATE_DOWNGRADE],
        tally.proposals_decided,
        incidents[IncidentKind.PROPOSAL_REJECTED],
        tally.proposals_rejected_percent,
        incidents[IncidentKind.WRONGLY_REJECTED],
        incidents[IncidentKind.ESCALATION],
        tally.held_seconds,
        round(Decimal(tally.breach_millionths) / WHOLE, 2),
        round(Decimal(tally.breach_millionths - tally.waived_millionths) / WHOLE, 2),
    ]


def percentiles(values: Iterable[int], percents: Iterable[int]) -> list[int | None]:
    """By nearest rank: the smallest value that reaches each percentage of all values; None if there is none."""
    ranked = sorted(values)
    return [ranked[math.ceil(len(ranked) * percent / 100) - 1] if ranked else None for percent in percents]


def incidents_of(period: CoveredTime) -> Iterator[Incident]:
    """The incidents of a week: escalations, undone answers, waivers, late downgrades."""
    yield from _escalations(period)
    yield from _undone_answers_and_waivers(period)
    yield from _late_downgrades(period)


def _escalations(period: CoveredTime) -> Iterator[Incident]:
    """The firings that moved a ticket to somebody; a firing that only notifies does not count as an incident."""
    fired = Escalation.objects.filter(
        fired_at__gte=period.start,
        fired_at__lt=period.end,
        to_owner__isnull=False,
        clock__ticket__is_drill=False,
    ).annotate(priority=_priority_then(recorded_at__lte=OuterRef("fired_at")))
    fields = ("pk", "fired_at", *CLOCK_PATHS, *CUSTOMER_PATHS, "to_owner_id")
    rows = fired.order_by("pk").values_list(*fields)
    for pk, at, ticket_id, clock_id, priority, *customer, person_id in rows.iterator(ROWS_AT_A_TIME):
        scored = ScoredCustomer._make(customer)
        yield Incident(IncidentKind.ESCALATION, priority, scored, person_id, at, ticket_id, clock_id, pk)


def _undone_answers_and_waivers(period: CoveredTime) -> Iterator[Incident]:
    lines = ClockEvent.objects.filter(
        change__in=[ClockChange.REVOKED, ClockChange.WAIVED],
        at__gte=period.start,
        at__lt=period.end,
        recorded_at__lt=period.as_of,
        clock__ticket__is_drill=False,
    ).annotate(priority=_priority_then(pk__lt=OuterRef("pk")))
    fields = ("pk", "change", "actor_id", "at", *CLOCK_PATHS, *CUSTOMER_PATHS, "holder_id")
    rows = lines.order_by("pk").values_list(*fields).iterator(chunk_size=ROWS_AT_A_TIME)
    for pk, change, actor_id, at, ticket_id, clock_id, priority, *customer, person_id in rows:
        if change == ClockChange.WAIVED:
            kind = IncidentKind.WAIVED
        else:
            kind = IncidentKind.VOIDED if actor_id else IncidentKind.REVOKED
        scored = ScoredCustomer._make(customer)
        yield Incident(kind, priority, scored, person_id, at, ticket_id, clock_id, pk)


def _late_downgrades(period: CoveredTime) -> Iterator[Incident]:
    """Priorities lowered in the last fifth of a promise that was open then; each change counts once.

    A ledger line has the priority after it; the priority that was lowered is in the line before it.
    """
    lines = ClockEvent.objects.filter(
        change=ClockChange.RETARGETED,
        data__late=True,
        recorded_at__gte=period.start,
        recorded_at__lt=period.end,
        clock__ticket__is_drill=False,
    ).annotate(lowered=_priority_then(pk__lt=OuterRef("pk")))
    fields = ("recorded_at", "clock__ticket_id", "pk", "actor_id", "lowered", *CUSTOMER_PATHS)
    rows = lines.order_by("recorded_at", "clock__ticket_id", "pk").values_list(*fields)
    for _change, lines_of_change in groupby(rows.iterator(chunk_size=ROWS_AT_A_TIME), key=itemgetter(0, 1)):
        at, ticket_id, pk, actor_id, lowered, *customer = next(lines_of_change)
        scored = ScoredCustomer._make(customer)
        yield Incident(IncidentKind.LATE_DOWNGRADE, lowered, scored, actor_id, at, ticket_id, None, pk)


def _priority_then(**earlier: OuterRef) -> Coalesce:
    """The priority of a clock at a line or a firing: that of the last line before it which has one."""
    with_priority = Q(change__in=[ClockChange.STARTED, ClockChange.RETARGETED])
    lines = ClockEvent.objects.filter(with_priority, clock=OuterRef("clock"), **earlier).order_by("-pk")
    priority = lines.annotate(then=Cast(KT("data__priority"), IntegerField())).values("then")[:1]
    return Coalesce(Subquery(priority), F("clock__priority"), output_field=IntegerField())

"""The lines of a scorecard: by team, person, customer and so on, and the names of their keys.

A promise counts for its customer, their account manager and that manager's team; the time that it was held, its
breach and incidents count for the people concerned and their teams, as in the weekly pack.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import pgettext, pgettext_lazy

from customers.choices import Scenario
from customers.models import Contract, Customer, ServicePlan
from escalation.exports.bulk_reading import People
from escalation.exports.clock_rows import ClockRow
from escalation.exports.promises import JudgedPromise
from tickets.choices import Priority


class Dimension(TextChoices):
    DESK = "desk", pgettext_lazy("scorecard by", "Desk")
    TEAM = "team", pgettext_lazy("scorecard by", "Team")
    PERSON = "person", pgettext_lazy("scorecard by", "Owner or duty engineer")
    ACCOUNT_MANAGER = "account_manager", pgettext_lazy("scorecard by", "Account manager")
    CUSTOMER = "customer", pgettext_lazy("scorecard by", "Customer")
    SCENARIO = "scenario", pgettext_lazy("scorecard by", "Scenario")
    PRIORITY = "priority", pgettext_lazy("scorecard by", "Priority")
    PLAN = "plan", pgettext_lazy("scorecard by", "Service plan")


class CountedFor(NamedTuple):
    """What decides which line something counts for, whoever held it. Keys of rows, or None."""

    customer_id: int | None
    account_manager_id: int | None
    priority: int
    scenario: str
    plan_id: int | None


def promise_counts_for(clock: ClockRow) -> CountedFor:
    scenario = clock.own_scenario or clock.customer_scenario or ""
    return CountedFor(clock.customer_id, clock.account_manager_id, clock.priority, scenario, clock.plan_id)


class LineKeys:
    """Finds the key of the line in one dimension. ``people`` tells their teams."""

    def __init__(self, dimension: Dimension, people: People) -> None:
        self.dimension, self._people = dimension, people

    def of(self, counted: CountedFor) -> str | None:
        """The line that the outcome counts for; None where lines are people, who have their own part."""
        match self.dimension:
            case Dimension.DESK:
                return ""
            case Dimension.TEAM:
                return self._people[counted.account_manager_id].team
            case Dimension.ACCOUNT_MANAGER:
                return _text(counted.account_manager_id)
            case Dimension.CUSTOMER:
                return _text(counted.customer_id)
            case Dimension.SCENARIO:
                return counted.scenario
            case Dimension.PRIORITY:
                return str(counted.priority)
            case Dimension.PLAN:
                return _text(counted.plan_id)
            case Dimension.PERSON:
                return None

    def of_outcome(self, promise: JudgedPromise) -> set[str]:
        """The lines whose outcomes count the promise: one, or those of everybody who held it."""
        counted = promise_counts_for(promise.clock)
        own = self.of(counted)
        return {self.of_person(counted, holder) for holder in promise.held} if own is None else {own}

    def of_person(self, counted: CountedFor, person_id: int | None) -> str:
        """The line that a person's part in it counts for: theirs, their team's, or the one it counts for anyway."""
        match self.dimension:
            case Dimension.PERSON:
                return _text(person_id)
            case Dimension.TEAM:
                return self._people[person_id].team
            case _shared:
                return self.of(counted) or ""


def _text(key: int | None) -> str:
    return "" if key is None else str(key)


def names_of(dimension: Dimension, people: People) -> Mapping[str, str]:
    """The names of a dimension's keys. At most one query."""
    match dimension:
        case Dimension.DESK:
            return {}
        case Dimension.TEAM:
            return {person.team: person.team for person in people.values() if person.team}
        case Dimension.PERSON | Dimension.ACCOUNT_MANAGER:
            return {str(pk): person.name for pk, person in people.items() if pk is not None}
        case Dimension.CUSTOMER:
            return {str(pk): name for pk, name in Customer.objects.order_by().values_list("pk", "name")}
        case Dimension.SCENARIO:
            return {scenario.value: str(scenario.label) for scenario in Scenario}
        case Dimension.PRIORITY:
            return {str(priority.value): str(priority.label) for priority in Priority}
        case Dimension.PLAN:
            return {str(pk): name for pk, name in ServicePlan.objects.order_by().values_list("pk", "name")}


def name_of_none(dimension: Dimension) -> str:
    """What the line without a key is called."""
    match dimension:
        case Dimension.DESK:
            return _("The whole desk")
        case Dimension.TEAM:
            return pgettext("scorecard line", "No team")
        case Dimension.CUSTOMER:
            return _("unknown company")
        case Dimension.PLAN:
            return pgettext("scorecard line", "No contract")
        case _other:
            return pgettext("scorecard line", "Nobody")


class PlansInForce:
    """The plan of a customer's contract at a time, for what is no promise. One query."""

    def __init__(self) -> None:
        self._contracts: dict[int, list[tuple[date, date | None, str, int]]] = {}
        fields = ("customer_id", "starts_on", "ends_on", "time_zone", "customer__time_zone", "plan_id")
        rows: Sequence[tuple[int, date, date | None, str, str, int]]
        rows = list(Contract.objects.order_by().values_list(*fields))
        for customer_id, first, last, own_zone, zone, plan_id in rows:
            self._contracts.setdefault(customer_id, []).append((first, last, own_zone or zone, plan_id))

    def at(self, customer_id: int | None, moment: datetime) -> int | None:
        for first, last, zone, plan_id in self._contracts.get(customer_id or 0, ()):
            day = moment.astimezone(ZoneInfo(zone)).date()
            if first <= day and (last is None or day <= last):
                return plan_id
        return None

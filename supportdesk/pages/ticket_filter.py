"""The one filter over tickets: the board, lists and exports accept the same parameters.

`TicketFilter(data, queryset=visible_tickets(user), user=user, now=now)`; `.qs` is the result, `.errors` names
the parameters that were not understood and therefore ignored.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import django_filters
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Q, QuerySet, TextChoices
from django.forms import CheckboxSelectMultiple, HiddenInput
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django_filters.filterset import FilterSet

from customers.access import sees_all, team_ids, visible_customers
from customers.choices import Scenario
from customers.models import Customer, Desk
from customers.names import name_of
from escalation.models import Clock
from escalation.models.clock import ClockQuerySet
from tickets.choices import Priority, Status
from tickets.models import Ticket
from tickets.models.tag import tagged_tickets
from tickets.models.ticket import TicketQuerySet
from tickets.search.finding import FoundTickets, find_all, find_tickets

SOON = timedelta(hours=1)


class OwnerChoice(TextChoices):
    """The owner to filter by; any other value is the key of a colleague."""

    ME = "me", pgettext_lazy("whose tickets", "Mine")
    TEAM = "team", pgettext_lazy("whose tickets", "My team's")
    INTAKE = "intake", pgettext_lazy("whose tickets", "Unassigned (intake)")


class PromiseChoice(TextChoices):
    BREACHED = "breached", pgettext_lazy("promise filter", "Breached, unanswered")
    SOON = "soon", pgettext_lazy("promise filter", "Due within 1 h")
    RUNNING = "running", pgettext_lazy("promise filter", "Running")
    OPEN = "open", pgettext_lazy("promise filter", "Any open promise")
    NONE = "none", pgettext_lazy("promise filter", "No open promise")


def filter_clocks(clocks: ClockQuerySet, promise: str, now: datetime) -> ClockQuerySet:
    """Open clocks in the state that a PromiseChoice names; one past its due time is breached, unless it is waived."""
    match promise:
        case PromiseChoice.BREACHED:
            return clocks.filter(due_at__lte=now, waived_at=None)
        case PromiseChoice.SOON:
            return clocks.filter(due_at__gt=now, due_at__lte=now + SOON)
        case PromiseChoice.RUNNING:
            return clocks.filter(due_at__gt=now)
        case _any_open:
            return clocks


class TicketFilter(FilterSet):
    promise = django_filters.ChoiceFilter(
        label=_("SLA"),
        choices=PromiseChoice.choices,
        method="filter_promise",
        empty_label=_("Any SLA"),
    )
    priority = django_filters.MultipleChoiceFilter(
        label=_("Priority"), choices=Priority.choices, widget=CheckboxSelectMultiple, distinct=False
    )
    status = django_filters.MultipleChoiceFilter(label=_("Status"), choices=Status.choices, distinct=False)
    owner = django_filters.ChoiceFilter(
        label=_("Owner"), choices=(), method="filter_owner", empty_label=_("Anyone's")
    )
    customer = django_filters.ModelChoiceFilter(label=_("Customer"), queryset=None, widget=HiddenInput)
    scenario = django_filters.ChoiceFilter(
        label=_("Scenario"),
        method="filter_scenario",
        choices=Scenario.choices,
        empty_label=_("Any scenario"),
    )
    tag = django_filters.CharFilter(label=_("Tag"), method="filter_tag", widget=HiddenInput)
    opened = django_filters.DateFromToRangeFilter(label=_("Received"), field_name="opened_at")
    # The last one: it finds the newest of those tickets that the others leave.
    q = django_filters.CharFilter(label=_("Search"), method="filter_text")

    class Meta:
        model = Ticket
        fields: tuple[str, ...] = ()

    def __init__(
        self,
        data: Mapping[str, Any] | None,
        queryset: TicketQuerySet,
        *,
        user: User,
        now: datetime,
        team: frozenset[int] | None = None,
        is_capped: bool = True,
        **kwargs: Any,
    ) -> None:
        """``queryset`` holds the tickets the user may see; dates of ``opened`` are in the current time zone.

        ``team`` is the user's `team_ids` if the caller has them. A search finds the newest tickets; with
        ``is_capped=False`` it finds all, and takes its time.
        """
        super().__init__(data, queryset, **kwargs)  # type: ignore[no-untyped-call]
        self.user = user
        self.now = now
        self.team = team
        self.is_capped = is_capped
        self.found: FoundTickets | None = None  # by a search, once `qs` was asked for
        self.filters["owner"].extra["choices"] = lambda: self._owners
        self.filters["customer"].queryset = lambda request: self._customers

    def chosen(self, name: str) -> Any:
        """The accepted value of one parameter; empty if it was left out or not understood."""
        self.form.is_valid()
        return getattr(self.form, "cleaned_data", {}).get(name, "")

    @cached_property
    def _owners(self) -> list[tuple[str, Any]]:
        colleagues = get_user_model().objects.filter(is_active=True, is_staff=True)
        if not sees_all(self.user):
            colleagues = colleagues.filter(pk__in=self._team)
        named = [(str(person.pk), name_of(person)) for person in colleagues]
        return [*OwnerChoice.choices, *sorted(named, key=lambda choice: choice[1])]

    @property
    def _customers(self) -> QuerySet[Customer]:
        """Load them only if a customer is chosen: finding out which customers the user may see costs a query."""
        return visible_customers(self.user) if self.data.get("customer") else Customer.objects.none()

    @cached_property
    def _team(self) -> frozenset[int]:
        return team_ids(self.user) if self.team is None else self.team

    def filter_text(self, tickets: TicketQuerySet, name: str, value: str) -> TicketQuerySet:
        if not self.is_capped:
            return find_all(tickets, value)
        self.found = find_tickets(tickets, value)
        return tickets.filter(pk__in=self.found.keys)

    def filter_promise(self, tickets: TicketQuerySet, name: str, value: str) -> TicketQuerySet:
        open_clocks = Clock.objects.ticking().filter(ticket=OuterRef("pk"))
        if value == PromiseChoice.NONE:
            return tickets.filter(~Exists(open_clocks))
        return tickets.filter(Exists(filter_clocks(open_clocks, value, self.now)))

    def filter_scenario(self, tickets: TicketQuerySet, name: str, value: str) -> TicketQuerySet:
        """The ticket's own scenario, which an email rule has set, or else the customer's."""
        return tickets.filter(Q(scenario=value) | Q(scenario="", customer__scenario=value))

    def filter_tag(self, tickets: TicketQuerySet, name: str, value: str) -> TicketQuerySet:
        return tickets.filter(pk__in=tagged_tickets(value))

    def filter_owner(self, tickets: TicketQuerySet, name: str, value: str) -> TicketQuerySet:
        match value:
            case OwnerChoice.ME:
                return tickets.filter(owner=self.user)
            case OwnerChoice.TEAM:
                return tickets.filter(owner__in=self._team)
            case OwnerChoice.INTAKE:
                intake = Desk.objects.values("intake_owner")
                return tickets.filter(owner__in=intake)
            case colleague:
                return tickets.filter(owner=int(colleague))

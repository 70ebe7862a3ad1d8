"""The customer's card on the page of a ticket: the terms of this ticket, and today's terms if they differ."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from customers.choices import Language
from customers.models import Contract, Customer
from escalation.models import Clock, ContractWindow, PolicyTarget
from escalation.policies.terms import contract_in_force, contract_windows
from tickets.models import Ticket
from tickets.models.ticket import TicketQuerySet

OTHER_TICKETS = 5


@dataclass(frozen=True)
class CustomerCard:
    """The card. ``contract`` is the one the ticket's promises are under, ``today`` the one a new ticket would get."""

    customer: Customer
    contract: Contract | None
    today: Contract | None
    windows: Sequence[PolicyTarget | ContractWindow]
    others: Sequence[Ticket]
    others_more: bool

    @property
    def is_outdated(self) -> bool:
        return self.contract != self.today

    @property
    def zone(self) -> str:
        return self.contract.zone if self.contract is not None else self.customer.time_zone

    @property
    def language(self) -> str:
        spoken = self.contract.spoken_language if self.contract is not None else self.customer.language
        return str(Language(spoken).label)

    @property
    def hotline(self) -> str:
        return self.contract.hotline_to_call if self.contract is not None else self.customer.hotline

    @property
    def tech_group(self) -> str:
        return self.contract.group_to_use if self.contract is not None else self.customer.tech_group


def card_of(
    customer: Customer, ticket: Ticket, clocks: Sequence[Clock], *, visible: TicketQuerySet, now: datetime
) -> CustomerCard:
    """The card. ``clocks`` are the ticket's, newest first, with contract and policy version. At most five queries."""
    today = contract_in_force(customer, now)
    leading = _leading(clocks)
    if leading is not None:
        contract = leading.contract
        at = max(leading.started_at, leading.policy_version.created_at)
    else:
        at, contract = ticket.opened_at, contract_in_force(customer, ticket.opened_at)
    if contract is not None and contract.customer_id == customer.pk:
        contract.customer = customer
    others = visible.filter(customer=customer).active().exclude(pk=ticket.pk)
    tickets = list(others.select_related("owner").order_by("priority", "-updated_at")[: OTHER_TICKETS + 1])
    return CustomerCard(
        customer,
        contract,
        today,
        _windows(contract, at),
        tickets[:OTHER_TICKETS],
        len(tickets) > OTHER_TICKETS,
    )


def _leading(clocks: Sequence[Clock]) -> Clock | None:
    """The promise whose terms the card shows: the strictest open one, else the newest."""
    owed = (clock for clock in clocks if clock.is_open)
    return min(owed, key=lambda clock: clock.due_at, default=clocks[0] if clocks else None)


def _windows(contract: Contract | None, at: datetime) -> list[PolicyTarget | ContractWindow]:
    """The windows promised at ``at`` (UTC): the contract's own, else the plan's, else the default policy's."""
    policies = Q(version__policy__is_default=True)
    if contract is not None:
        policies |= Q(version__policy__plan=contract.plan_id)
    targets = PolicyTarget.objects.filter(policies).select_related("calendar", "version")
    ordered = list(targets.order_by("-version__policy__is_default", "version__number"))
    then = [window for window in ordered if window.version.created_at <= at]
    own_windows = contract_windows(contract, at=at)
    newest = _newest([*(then or ordered), *own_windows])
    return sorted(newest, key=lambda window: (window.kind, window.priority))


def _newest(
    windows: Iterable[PolicyTarget | ContractWindow],
) -> Iterable[PolicyTarget | ContractWindow]:
    """The latest window of each kind and priority."""
    return {(window.kind, window.priority): window for window in windows}.values()

"""Contracts: a customer has at most one in force on any day.

Reasons: .github/decisions/customers.md.
"""

from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from customers.errors import DeskError
from customers.models import Contract, Customer, ServicePlan


@dataclass(frozen=True)
class ServiceDetails:
    """How a customer is served under a contract, where that differs from the customer's own page."""

    time_zone: str = ""
    language: str = ""
    hotline: str = ""
    tech_group: str = ""


@transaction.atomic
def save_contract(
    *,
    customer: Customer,
    plan: ServicePlan,
    starts_on: date,
    ends_on: date | None = None,
    reference: str = "",
    details: ServiceDetails | None = None,
    contract: Contract | None = None,
) -> Contract:
    """Write a new contract, or change `contract`. Both days are included; without a last day it has no end.

    Without `details`, the contract keeps the ones it has. Locks the customer, so that two people cannot write
    overlapping contracts at once. Raises DeskError on overlap.
    """
    refuse_overlap(customer=customer, starts_on=starts_on, ends_on=ends_on, besides=contract)
    contract = contract or Contract()
    contract.customer, contract.plan, contract.reference = customer, plan, reference
    contract.starts_on, contract.ends_on = starts_on, ends_on
    if details is not None:
        contract.time_zone, contract.language = details.time_zone, details.language
        contract.hotline, contract.tech_group = details.hotline, details.tech_group
    contract.save()
    return contract


def refuse_overlap(
    *, customer: Customer, starts_on: date, ends_on: date | None, besides: Contract | None = None
) -> None:
    """Raise DeskError if another contract shares a day. Locks the customer until the transaction ends."""
    Customer.objects.select_for_update().get(pk=customer.pk)
    if ends_on is not None and ends_on < starts_on:
        raise DeskError(_("The end date is before the start date."))
    others = overlapping(customer, starts_on, ends_on)
    if besides is not None:
        others = others.exclude(pk=besides.pk)
    if (other := others.select_related("plan").first()) is not None:
        raise DeskError(
            _("The contract %(plan)s from %(first)s to %(last)s covers some of these days. End it first.")
            % {"plan": other.plan, "first": other.starts_on, "last": other.ends_on or "…"}
        )


def overlapping(customer: Customer, first: date, last: date | None) -> QuerySet[Contract]:
    """Contracts in force on any day from `first` to `last`, both included."""
    contracts = Contract.objects.filter(Q(ends_on=None) | Q(ends_on__gte=first), customer=customer)
    return contracts if last is None else contracts.filter(starts_on__lte=last)


def in_force(contracts: QuerySet[Contract], day: date) -> QuerySet[Contract]:
    """Contracts that cover a day of the customer's zone."""
    return contracts.filter(Q(ends_on=None) | Q(ends_on__gte=day), starts_on__lte=day)

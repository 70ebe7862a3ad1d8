"""Contracts: at most one of a customer is in force on any day."""

from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from customers.errors import DeskError
from customers.models import Contract, Customer, ServicePlan


@dataclass(frozen=True)
class ServiceDetails:
    """How a contract's customer is served where it differs from what the customer's own page says."""

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
    ways: ServiceDetails | None = None,
    contract: Contract | None = None,
) -> Contract:
    """Write a new contract, or change `contract`. Both days are included; no last day means without end.

    Without `ways` those of `contract` stay.

    Locks the customer, so that two people cannot write overlapping ones at once. Raises DeskError on overlap.
    """
    refuse_overlap(customer=customer, starts_on=starts_on, ends_on=ends_on, besides=contract)
    contract = contract or Contract()
    contract.customer, contract.plan, contract.reference = customer, plan, reference
    contract.starts_on, contract.ends_on = starts_on, ends_on
    if ways is not None:
        contract.time_zone, contract.language = ways.time_zone, ways.language
        contract.hotline, contract.tech_group = ways.hotline, ways.tech_group
    contract.save()
    return contract


def refuse_overlap(
    *, customer: Customer, starts_on: date, ends_on: date | None, besides: Contract | None = None
) -> None:
    """Raise DeskError when another contract shares a day. Locks the customer until the transaction ends."""
    Customer.objects.select_for_update().get(pk=customer.pk)
    if ends_on is not None and ends_on < starts_on:
        raise DeskError(_("The last day lies before the first."))
    others = overlapping(customer, starts_on, ends_on)
    if besides is not None:
        others = others.exclude(pk=besides.pk)
    if (other := others.select_related("plan").first()) is not None:
        raise DeskError(
            _("The contract %(plan)s from %(first)s to %(last)s covers some of these days. End it first.")
            % {"plan": other.plan, "first": other.starts_on, "last": other.ends_on or "…"}
        )


def overlapping(customer: Customer, first: date, last: date | None) -> QuerySet[Contract]:
    """Contracts that are in force on a day from the first to the last, both included."""
    found = Contract.objects.filter(Q(ends_on=None) | Q(ends_on__gte=first), customer=customer)
    return found if last is None else found.filter(starts_on__lte=last)


def in_force(contracts: QuerySet[Contract], day: date) -> QuerySet[Contract]:
    """Those that cover a day, which is a day of the customer's zone."""
    return contracts.filter(Q(ends_on=None) | Q(ends_on__gte=day), starts_on__lte=day)

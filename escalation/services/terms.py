"""Which promise applies: the contract, the policy version and the window in force at a moment."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from customers.models import Contract, Customer
from escalation.choices import ClockKind
from escalation.models import PolicyTarget
from tickets.errors import DeskError


@dataclass(frozen=True)
class Terms:
    """``target`` carries the window, its calendar and its policy version."""

    contract: Contract | None
    target: PolicyTarget


def contract_in_force(customer: Customer | None, at: datetime) -> Contract | None:
    """The contract whose days, as days of the customer's zone, include the moment ``at`` (UTC)."""
    if customer is None:
        return None
    day = at.astimezone(ZoneInfo(customer.time_zone)).date()
    contracts = customer.contracts.filter(Q(ends_on=None) | Q(ends_on__gte=day), starts_on__lte=day)
    return contracts.order_by("-starts_on", "-pk").first()


def terms_for(*, customer: Customer | None, kind: ClockKind, priority: int, at: datetime) -> Terms:
    """The terms of a promise that starts at ``at`` (UTC): two queries, one without a customer.

    The plan's own policy wins over the default one, and the version in force at ``at`` over later ones. Raises
    DeskError when even the default policy has no such window.
    """
    contract = contract_in_force(customer, at)
    policies = _policies(contract)
    target = _in_force(policies, kind, priority, at) or _earliest(policies, kind, priority)
    if target is None:
        raise DeskError(
            _("No policy promises a %(kind)s for this priority. Add the window to the default policy.")
            % {"kind": kind.label}
        )
    return Terms(contract, target)


def _policies(contract: Contract | None) -> Q:
    default = Q(version__policy__is_default=True)
    return default if contract is None else default | Q(version__policy__plan=contract.plan_id)


def _targets(policies: Q, kind: ClockKind, priority: int) -> QuerySet[PolicyTarget]:
    targets = PolicyTarget.objects.filter(policies, kind=kind, priority=priority)
    return targets.select_related("version__policy__duty_rota", "calendar")


def _in_force(policies: Q, kind: ClockKind, priority: int, at: datetime) -> PolicyTarget | None:
    there = _targets(policies, kind, priority).filter(version__created_at__lte=at)
    return there.order_by("version__policy__is_default", "-version__number").first()


def _earliest(policies: Q, kind: ClockKind, priority: int) -> PolicyTarget | None:
    """For a moment before the first version: mail may be older than the desk."""
    return (
        _targets(policies, kind, priority).order_by("version__policy__is_default", "version__number").first()
    )

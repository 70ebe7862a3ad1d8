"""Which terms apply at a moment: the contract, the policy version and the window in force."""

from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from customers.models import Contract, Customer
from escalation.chains.step_times import first_step_columns
from escalation.choices import ClockKind
from escalation.models import ContractWindow, PolicyTarget, PolicyVersion
from escalation.models.contract_window import ContractWindowQuerySet
from tickets.errors import DeskError

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Terms:
    """``target`` carries the window, its calendar and its policy version."""

    contract: Contract | None
    target: PolicyTarget


def contract_in_force(
    customer: Customer | None, at: datetime, *, besides: Contract | None = None
) -> Contract | None:
    """The contract whose days, in its own zone, include the moment ``at`` (UTC); ``besides`` is left out. One query.

    Contracts may count their days in different zones: of two that cover a moment the later one applies.
    """
    if customer is None:
        return None
    nearly = customer.contracts.filter(nearly_in_force(at))
    if besides is not None:
        nearly = nearly.exclude(pk=besides.pk)
    own = Exists(ContractWindow.objects.at(at).filter(contract=OuterRef("pk")))
    contracts = nearly.select_related("plan").annotate(has_windows=own).order_by("-starts_on", "-pk")
    return next((contract for contract in contracts if covers(contract, customer, at)), None)


def nearly_in_force(at: datetime) -> Q:
    """A filter for contracts that may be in force at ``at`` (UTC), give or take a day for their zone."""
    return Q(Q(ends_on=None) | Q(ends_on__gte=at.date() - DAY), starts_on__lte=at.date() + DAY)


def covers(contract: Contract, customer: Customer, at: datetime) -> bool:
    """True if the contract of this customer, saved or not, is in force at ``at`` (UTC)."""
    contract.customer = customer
    return contract.is_in_force(at)


def terms_for(*, customer: Customer | None, kind: ClockKind, priority: int, at: datetime) -> Terms:
    """The terms of a promise that starts at ``at`` (UTC). Raises DeskError.

    Two queries, one without a customer; a third under a contract with windows of its own.
    """
    contract = contract_in_force(customer, at)
    return Terms(contract, window_for(contract=contract, kind=kind, priority=priority, at=at))


def window_for(*, contract: Contract | None, kind: ClockKind, priority: int, at: datetime) -> PolicyTarget:
    """The window promised at ``at`` (UTC) under the contract, or under the default plan without one.

    The contract's own window wins over the policy's, and the plan's policy over the default one, each in the version of
    that moment. If that version leaves the window out, an older one applies, or the first for a moment before it: mail
    is never refused for lack of a window. Raises DeskError if there never was one.
    """
    targets = targets_of(contract, [kind], priority)
    target = _in_force(targets, at) or _earliest(targets)
    if target is None:
        raise DeskError(
            _("No policy sets a time for “%(kind)s” at this priority. Add it to the default policy.")
            % {"kind": kind.label}
        )
    own = contract_windows(contract, at=at).filter(kind=kind, priority=priority).first()
    return target if own is None else in_place_of(own, target)


def companion_window(
    version: PolicyVersion, kind: ClockKind, priority: int, *, contract: Contract | None, at: datetime
) -> PolicyTarget | None:
    """The window of a kind that a policy may leave out: the contract's own at ``at`` (UTC), else this version's."""
    own = contract_windows(contract, at=at).filter(kind=kind, priority=priority).first()
    if own is not None:
        return in_place_of(own, PolicyTarget(version=version))
    targets = PolicyTarget.objects.filter(version=version, kind=kind, priority=priority)
    first = first_step_columns(contract.pk if contract is not None else None)
    return targets.select_related("version__policy__duty_rota", "calendar").annotate(**first).first()


def contract_windows(contract: Contract | None, *, at: datetime) -> ContractWindowQuerySet:
    """The contract's own windows at ``at`` (UTC). No query if it is known to have none or is not saved yet."""
    if contract is None or contract.pk is None or not getattr(contract, "has_windows", True):
        return ContractWindow.objects.none()
    return ContractWindow.objects.at(at).filter(contract=contract).select_related("calendar")


def in_place_of(own: ContractWindow, target: PolicyTarget) -> PolicyTarget:
    """The contract's own window in place of the policy's, with the version and the steps of the latter."""
    window = copy(target)
    window.pk, window.own = None, own
    window.kind, window.priority = own.kind, own.priority
    window.minutes, window.calendar = own.minutes, own.calendar
    return window


def _policies(contract: Contract | None) -> Q:
    plan = (
        Q(version__policy__plan=contract.plan_id) if contract else Q(version__policy__plan__is_default=True)
    )
    return plan | Q(version__policy__is_default=True)


def targets_of(
    contract: Contract | None, kinds: Iterable[ClockKind], priority: int
) -> QuerySet[PolicyTarget]:
    """The windows in all versions of the policies that serve the contract, or customers without one."""
    targets = PolicyTarget.objects.filter(_policies(contract), kind__in=kinds, priority=priority)
    first = first_step_columns(contract.pk if contract is not None else None)
    return targets.select_related("version__policy__duty_rota", "calendar").annotate(**first)


def existing_at(targets: QuerySet[PolicyTarget], at: datetime) -> "QuerySet[Any]":
    """The windows that existed at ``at`` (UTC); ``is_outdated`` marks those of which a newer version was in force."""
    newer = PolicyVersion.objects.filter(
        policy=OuterRef("version__policy"), created_at__lte=at, number__gt=OuterRef("version__number")
    )
    return targets.filter(version__created_at__lte=at).annotate(is_outdated=Exists(newer))


def _in_force(targets: QuerySet[PolicyTarget], at: datetime) -> PolicyTarget | None:
    order = "is_outdated", "version__policy__is_default", "-version__number"
    target: PolicyTarget | None = existing_at(targets, at).order_by(*order).first()
    return target


def _earliest(targets: QuerySet[PolicyTarget]) -> PolicyTarget | None:
    """The oldest window, for a moment before the first version: mail may be older than the desk."""
    return targets.order_by("version__policy__is_default", "version__number").first()

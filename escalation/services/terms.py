"""Which promise applies: the contract, the policy version and the window in force at a moment."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext as _

from customers.models import Contract, Customer
from escalation.choices import ClockKind
from escalation.models import ContractWindow, EscalationStep, PolicyTarget, PolicyVersion
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
    """The contract whose days, as days of its zone, include the moment ``at`` (UTC). One query.

    Contracts may count their days in different zones: of two that cover a moment the later one applies.
    ``besides`` is left out.
    """
    if customer is None:
        return None
    nearly = customer.contracts.filter(
        Q(ends_on=None) | Q(ends_on__gte=at.date() - DAY), starts_on__lte=at.date() + DAY
    )
    if besides is not None:
        nearly = nearly.exclude(pk=besides.pk)
    own = Exists(ContractWindow.objects.filter(contract=OuterRef("pk")))
    contracts = nearly.select_related("plan").annotate(has_windows=own).order_by("-starts_on", "-pk")
    return next((contract for contract in contracts if covers(contract, customer, at)), None)


def covers(contract: Contract, customer: Customer, at: datetime) -> bool:
    """Whether a contract of the customer, saved or not, is in force at ``at`` (UTC)."""
    contract.customer = customer
    day = at.astimezone(ZoneInfo(contract.zone)).date()
    return contract.starts_on <= day and (contract.ends_on is None or day <= contract.ends_on)


def terms_for(*, customer: Customer | None, kind: ClockKind, priority: int, at: datetime) -> Terms:
    """The terms of a promise that starts at ``at`` (UTC). Raises DeskError.

    Two queries, one without a customer; a third under a contract with windows of its own.
    """
    contract = contract_in_force(customer, at)
    return Terms(contract, window_for(contract=contract, kind=kind, priority=priority, at=at))


def window_for(*, contract: Contract | None, kind: ClockKind, priority: int, at: datetime) -> PolicyTarget:
    """The window promised at ``at`` (UTC) under a contract, or without one under the plan that is the default.

    The contract's own window wins over the policy's, the plan's own policy over the default one, each in its version
    of that moment. Mail is never refused for lack of a window: one that the version of the moment leaves out stands
    as it last was. Raises DeskError when there never was one.
    """
    targets = _targets(_policies(contract), kind, priority)
    target = _in_force(targets, at) or _earliest(targets)
    if target is None:
        raise DeskError(
            _("No policy promises a %(kind)s for this priority. Add the window to the default policy.")
            % {"kind": kind.label}
        )
    return _of_contract(contract, target.version, kind, priority) or target


def companion_window(
    version: PolicyVersion, kind: ClockKind, priority: int, *, contract: Contract | None = None
) -> PolicyTarget | None:
    """The window of a kind that a policy may leave out: the contract's own, else as in the version given."""
    own = _of_contract(contract, version, kind, priority)
    if own is not None:
        return own
    targets = PolicyTarget.objects.filter(version=version, kind=kind, priority=priority)
    return targets.select_related("version__policy__duty_rota", "calendar").first()


def contract_windows(contract: Contract | None) -> QuerySet[ContractWindow]:
    """The contract's own windows. No query for one that was found to have none, or is not saved yet."""
    if contract is None or contract.pk is None or not getattr(contract, "has_windows", True):
        return ContractWindow.objects.none()
    return ContractWindow.objects.filter(contract=contract).select_related("calendar")


def _of_contract(
    contract: Contract | None, version: PolicyVersion, kind: ClockKind, priority: int
) -> PolicyTarget | None:
    """The contract's own window as one of a policy's version, whose steps go with it. No query if it has none."""
    own = contract_windows(contract).filter(kind=kind, priority=priority).first()
    if own is None:
        return None
    return PolicyTarget(
        version=version, kind=kind, priority=priority, minutes=own.minutes, calendar=own.calendar
    )


def _policies(contract: Contract | None) -> Q:
    plan = (
        Q(version__policy__plan=contract.plan_id) if contract else Q(version__policy__plan__is_default=True)
    )
    return plan | Q(version__policy__is_default=True)


def _targets(policies: Q, kind: ClockKind, priority: int) -> QuerySet[PolicyTarget]:
    targets = PolicyTarget.objects.filter(policies, kind=kind, priority=priority)
    chain = EscalationStep.objects.filter(policy=OuterRef("version__policy")).order_by("percent")
    first = Subquery(chain.values("percent")[:1])  # read by chain.first_percent
    return targets.select_related("version__policy__duty_rota", "calendar").annotate(first_step=first)


def _in_force(targets: QuerySet[PolicyTarget], at: datetime) -> PolicyTarget | None:
    newer = PolicyVersion.objects.filter(
        policy=OuterRef("version__policy"), created_at__lte=at, number__gt=OuterRef("version__number")
    )
    there = targets.filter(version__created_at__lte=at).annotate(is_outdated=Exists(newer))
    return there.order_by("is_outdated", "version__policy__is_default", "-version__number").first()


def _earliest(targets: QuerySet[PolicyTarget]) -> PolicyTarget | None:
    """For a moment before the first version: mail may be older than the desk."""
    return targets.order_by("version__policy__is_default", "version__number").first()

"""Which terms apply at a moment: the contract, the policy version and the window in force.

A customer's message starts an answer, and a resolution if one is promised; `starting_terms_of` finds the terms of both
in two queries: one reads the contract with its own windows, another the policy's and what the ticket owes already.
"""

from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, F, FilteredRelation, Model, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from customers.models import Contract, Customer
from escalation.chains.step_times import first_step_columns
from escalation.choices import RESPONSE_KINDS, ClockKind
from escalation.models import Calendar, Clock, ContractWindow, PolicyTarget, PolicyVersion
from escalation.models.contract_window import ContractWindowQuerySet
from tickets.errors import DeskError
from tickets.models import Ticket

DAY = timedelta(days=1)
BEGUN = (*RESPONSE_KINDS, ClockKind.RESOLUTION)
OWN = {f"own_{field.attname}": F(f"own__{field.attname}") for field in ContractWindow._meta.concrete_fields}
CALENDAR = {
    f"calendar_{field.attname}": F(f"own__calendar__{field.attname}")
    for field in Calendar._meta.concrete_fields
}


@dataclass(frozen=True)
class Terms:
    """``target`` carries the window, its calendar and its policy version."""

    contract: Contract | None
    target: PolicyTarget


def contract_in_force(
    customer: Customer | None, at: datetime, *, besides: Contract | None = None
) -> Contract | None:
    """The contract whose days, in its own zone, include the moment ``at`` (UTC); ``besides`` is left out. One query.

    Contracts may count their days in different zones: if two cover a moment, the later one applies.
    """
    if customer is None:
        return None
    nearly = customer.contracts.filter(_nearly_in_force(at))
    if besides is not None:
        nearly = nearly.exclude(pk=besides.pk)
    has_windows = Exists(ContractWindow.objects.at(at).filter(contract=OuterRef("pk")))
    contracts = nearly.select_related("plan").annotate(has_windows=has_windows).order_by("-starts_on", "-pk")
    return next((contract for contract in contracts if covers(contract, customer, at)), None)


def _nearly_in_force(at: datetime) -> Q:
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
    targets = _targets_of(contract, [kind], priority)
    order = "is_outdated", "version__policy__is_default", "-version__number"
    target = _existing_at(targets, at).order_by(*order).first() or _earliest(targets)
    if target is None:
        raise DeskError(
            _("No policy sets a time for “%(kind)s” at this priority. Add it to the default policy.")
            % {"kind": kind.label}
        )
    own_window = contract_windows(contract, at=at).filter(kind=kind, priority=priority).first()
    return target if own_window is None else in_place_of(own_window, target)


def companion_window(
    version: PolicyVersion, kind: ClockKind, priority: int, *, contract: Contract | None, at: datetime
) -> PolicyTarget | None:
    """The window of a kind that a policy may leave out: the contract's own at ``at`` (UTC), else this version's."""
    own_window = contract_windows(contract, at=at).filter(kind=kind, priority=priority).first()
    if own_window is not None:
        return in_place_of(own_window, PolicyTarget(version=version))
    targets = PolicyTarget.objects.filter(version=version, kind=kind, priority=priority)
    first = first_step_columns(contract.pk if contract is not None else None)
    return targets.select_related("version__policy__duty_rota", "calendar").annotate(**first).first()


def contract_windows(contract: Contract | None, *, at: datetime) -> ContractWindowQuerySet:
    """The contract's own windows at ``at`` (UTC). No query if it is known to have none or is not saved yet."""
    if contract is None or contract.pk is None or not getattr(contract, "has_windows", True):
        return ContractWindow.objects.none()
    return ContractWindow.objects.at(at).filter(contract=contract).select_related("calendar")


def in_place_of(own: ContractWindow, target: PolicyTarget) -> PolicyTarget:
    """The contract's own window in place of the policy's, with the policy's version and steps."""
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


def _targets_of(
    contract: Contract | None, kinds: Iterable[ClockKind], priority: int
) -> QuerySet[PolicyTarget]:
    """The windows in all versions of the policies that serve the contract, or customers without one."""
    targets = PolicyTarget.objects.filter(_policies(contract), kind__in=kinds, priority=priority)
    first = first_step_columns(contract.pk if contract is not None else None)
    return targets.select_related("version__policy__duty_rota", "calendar").annotate(**first)


def _existing_at(targets: QuerySet[PolicyTarget], at: datetime) -> "QuerySet[Any]":
    """The windows that existed at ``at`` (UTC); ``is_outdated`` marks those of which a newer version was in force."""
    return targets.filter(version__created_at__lte=at).annotate(is_outdated=_is_outdated(at))


def _is_outdated(at: datetime) -> Exists:
    newer = PolicyVersion.objects.filter(
        policy=OuterRef("version__policy"), created_at__lte=at, number__gt=OuterRef("version__number")
    )
    return Exists(newer)


def _earliest(targets: QuerySet[PolicyTarget]) -> PolicyTarget | None:
    """The oldest window, for a moment before the first version: mail may be older than the desk."""
    return targets.order_by("version__policy__is_default", "version__number").first()


@dataclass(frozen=True)
class StartingTerms:
    """``resolution`` is None if none is promised, or if one is owed already."""

    kind: ClockKind
    answer: Terms
    resolution: Terms | None


@dataclass(frozen=True)
class _ContractTerms:
    """The contract in force, and its own windows by kind."""

    contract: Contract | None
    windows: dict[str, ContractWindow]


def starting_terms_of(ticket: Ticket, *, at: datetime) -> StartingTerms | None:
    """The terms of what a customer's message at ``at`` (UTC) starts; None if an answer is owed already.

    The contract is the one at the ticket's start, whatever replaced it since; the windows are those in force at
    ``at``. Raises DeskError if no answer was ever promised for the priority. Two queries, or one without a customer.
    """
    agreed = _contract_terms(ticket, at)
    rows = _windows_in_force(ticket, agreed.contract, at)
    owed: Any = rows[0] if rows else Ticket.objects.annotate(**_what_is_owed(ticket)).get(pk=ticket.pk)
    if owed.waits_for_answer:
        return None
    kind = ClockKind.NEXT_RESPONSE if owed.was_promised_answer else ClockKind.FIRST_RESPONSE
    answer = next((row for row in rows if row.kind == kind), None)
    if answer is None:
        return _by_earlier_versions(ticket, kind, agreed.contract, at, is_resolving=owed.waits_for_resolution)
    resolution = None if owed.waits_for_resolution else _resolution(rows, answer, agreed)
    own_window = agreed.windows.get(kind)
    terms = Terms(agreed.contract, answer if own_window is None else in_place_of(own_window, answer))
    return StartingTerms(kind, terms, Terms(agreed.contract, resolution) if resolution is not None else None)


def _resolution(rows: list[Any], answer: PolicyTarget, agreed: _ContractTerms) -> PolicyTarget | None:
    """The contract's own window, else the one of the version that promises the answer."""
    own_window = agreed.windows.get(ClockKind.RESOLUTION)
    if own_window is not None:
        return in_place_of(own_window, answer)
    of_version = (row for row in rows if row.version_id == answer.version_id)
    return next((row for row in of_version if row.kind == ClockKind.RESOLUTION), None)


def _by_earlier_versions(
    ticket: Ticket, kind: ClockKind, contract: Contract | None, at: datetime, *, is_resolving: bool
) -> StartingTerms:
    """The terms for mail older than every policy, or for a priority that the versions in force leave out."""
    target = window_for(contract=contract, kind=kind, priority=ticket.priority, at=at)
    resolution = None
    if not is_resolving:
        resolution = companion_window(
            target.version, ClockKind.RESOLUTION, ticket.priority, contract=contract, at=at
        )
    terms = Terms(contract, resolution) if resolution is not None else None
    return StartingTerms(kind, Terms(contract, target), terms)


def _windows_in_force(ticket: Ticket, contract: Contract | None, at: datetime) -> list[Any]:
    """The windows of the versions in force, those of the plan's own policy before the default."""
    targets = _targets_of(contract, BEGUN, ticket.priority)
    targets = targets.filter(~_is_outdated(at), version__created_at__lte=at)
    return list(targets.annotate(**_what_is_owed(ticket)).order_by("version__policy__is_default"))


def _what_is_owed(ticket: Ticket) -> dict[str, Exists]:
    clocks = Clock.objects.filter(ticket=ticket.pk)
    answers = clocks.filter(kind__in=RESPONSE_KINDS)
    return {
        "was_promised_answer": Exists(answers),
        "waits_for_answer": Exists(answers.filter(stopped_at=None)),
        "waits_for_resolution": Exists(clocks.filter(stopped_at=None, kind=ClockKind.RESOLUTION)),
    }


def _contract_terms(ticket: Ticket, at: datetime) -> _ContractTerms:
    """One query, with one row per own window of the contract, or a single row if it has none."""
    start = ticket.opened_at
    if ticket.customer_id is None:
        return _ContractTerms(None, {})
    there = Q(windows__retired_at=None) | Q(windows__retired_at__gt=at)
    own = FilteredRelation(
        "windows", condition=there & Q(windows__priority=ticket.priority, windows__created_at__lte=at)
    )
    rows: Any = Contract.objects.filter(_nearly_in_force(start), customer=ticket.customer_id)
    rows = rows.select_related("plan", "customer").annotate(own=own).annotate(**OWN, **CALENDAR)
    covering = [row for row in rows.order_by("-starts_on", "-pk") if covers(row, row.customer, start)]
    same = [row for row in covering if row.pk == covering[0].pk]
    windows = [_window(row) for row in same if row.own_id is not None]
    return _ContractTerms(covering[0] if covering else None, {window.kind: window for window in windows})


def _window(row: Any) -> ContractWindow:
    window: ContractWindow = _joined_row(row, ContractWindow, "own_")
    window.calendar = _joined_row(row, Calendar, "calendar_")
    return window


def _joined_row(row: Any, model: type[Model], prefix: str) -> Any:
    """Build the instance of a joined model from the columns with this prefix."""
    names = [field.attname for field in model._meta.concrete_fields]
    return model.from_db(row._state.db, names, [getattr(row, prefix + name) for name in names])

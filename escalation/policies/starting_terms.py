"""The terms that a customer's message starts: of an answer, and of a resolution if one is promised.

One query reads the contract with its own windows, another the policy's windows and what the ticket owes already.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, F, FilteredRelation, Model, Q

from customers.models import Contract
from escalation.choices import RESPONSE_KINDS, ClockKind
from escalation.models import Calendar, Clock, ContractWindow, PolicyTarget
from escalation.policies.terms import (
    Terms,
    companion_window,
    covers,
    existing_at,
    in_place_of,
    nearly_in_force,
    targets_of,
    window_for,
)
from tickets.models import Ticket

BEGUN = (*RESPONSE_KINDS, ClockKind.RESOLUTION)
OWN = {f"own_{field.attname}": F(f"own__{field.attname}") for field in ContractWindow._meta.concrete_fields}
CALENDAR = {
    f"calendar_{field.attname}": F(f"own__calendar__{field.attname}")
    for field in Calendar._meta.concrete_fields
}


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

    The contract is that of the ticket's start, whatever replaced it since; the windows are those in force at ``at``.
    Raises DeskError if no answer was ever promised for the priority. Two queries, one without a customer.
    """
    agreed = _contract_terms(ticket, at)
    rows = _in_force(ticket, agreed.contract, at)
    owed: Any = rows[0] if rows else Ticket.objects.annotate(**_what_is_owed(ticket)).get(pk=ticket.pk)
    if owed.waits_for_answer:
        return None
    kind = ClockKind.NEXT_RESPONSE if owed.was_promised_answer else ClockKind.FIRST_RESPONSE
    answer = next((row for row in rows if row.kind == kind), None)
    if answer is None:
        return _by_earlier_versions(ticket, kind, agreed.contract, at, is_resolving=owed.waits_for_resolution)
    resolution = None if owed.waits_for_resolution else _resolution(rows, answer, agreed)
    own = agreed.windows.get(kind)
    terms = Terms(agreed.contract, answer if own is None else in_place_of(own, answer))
    return StartingTerms(kind, terms, Terms(agreed.contract, resolution) if resolution is not None else None)


def _resolution(rows: list[Any], answer: PolicyTarget, agreed: _ContractTerms) -> PolicyTarget | None:
    """The contract's own window, else that of the version which promises the answer."""
    own = agreed.windows.get(ClockKind.RESOLUTION)
    if own is not None:
        return in_place_of(own, answer)
    of_version = (row for row in rows if row.version_id == answer.version_id)
    return next((row for row in of_version if row.kind == ClockKind.RESOLUTION), None)


def _by_earlier_versions(
    ticket: Ticket, kind: ClockKind, contract: Contract | None, at: datetime, *, is_resolving: bool
) -> StartingTerms:
    """For mail that is older than every policy, and for a priority that the versions in force leave out."""
    target = window_for(contract=contract, kind=kind, priority=ticket.priority, at=at)
    resolution = None
    if not is_resolving:
        resolution = companion_window(
            target.version, ClockKind.RESOLUTION, ticket.priority, contract=contract, at=at
        )
    terms = Terms(contract, resolution) if resolution is not None else None
    return StartingTerms(kind, Terms(contract, target), terms)


def _in_force(ticket: Ticket, contract: Contract | None, at: datetime) -> list[Any]:
    """The windows of the versions in force, those of the plan's own policy before the default."""
    targets = existing_at(targets_of(contract, BEGUN, ticket.priority), at).filter(is_outdated=False)
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
    """The query gives the contract once for each own window, or once without any."""
    start = ticket.opened_at
    if ticket.customer_id is None:
        return _ContractTerms(None, {})
    there = Q(windows__retired_at=None) | Q(windows__retired_at__gt=at)
    own = FilteredRelation(
        "windows", condition=there & Q(windows__priority=ticket.priority, windows__created_at__lte=at)
    )
    rows: Any = Contract.objects.filter(nearly_in_force(start), customer=ticket.customer_id)
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

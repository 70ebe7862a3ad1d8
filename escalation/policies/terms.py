"""Which terms apply at a moment: the contract, the policy version and the window in force.

A customer's message starts an answer, and a resolution if one is promised; `starting_terms_of` finds the terms of both.
Contracts are read from the database, policies from the book that the process keeps.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Q
from django.utils.translation import gettext as _

from customers.joined_rows import JoinedRow, as_asked, asked_rows, columns_of
from customers.models import Contract, Customer, ServicePlan
from escalation.choices import ClockKind
from escalation.models import ContractWindow, PolicyTarget, PolicyVersion
from escalation.models.contract_window import ContractWindowQuerySet
from escalation.policies.book import PolicyBook, current_book
from tickets.errors import DeskError
from tickets.lib.waiting_rows import recall, remember
from tickets.models import Ticket

DAY = timedelta(days=1)
# The policies' stamp and a customer's contracts, the latest first. By hand, as Django takes ten times as long to write
# the statements.
SIGNED = f"""
    (SELECT stamp FROM escalation_policystamp),
    {columns_of(Customer, "company", "company__")},
    {columns_of(Contract, "signed", "signed__")},
    {columns_of(ServicePlan, "plan", "plan__")}
"""  # noqa: S608 - only names of our own columns
JOINED = """
    LEFT JOIN customers_contract AS signed ON signed.customer_id = company.id
    LEFT JOIN customers_serviceplan AS plan ON plan.id = signed.plan_id
"""
LATEST_FIRST = "ORDER BY signed.starts_on DESC, signed.id DESC"
# The same after what a ticket owes.
STARTING = f"""
    SELECT
        EXISTS (
            SELECT 1 FROM escalation_clock
            WHERE ticket_id = tickets_ticket.id AND kind IN ('{ClockKind.FIRST_RESPONSE}', '{ClockKind.NEXT_RESPONSE}')
        ),
        EXISTS (
            SELECT 1 FROM escalation_clock
            WHERE ticket_id = tickets_ticket.id AND stopped_at IS NULL
                AND kind IN ('{ClockKind.FIRST_RESPONSE}', '{ClockKind.NEXT_RESPONSE}')
        ),
        EXISTS (
            SELECT 1 FROM escalation_clock
            WHERE ticket_id = tickets_ticket.id AND stopped_at IS NULL AND kind = '{ClockKind.RESOLUTION}'
        ),
        {SIGNED}
    FROM tickets_ticket
    LEFT JOIN customers_customer AS company ON company.id = tickets_ticket.customer_id
    {JOINED}
    WHERE tickets_ticket.id = %s
    {LATEST_FIRST}
"""  # noqa: S608 - only names of our own columns


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
    contracts = nearly.select_related("plan").order_by("-starts_on", "-pk")
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
    book = current_book()
    target = _promised(book, contract, kind, priority, at)
    own_window = _own_windows(book, contract, priority, at).get(kind)
    return target if own_window is None else in_place_of(own_window, target)


def companion_window(
    version: PolicyVersion, kind: ClockKind, priority: int, *, contract: Contract | None, at: datetime
) -> PolicyTarget | None:
    """The window of a kind that a policy may leave out: the contract's own at ``at`` (UTC), else this version's."""
    book = current_book()
    own_window = _own_windows(book, contract, priority, at).get(kind)
    if own_window is not None:
        return in_place_of(own_window, PolicyTarget(version=version))
    return book.window_of(version.pk, kind, priority, contract=contract)


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


def _promised(
    book: PolicyBook, contract: Contract | None, kind: ClockKind, priority: int, at: datetime
) -> PolicyTarget:
    target = book.window(contract, kind, priority, at=at)
    if target is None:
        raise DeskError(
            _("No policy sets a time for “%(kind)s” at this priority. Add it to the default policy.")
            % {"kind": kind.label}
        )
    return target


def _own_windows(
    book: PolicyBook, contract: Contract | None, priority: int, at: datetime
) -> dict[str, ContractWindow]:
    """The contract's own windows for the priority, by kind. No query for a contract that never had any."""
    if contract is None or contract.pk not in book.with_own_windows:
        return {}
    return {window.kind: window for window in contract_windows(contract, at=at).filter(priority=priority)}


@dataclass(frozen=True)
class StartingTerms:
    """``resolution`` is None if none is promised, or if one is owed already, as ``owes_resolution`` says."""

    kind: ClockKind
    answer: Terms
    resolution: Terms | None
    owes_resolution: bool


@dataclass(frozen=True)
class Owed:
    """What a ticket owes already, and the rows of SIGNED."""

    signed: Sequence[Sequence[Any]]
    was_promised_answer: bool = False
    waits_for_answer: bool = False
    waits_for_resolution: bool = False


def remember_terms(customers: Collection[int]) -> None:
    """Read what new tickets of these customers need (their keys) with one query, for the batch that opens them."""
    by_customer: defaultdict[int, list[Sequence[Any]]] = defaultdict(list)
    statement = (
        f"SELECT company.id, {SIGNED} FROM {asked_rows(customer='bigint')} "  # noqa: S608 - names of our own
        f"JOIN customers_customer AS company ON company.id = asked.customer {JOINED} {LATEST_FIRST}"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, as_asked([{"customer": customer} for customer in customers]))
        for customer, *row in cursor.fetchall():
            by_customer[customer].append(row)
    for customer, rows in by_customer.items():
        remember((Contract, customer), rows)


def _owed_by(ticket: Ticket) -> Owed:
    with connection.cursor() as cursor:
        cursor.execute(STARTING, [ticket.pk])
        rows = cursor.fetchall()
    return Owed([row[3:] for row in rows], *rows[0][:3])


def _owed_by_new(ticket: Ticket) -> Owed | None:
    """Nothing. None if the contracts of its customer are not remembered."""
    signed = recall((Contract, ticket.customer_id))
    return None if signed is None else Owed(signed)


def starting_terms_of(
    ticket: Ticket, *, at: datetime, priority: int | None = None, is_new: bool = False
) -> StartingTerms | None:
    """The terms of what a customer's message at ``at`` (UTC) starts; None if an answer is owed already.

    The contract is the one at the ticket's start, whatever replaced it since; the windows are those in force at
    ``at``. ``priority`` is for a start in retrospect, when the ticket had another one. Raises DeskError if no answer
    was ever promised for the priority. One query, none for a new ticket if its customer's terms are remembered, and one
    more under a contract with windows of its own.
    """
    owed = (_owed_by_new(ticket) if is_new else None) or _owed_by(ticket)
    if owed.waits_for_answer:
        return None
    contract, book = _contract_of(owed.signed, ticket.opened_at), current_book(owed.signed[0][0])
    kind = ClockKind.NEXT_RESPONSE if owed.was_promised_answer else ClockKind.FIRST_RESPONSE
    priority = ticket.priority if priority is None else priority
    answer = _promised(book, contract, kind, priority, at)
    own = _own_windows(book, contract, priority, at)
    resolution = None
    if not owed.waits_for_resolution:
        resolution = _resolution(book, contract, answer, own.get(ClockKind.RESOLUTION))
    if kind in own:
        answer = in_place_of(own[kind], answer)
    terms = Terms(contract, resolution) if resolution is not None else None
    return StartingTerms(kind, Terms(contract, answer), terms, owed.waits_for_resolution)


def _contract_of(signed: Iterable[Sequence[Any]], at: datetime) -> Contract | None:
    """The contract in force at ``at`` (UTC) among rows of SIGNED."""
    for _stamp, *columns in signed:
        row = JoinedRow(columns)
        customer, contract, plan = row.take(Customer), row.take(Contract), row.take(ServicePlan)
        if customer is None or contract is None:
            return None
        if plan is not None and covers(contract, customer, at):
            contract.plan = plan
            return contract
    return None


def _resolution(
    book: PolicyBook, contract: Contract | None, answer: PolicyTarget, own_window: ContractWindow | None
) -> PolicyTarget | None:
    """The contract's own window, else the one of the version that promises the answer."""
    if own_window is not None:
        return in_place_of(own_window, answer)
    return book.window_of(answer.version_id, ClockKind.RESOLUTION, answer.priority, contract=contract)

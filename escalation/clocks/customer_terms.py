"""Puts the promises of a ticket under the contract of its customer, who was named after they began."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from customers.models import Contract
from escalation.choices import RESPONSE_KINDS, ClockChange, ClockKind, ClockState
from escalation.clocks.ledger import Before, ChangeContext, append_event
from escalation.clocks.lifecycle import (
    TERMS,
    apply_window,
    next_step_time,
    open_clocks,
    record_breach,
    retarget,
    start_clock,
    window_data,
)
from escalation.clocks.terms_from_start import AgreedWindow, agreed_window, promised_window
from escalation.clocks.updates_and_resolution import pause, resume
from escalation.models import Clock
from escalation.policies.terms import Terms, contract_in_force
from tickets.choices import Fact, MessageKind, Status
from tickets.models import Message, Ticket, TimelineEntry

OVER = (Status.RESOLVED, Status.CLOSED)


def follow_customer(ticket: Ticket, context: ChangeContext) -> None:
    """Give the open promises the terms of the contract that was in force when the ticket began.

    A window that ends earlier counts at once, from the same start, and may have ended. One that ends later does not:
    the promise keeps its due time until a lead relaxes it. Needs the lock of the ticket.
    """
    contract = contract_in_force(ticket.customer, ticket.opened_at)
    if contract is None:
        return
    put_under(contract, open_clocks(ticket), context)
    if ticket.is_active:
        _start_resolution(ticket, contract, context)


def follow_customer_again(clocks: Sequence[Clock], context: ChangeContext) -> None:
    """Do so for promises that run again: their answers were given before the customer was named, and are revoked."""
    unclaimed = [clock for clock in clocks if clock.is_open and clock.contract_id is None]
    ticket = unclaimed[0].ticket if unclaimed else None
    if (
        ticket is None
        or ticket.customer_id is None
        or not ticket.timeline.filter(fact=Fact.CUSTOMER).exists()
    ):
        return
    contract = contract_in_force(ticket.customer, ticket.opened_at)
    if contract is not None:
        put_under(contract, unclaimed, context)


def put_under(contract: Contract, clocks: Iterable[Clock], context: ChangeContext) -> None:
    """Give these open promises the terms of the contract. A pause is ended and begun again under them."""
    for clock in clocks:
        was_paused = clock.state == ClockState.PAUSED
        resume(clock, context)
        _put_under(clock, contract, context)
        if was_paused:
            pause(clock, context)


def _put_under(clock: Clock, contract: Contract, context: ChangeContext) -> None:
    """A breach of the old terms stays, even if nobody has noticed it yet."""
    if clock.state == ClockState.RUNNING and clock.due_at <= context.at:
        record_breach(clock, context)
    window = agreed_window(clock, contract) if clock.state == ClockState.RUNNING else None
    if window is None:
        return
    before, data = Before.of(clock), {}
    clock.contract = contract
    if window.due_at > clock.due_at:
        clock.policy_version, data = window.target.version, {"kept": True}
    else:
        _apply(clock, window)
    _save(clock, context, before, data)
    if clock.due_at <= context.at:
        record_breach(clock, context)


def _apply(clock: Clock, window: AgreedWindow) -> None:
    clock.raised_at, clock.paused_before_raise = window.raised_at, window.paused_before_raise
    apply_window(clock, window.target, window.due_at)


def _save(clock: Clock, context: ChangeContext, before: Before, data: dict[str, Any]) -> None:
    clock.next_step_at = next_step_time(clock)
    clock.save(update_fields=[*TERMS, "contract", "next_step_at"])
    append_event(clock, ClockChange.RETARGETED, context, before=before, **window_data(clock), **data)


def _start_resolution(ticket: Ticket, contract: Contract, context: ChangeContext) -> None:
    """Start the resolution that the contract promises, unless there was one, and let it follow what happened since."""
    if Clock.objects.filter(ticket=ticket, kind=ClockKind.RESOLUTION).exists():
        return
    changes = ticket.timeline.filter(fact__in=(Fact.PRIORITY, Fact.STATUS)).order_by("pk")
    history = list(changes)
    for at, message in _resolution_starts(ticket, history):
        priority = _priority_at(ticket, history, at)
        target = promised_window(contract, ClockKind.RESOLUTION, priority=priority, at=at)
        if target is not None:
            clock = start_clock(
                ticket,
                Terms(contract, target),
                context,
                kind=ClockKind.RESOLUTION,
                at=at,
                message=message,
                priority=priority,
                customer_named=True,
            )
            _catch_up(clock, [entry for entry in history if entry.at >= at], context)
            return


def _resolution_starts(
    ticket: Ticket, history: Sequence[TimelineEntry]
) -> Iterator[tuple[datetime, Message | None]]:
    """When a resolution may have begun: with each question since the ticket was last ended, or as it was reopened."""
    statuses = [entry for entry in history if entry.fact == Fact.STATUS]
    ends = [number for number, entry in enumerate(statuses) if entry.data["after"] in OVER]
    clocks = Clock.objects.filter(ticket=ticket, kind__in=RESPONSE_KINDS).select_related("started_by")
    promised = list(clocks.order_by("started_at", "pk"))
    for clock in promised:
        is_over = bool(ends) and clock.started_at <= statuses[ends[-1]].at
        is_automatic = clock.started_by is not None and clock.started_by.kind == MessageKind.AUTOMATIC
        if not is_over and not is_automatic:
            yield clock.started_at, clock.started_by
    if promised and ends and ends[-1] + 1 < len(statuses):
        yield statuses[ends[-1] + 1].at, None


def _priority_at(ticket: Ticket, history: Sequence[TimelineEntry], at: datetime) -> int:
    later = (entry for entry in history if entry.fact == Fact.PRIORITY and entry.at >= at)
    first = next(later, None)
    return first.data["before"] if first is not None else ticket.priority


def _catch_up(clock: Clock, history: Sequence[TimelineEntry], context: ChangeContext) -> None:
    """Let a resolution that starts in retrospect follow the priority and wait for the customer as the ticket did."""
    for entry in history:
        then = replace(context, since=entry.at)
        if entry.fact == Fact.PRIORITY:
            _follow_priority(clock, then, priority=entry.data["after"])
        elif entry.data["after"] == Status.WAITING:
            pause(clock, then)
        else:
            resume(clock, then)
    if clock.state == ClockState.RUNNING and clock.due_at <= context.at:
        record_breach(clock, context)


def _follow_priority(clock: Clock, then: ChangeContext, *, priority: int) -> None:
    is_paused = clock.state == ClockState.PAUSED
    if is_paused:
        resume(clock, then)
    retarget(clock, then, priority=priority)
    if is_paused:
        pause(clock, then)

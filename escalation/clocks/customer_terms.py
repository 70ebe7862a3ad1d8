"""Puts the promises of a ticket under the contract of its customer, who was named after they began."""

from datetime import datetime, timedelta
from typing import Any

from customers.models import Contract
from escalation.chains.step_times import due_time
from escalation.choices import RESPONSE_KINDS, ClockChange, ClockKind, ClockState
from escalation.clocks.ledger import Before, ChangeContext, append_event
from escalation.clocks.lifecycle import (
    TERMS,
    apply_window,
    next_step_time,
    open_clocks,
    record_breach,
    start_clock,
    window_data,
)
from escalation.models import Clock, PolicyTarget
from escalation.policies.terms import Terms, companion_window, contract_in_force, window_for
from escalation.working_time.due_time import add_working
from escalation.working_time.lookup import hours_of
from tickets.models import Ticket


def follow_customer(ticket: Ticket, context: ChangeContext) -> None:
    """Give the open promises the terms of the contract that was in force when the ticket began.

    A window that ends earlier counts at once, from the same start, and may have ended. One that ends later does not:
    the promise keeps its due time until a lead relaxes it. Needs the lock of the ticket.
    """
    contract = contract_in_force(ticket.customer, ticket.opened_at)
    if contract is None:
        return
    for clock in open_clocks(ticket):
        _put_under(clock, contract, context)
    if ticket.is_active:
        _start_resolution(ticket, contract, context)


def _put_under(clock: Clock, contract: Contract, context: ChangeContext) -> None:
    """A breach of the old terms stays, even if nobody has noticed it yet."""
    if clock.state == ClockState.RUNNING and clock.due_at <= context.at:
        record_breach(clock, context)
    target = _window(clock.ticket, contract, ClockKind(clock.kind), at=clock.started_at)
    if clock.state not in (ClockState.RUNNING, ClockState.PAUSED) or target is None:
        return
    before, data = Before.of(clock), {}
    due = _due_under(clock, target)
    clock.contract = contract
    if due > clock.due_at:
        clock.policy_version, data = target.version, {"kept": True}
    else:
        apply_window(clock, target, due)
    _save(clock, context, before, data)
    if clock.state == ClockState.RUNNING and clock.due_at <= context.at:
        record_breach(clock, context)


def _window(ticket: Ticket, contract: Contract, kind: ClockKind, *, at: datetime) -> PolicyTarget | None:
    """The contract's window for the ticket's priority at ``at`` (UTC); None if it promises none of the kind."""
    answer = kind if kind in RESPONSE_KINDS else ClockKind.FIRST_RESPONSE
    target = window_for(contract=contract, kind=answer, priority=ticket.priority, at=at)
    if kind in RESPONSE_KINDS:
        return target
    return companion_window(target.version, kind, ticket.priority, contract=contract, at=at)


def _due_under(clock: Clock, target: PolicyTarget) -> datetime:
    """Counted from the start, or from the raise of the priority, with the pauses since."""
    paused = timedelta(seconds=clock.paused_seconds - clock.paused_before_raise)
    due = due_time(target.calendar, clock.window_starts_at, target.minutes)
    return add_working(hours_of(target.calendar), due, paused)


def _save(clock: Clock, context: ChangeContext, before: Before, data: dict[str, Any]) -> None:
    if clock.state == ClockState.RUNNING:
        clock.next_step_at = next_step_time(clock)
    clock.save(update_fields=[*TERMS, "contract", "next_step_at"])
    append_event(clock, ClockChange.RETARGETED, context, before=before, **window_data(clock), **data)


def _start_resolution(ticket: Ticket, contract: Contract, context: ChangeContext) -> None:
    """Start the resolution that the contract promises from the ticket's first question, unless there was one."""
    clocks = Clock.objects.filter(ticket=ticket).order_by("started_at", "pk")
    first = clocks.filter(kind__in=RESPONSE_KINDS).select_related("started_by").first()
    if first is None or clocks.filter(kind=ClockKind.RESOLUTION).exists():
        return
    target = _window(ticket, contract, ClockKind.RESOLUTION, at=first.started_at)
    if target is None:
        return
    start_clock(
        ticket,
        Terms(contract, target),
        context,
        kind=ClockKind.RESOLUTION,
        at=first.started_at,
        message=first.started_by,
    )

"""Moves a promise back to a question that was received earlier than the one it began with, but was read later."""

from collections.abc import Iterable

from escalation.choices import RESPONSE_KINDS, ClockChange, ClockKind, ClockState
from escalation.clocks.ledger import Before, ChangeContext, append_event
from escalation.clocks.lifecycle import (
    TERMS,
    apply_window,
    next_step_time,
    open_clocks,
    record_breach,
    window_data,
)
from escalation.clocks.missed_priorities import missed_priorities
from escalation.clocks.terms_from_start import agreed_window
from escalation.clocks.updates_and_resolution import pause, resume
from escalation.models import Clock
from escalation.policies.terms import contract_in_force
from tickets.models import Message, Ticket

BEGINNING = ["started_at", "started_by", "contract", "breached_at", "next_step_at", *TERMS]


def begin_with(ticket: Ticket, message: Message, context: ChangeContext) -> list[Clock]:
    """Let open promises begin with this question if it was received earlier; returns those that moved.

    They are then as if it had been read in its turn: under the terms and the priority of its time, never due later than
    before, and broken since the new due time if that has passed. Needs the lock of the ticket.
    """
    kinds = [*RESPONSE_KINDS, ClockKind.RESOLUTION]
    later = [clock for clock in open_clocks(ticket, kinds=kinds) if clock.started_at > message.at]
    moving = list(_without_those_after_an_end(later, ticket, message))
    for clock in moving:
        was_paused = clock.state == ClockState.PAUSED
        resume(clock, context)
        _move(clock, message, context)
        if was_paused:
            pause(clock, context)
    return moving


def _without_those_after_an_end(clocks: Iterable[Clock], ticket: Ticket, message: Message) -> Iterable[Clock]:
    """A resolution that began when the matter came up again does not reach back beyond the end before it."""
    for clock in clocks:
        ended_since = Clock.objects.filter(
            ticket=ticket, kind=ClockKind.RESOLUTION, stopped_at__gt=message.at
        )
        if clock.kind != ClockKind.RESOLUTION or not ended_since.exists():
            yield clock


def _move(clock: Clock, message: Message, context: ChangeContext) -> None:
    before = Before.of(clock)
    missed = missed_priorities(clock.ticket, message.at, message=message, until=clock.started_at)
    clock.started_at, clock.started_by = message.at, message
    if message.at < clock.ticket.opened_at:
        # The ticket begins with it, and the contract of its start applies.
        clock.contract = contract_in_force(clock.ticket.customer, message.at)
    window = agreed_window(clock, clock.contract, missed=missed)
    if window is not None and window.due_at <= clock.due_at:
        clock.raised_at, clock.paused_before_raise = window.raised_at, window.paused_before_raise
        apply_window(clock, window.target, window.due_at)
    if clock.breached_at is not None:
        clock.breached_at = clock.due_at
    clock.next_step_at = next_step_time(clock)
    clock.save(update_fields=BEGINNING)
    begun = {"started_at": clock.started_at.isoformat(), **window_data(clock)}
    append_event(clock, ClockChange.BEGUN_EARLIER, context, before=before, message=message, **begun)
    if clock.state == ClockState.RUNNING and clock.due_at <= context.at:
        record_breach(clock, context)

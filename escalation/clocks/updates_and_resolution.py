"""The promises that last while a ticket is open: updates after each answer, and a resolution that may be paused.

Both exist only where the policy promises them. Every function needs the lock of the ticket.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from escalation.choices import ClockChange, ClockKind, ClockState
from escalation.clocks.ledger import Before, ChangeContext, append_event
from escalation.clocks.lifecycle import (
    answer,
    begin,
    cancel,
    finish,
    follow,
    new_clock,
    next_step_time,
    open_clocks,
    record_breach,
    retarget,
    start_clock,
)
from escalation.clocks.missed_priorities import missed_priorities
from escalation.clocks.running_again import first_response
from escalation.models import Clock
from escalation.policies.terms import Terms, companion_window
from escalation.working_time.due_time import add_working, working_between
from escalation.working_time.lookup import hours_of_version
from tickets.choices import Status
from tickets.models import Message, Ticket

PAUSE = ["state", "paused_at", "paused_seconds", "due_at", "next_step_at"]


def start_if_promised(
    kind: ClockKind,
    ticket: Ticket,
    context: ChangeContext,
    *,
    like: Clock,
    at: datetime,
    message: Message | None,
) -> Clock | None:
    """Start an update or a resolution at ``at`` (UTC), if one is promised and none is open.

    The terms are the contract and policy version of the clock ``like``, and the contract's own windows at its
    start.
    """
    target = companion_window(
        like.policy_version, kind, ticket.priority, contract=like.contract, at=like.started_at
    )
    if target is None or open_clocks(ticket, kinds=[kind]):
        return None
    return start_clock(ticket, Terms(like.contract, target), context, kind=kind, at=at, message=message)


def renew_update(
    ticket: Ticket, message: Message, context: ChangeContext, *, owed: Iterable[Clock], like: Clock | None
) -> None:
    """Use an answer to keep the update promises in ``owed``, then start the next one like ``like``, if given."""
    for clock in owed:
        if clock.kind == ClockKind.UPDATE:
            answer(clock, message, context)
    if like is not None:
        start_if_promised(ClockKind.UPDATE, ticket, context, like=like, at=message.at, message=message)


def withdraw_update(ticket: Ticket, message: Message, context: ChangeContext) -> None:
    """Cancel the update promise that began with an answer that is now revoked."""
    for clock in open_clocks(ticket, kinds=[ClockKind.UPDATE]):
        if clock.started_by_id == message.pk:
            cancel(clock, ChangeContext(context.at, None, _("The reply before it was revoked.")))


def start_in_retrospect(
    ticket: Ticket, message: Message, context: ChangeContext, *, like: Clock, ended_at: datetime | None
) -> Clock | None:
    """Promise the update after an answer that was given on an ended ticket, because nothing had ended it after all.

    It ends with the next answer, or with the ticket at ``ended_at`` (UTC); None if none is promised or owed.
    """
    missed = missed_priorities(ticket, message.created_at, message=message)
    target = companion_window(
        like.policy_version, ClockKind.UPDATE, missed.at_first, contract=like.contract, at=like.started_at
    )
    if target is None:
        return None
    begun: dict[str, Any] = {"at": message.at, "message": message, "priority": missed.at_first}
    clock = new_clock(ticket, Terms(like.contract, target), kind=ClockKind.UPDATE, **begun)
    response = first_response(clock)
    if response is not None and ended_at is not None and ended_at < response.at:
        response = None
    clock.stopped_at = response.at if response is not None else ended_at
    if clock.stopped_at is None and not _takes_the_place(clock, context):
        return None
    begin(clock, context)
    follow(clock, missed.changes_until(clock.stopped_at), context)
    if response is not None:
        answer(clock, response, context)
    elif ended_at is not None:
        cancel(clock, ChangeContext(context.at, None, _("The incident is over."), since=ended_at))
    elif clock.state == ClockState.RUNNING and clock.due_at <= context.at:
        record_breach(clock, context)
    return clock


def _takes_the_place(clock: Clock, context: ChangeContext) -> bool:
    """Cancel an open update that began later; False if one began earlier, which then holds."""
    for other in open_clocks(clock.ticket, kinds=[ClockKind.UPDATE]):
        if other.started_at <= clock.started_at:
            return False
        cancel(other, ChangeContext(context.at, context.actor, _("An earlier question is unanswered again.")))
    return True


def end_update_and_resolution(ticket: Ticket, context: ChangeContext) -> None:
    """End both when the ticket is resolved or closed: no update is owed any more, and the resolution is met."""
    for clock in open_clocks(ticket, kinds=[ClockKind.UPDATE]):
        cancel(clock, ChangeContext(context.at, None, _("The incident is over.")))
    for clock in open_clocks(ticket, kinds=[ClockKind.RESOLUTION]):
        resume(clock, context)
        finish(clock, context, at=context.at)


def pause_or_resume_resolution(ticket: Ticket, context: ChangeContext) -> None:
    """Pause the resolution while we wait for the customer, for as long as the policy's cap allows."""
    for clock in open_clocks(ticket, kinds=[ClockKind.RESOLUTION]):
        if ticket.status == Status.WAITING:
            pause(clock, context)
        else:
            resume(clock, context)


def pause(clock: Clock, context: ChangeContext) -> None:
    """Pause from this second on: pauses are stored in whole seconds, and move the due time by whole seconds."""
    left, at = _pause_left(clock), context.effective.replace(microsecond=0)
    if clock.state != ClockState.RUNNING or clock.due_at <= context.effective or not left:
        return
    before = Before.of(clock)
    clock.state, clock.paused_at = ClockState.PAUSED, at
    clock.next_step_at = add_working(hours_of_version(clock.calendar, clock.calendar_version), at, left)
    clock.save(update_fields=PAUSE)
    append_event(clock, ClockChange.PAUSED, context, before=before, at=at)


def resume(clock: Clock, context: ChangeContext) -> None:
    """Let the clock continue from where it was paused; time paused beyond the policy's cap counts as having run."""
    if clock.state != ClockState.PAUSED or clock.paused_at is None:
        return
    hours, before = hours_of_version(clock.calendar, clock.calendar_version), Before.of(clock)
    capped = add_working(hours, clock.paused_at, _pause_left(clock))
    until = min(context.effective.replace(microsecond=0), capped)
    seconds = int(working_between(hours, clock.paused_at, until).total_seconds())
    clock.due_at = add_working(hours, clock.due_at, timedelta(seconds=seconds))
    clock.paused_seconds += seconds
    clock.state, clock.paused_at = ClockState.RUNNING, None
    clock.next_step_at = next_step_time(clock)
    clock.save(update_fields=PAUSE)
    append_event(clock, ClockChange.RESUMED, context, before=before, at=until, seconds=seconds)
    if clock.due_at <= context.effective:
        record_breach(clock, context)


def follow_priority(ticket: Ticket, context: ChangeContext, *, priority: int, **more: Any) -> None:
    """Let every open clock follow a change of priority; ``more`` goes to the ledger."""
    for clock in open_clocks(ticket):
        follow_one(clock, context, priority=priority, **more)


def follow_one(clock: Clock, context: ChangeContext, *, priority: int, **more: Any) -> None:
    """Let a clock follow a change of priority.

    If the priority is raised during a pause, the pause is ended and begun again: its first part moves the old due
    time, and only the rest moves the due time of the window that is counted from now.
    """
    splits_pause = clock.state == ClockState.PAUSED and priority < clock.priority
    if splits_pause:
        resume(clock, context)
    retarget(clock, context, priority=priority, **more)
    if splits_pause:
        pause(clock, context)


def _pause_left(clock: Clock) -> timedelta:
    cap = timedelta(minutes=clock.policy_version.pause_cap_minutes)
    return max(cap - timedelta(seconds=clock.paused_seconds), timedelta(0))

"""The promises that go on while a matter is open: updates after each answer, and its resolution with pauses.

Both are promised only where the policy says so. Every function needs the ticket's lock.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from escalation.choices import ClockChange, ClockKind, ClockState
from escalation.clocks.ledger import Before, ChangeContext, append_event
from escalation.clocks.lifecycle import (
    ANSWER,
    PINNED,
    answer,
    cancel,
    finish,
    next_step_time,
    open_clocks,
    record_breach,
    retarget,
    start_clock,
)
from escalation.models import Clock
from escalation.policies.terms import Terms, companion_window
from escalation.working_time.due_time import add_working, working_between
from escalation.working_time.lookup import hours_of_version
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
    """Start an update or a resolution at ``at`` (UTC) under the contract and policy version of the clock ``like``.

    The contract's own windows count as they were when ``like`` started.
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
    """An answer keeps the update among what is owed, and while the matter goes on starts the next one as ``like``."""
    for clock in owed:
        if clock.kind == ClockKind.UPDATE:
            answer(clock, message, context)
    if like is not None:
        start_if_promised(ClockKind.UPDATE, ticket, context, like=like, at=message.at, message=message)


def withdraw_update(ticket: Ticket, message: Message, context: ChangeContext) -> None:
    """What was taken back began nothing: the promise of an update after it is none."""
    for clock in open_clocks(ticket, kinds=[ClockKind.UPDATE]):
        if clock.started_by_id == message.pk:
            cancel(clock, ChangeContext(context.at, None, _("The answer before it was taken back.")))


def end_update_and_resolution(ticket: Ticket, context: ChangeContext) -> None:
    """The matter is resolved or closed: no update is owed any more, and its resolution was reached now."""
    for clock in open_clocks(ticket, kinds=[ClockKind.UPDATE]):
        cancel(clock, ChangeContext(context.at, None, _("The matter is over.")))
    for clock in open_clocks(ticket, kinds=[ClockKind.RESOLUTION]):
        resume(clock, context)
        finish(clock, context, at=context.at)


def reopen_resolution(ticket: Ticket, context: ChangeContext) -> None:
    """The answer that resolved the matter was taken back: its resolution is owed again, from its original start."""
    reached = Clock.objects.filter(
        ticket=ticket, kind=ClockKind.RESOLUTION, stopped_at=ticket.resolved_at
    ).exclude(state=ClockState.CANCELLED)
    clock = reached.select_related(*PINNED).order_by("-pk").first()
    if clock is None or open_clocks(ticket, kinds=[ClockKind.RESOLUTION]):
        return
    clock.ticket = ticket
    before = Before.of(clock)
    clock.state = ClockState.RUNNING if clock.state == ClockState.MET else clock.state
    clock.stopped_at = None
    clock.next_step_at = next_step_time(clock)
    clock.save(update_fields=ANSWER)
    append_event(clock, ClockChange.REVOKED, context, before=before)
    if clock.state == ClockState.RUNNING and clock.due_at <= context.at:
        record_breach(clock, context)


def pause_resolution(ticket: Ticket, context: ChangeContext) -> None:
    """We wait for the customer: the promise of resolution stands still, as long as the policy's cap allows."""
    for clock in open_clocks(ticket, kinds=[ClockKind.RESOLUTION]):
        _pause(clock, context)


def _pause(clock: Clock, context: ChangeContext) -> None:
    """From this second on: pauses are kept in whole seconds, and so move the due time by whole ones."""
    left, at = _pause_left(clock), context.at.replace(microsecond=0)
    if clock.state != ClockState.RUNNING or clock.due_at <= context.at or not left:
        return
    before = Before.of(clock)
    clock.state, clock.paused_at = ClockState.PAUSED, at
    clock.next_step_at = add_working(hours_of_version(clock.calendar, clock.calendar_version), at, left)
    clock.save(update_fields=PAUSE)
    append_event(clock, ClockChange.PAUSED, context, before=before, at=at)


def resume(clock: Clock, context: ChangeContext) -> None:
    """The clock goes on from where it stood; what was paused beyond the policy's cap counts as having run."""
    if clock.state != ClockState.PAUSED or clock.paused_at is None:
        return
    hours, before = hours_of_version(clock.calendar, clock.calendar_version), Before.of(clock)
    capped = add_working(hours, clock.paused_at, _pause_left(clock))
    until = min(context.at.replace(microsecond=0), capped)
    seconds = int(working_between(hours, clock.paused_at, until).total_seconds())
    clock.due_at = add_working(hours, clock.due_at, timedelta(seconds=seconds))
    clock.paused_seconds += seconds
    clock.state, clock.paused_at = ClockState.RUNNING, None
    clock.next_step_at = next_step_time(clock)
    clock.save(update_fields=PAUSE)
    append_event(clock, ClockChange.RESUMED, context, before=before, at=until, seconds=seconds)
    if clock.due_at <= context.at:
        record_breach(clock, context)


def resume_resolution(ticket: Ticket, context: ChangeContext) -> None:
    for clock in open_clocks(ticket, kinds=[ClockKind.RESOLUTION]):
        resume(clock, context)


def follow_priority(ticket: Ticket, context: ChangeContext, *, priority: int) -> None:
    """What is owed follows a change of priority.

    A pause is settled first where the priority is raised: what lies before moved the old due time, and only what lies
    after it moves that of the window counted from there.
    """
    for clock in open_clocks(ticket):
        stands = clock.state == ClockState.PAUSED and priority < clock.priority
        if stands:
            resume(clock, context)
        retarget(clock, context, priority=priority)
        if stands:
            _pause(clock, context)


def _pause_left(clock: Clock) -> timedelta:
    cap = timedelta(minutes=clock.policy_version.pause_cap_minutes)
    return max(cap - timedelta(seconds=clock.paused_seconds), timedelta(0))

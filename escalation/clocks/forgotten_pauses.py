"""Takes back the pauses of a resolution whose ticket waited for the customer since an answer that did not count.

Needs the lock of the ticket and the transaction of the change that causes it.
"""

from dataclasses import replace
from datetime import datetime

from django.db.models import QuerySet

from escalation.choices import ClockChange, ClockKind, ClockState
from escalation.clocks.ledger import Before, ChangeContext, append_event
from escalation.clocks.lifecycle import (
    TERMS,
    apply_window,
    next_step_time,
    open_clocks,
    record_breach,
    window_data,
)
from escalation.clocks.pause_lines import granted_since
from escalation.clocks.terms_from_start import agreed_window
from escalation.clocks.updates_and_resolution import resume
from escalation.models import Clock, ClockEvent
from tickets.choices import Fact, Status
from tickets.models import Message, Ticket

STANDING = [*TERMS, "state", "breached_at", "detected_at", "paused_seconds", "next_step_at"]


def forget_pauses(ticket: Ticket, message: Message, context: ChangeContext) -> None:
    """If the ticket waits for the customer since this answer, let its resolution stand as if it never had.

    The pause may go on, or may have ended by itself or by a change of the priority: what is true does not depend on
    whether a sweep has seen that.
    """
    if not _waits_since(ticket, message):
        return
    began = message.created_at.replace(microsecond=0)
    for clock in open_clocks(ticket, kinds=[ClockKind.RESOLUTION]):
        if clock.paused_at is not None and clock.paused_at >= began:
            resume(clock, replace(context, since=clock.paused_at))
        seconds = granted_since(_lines_of(clock), began)
        if seconds:
            _take_back(clock, context, seconds, began)


def _waits_since(ticket: Ticket, message: Message) -> bool:
    changes = ticket.timeline.filter(fact=Fact.STATUS).order_by("-pk")
    return (
        ticket.status == Status.WAITING and changes.values_list("at", flat=True).first() == message.created_at
    )


def _lines_of(clock: Clock) -> QuerySet[ClockEvent]:
    return ClockEvent.objects.filter(
        clock=clock, change__in=(ClockChange.PAUSED, ClockChange.RESUMED)
    ).order_by("pk")


def _take_back(clock: Clock, context: ChangeContext, seconds: int, began: datetime) -> None:
    """The window as without these pauses, and a breach since its end if that has passed."""
    before, window = Before.of(clock), agreed_window(clock, clock.contract, without_pauses_since=began)
    clock.paused_seconds -= seconds
    if window is not None and window.due_at <= clock.due_at:
        clock.raised_at, clock.paused_before_raise = window.raised_at, window.paused_before_raise
        apply_window(clock, window.target, window.due_at)
    if before.due_at != clock.due_at:
        clock.state, clock.breached_at, clock.detected_at = ClockState.RUNNING, None, None
    clock.next_step_at = next_step_time(clock)
    clock.save(update_fields=STANDING)
    append_event(
        clock, ClockChange.RESUMED, context, before=before, at=began,
        seconds=-seconds, forgotten_since=began.isoformat(), **window_data(clock),
    )  # fmt: skip
    if clock.state == ClockState.RUNNING and clock.due_at <= context.at:
        record_breach(clock, context)

"""The life of a clock: it is started, met or breached, answered late, revoked, retargeted or cancelled.

Every function needs the lock of the ticket and the transaction of the change that causes it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from escalation.chains.progress import progress_of
from escalation.chains.step_times import due_time, first_step_time, is_last_fifth
from escalation.choices import RESPONSE_KINDS, ClockChange, ClockKind, ClockState
from escalation.clocks.ledger import NOTHING, Before, ChangeContext, append_all, append_event, event_row
from escalation.clocks.missed_priorities import MissedChange, MissedPriorities, missed_priorities
from escalation.models import Clock, ClockEvent, PolicyTarget
from escalation.policies.terms import Terms, companion_window, starting_terms_of, window_for
from tickets.errors import DeskError
from tickets.lib.bulk_insert import NewRow
from tickets.lib.single_row import insert_row
from tickets.models import Message, Ticket
from tickets.services.unanswered import WaitingQuestion

PINNED = (
    "calendar",
    "contract",
    "policy_version__policy__duty_rota",
)  # the rows that a clock's terms refer to
ANSWER = ["state", "stopped_at", "answered_by", "breached_at", "detected_at", "next_step_at"]
PROPOSAL = ["waiver_proposed_at", "waiver_proposed_by"]
TERMS = [
    "priority", "due_at", "raised_at", "paused_before_raise", "minutes", "policy_version", "calendar",
    "calendar_version", "contract_window", "held_until",
]  # fmt: skip


def open_clocks(ticket: Ticket, *, kinds: Iterable[ClockKind] = ClockKind) -> list[Clock]:
    """The ticket's open promises of these kinds, the strictest first."""
    owed = Clock.objects.open().filter(ticket=ticket, kind__in=kinds).select_related(*PINNED)
    clocks = list(owed.order_by("due_at"))
    for clock in clocks:
        clock.ticket = ticket
    return clocks


def open_response_clocks(ticket: Ticket) -> list[Clock]:
    """The promises of an answer that the customer waits for."""
    return open_clocks(ticket, kinds=RESPONSE_KINDS)


def newest_clock(ticket: Ticket) -> Clock | None:
    """The promise that was started last, in any state."""
    clocks = Clock.objects.filter(ticket=ticket).select_related(*PINNED)
    clock = clocks.order_by("-started_at", "-pk").first()
    if clock is not None:
        clock.ticket = ticket
    return clock


@dataclass(frozen=True)
class Begun:
    """The promise of an answer to a question; a resolution may run already that began later than the question."""

    clock: Clock
    resolution_runs: bool


def start_promises(
    ticket: Ticket,
    message: Message,
    context: ChangeContext,
    *,
    is_new: bool = False,
    **more: Any,
) -> Begun | None:
    """Start the promise of an answer to ``message``, from its receipt, and of a resolution if one is promised.

    None if an answer is owed already. Unless the ticket is new, the message may be read late, and both follow the
    changes of the priority since its receipt. ``more`` goes to the ledger. Three queries, four for a late message,
    without a resolution.
    """
    terms = starting_terms_of(ticket, at=message.at, is_new=is_new)
    if terms is None:
        return None
    missed = MissedPriorities(ticket.priority)
    if not is_new and message.at < context.at:
        missed = missed_priorities(ticket, message.at, message=message)
    if missed.at_first != ticket.priority:
        terms = starting_terms_of(ticket, at=message.at, priority=missed.at_first) or terms
    begun: dict[str, Any] = {"at": message.at, "message": message, "priority": missed.at_first, **more}
    clock = start_clock(ticket, terms.answer, context, kind=terms.kind, **begun)
    follow(clock, missed.changes, context)
    if terms.resolution is not None:
        resolution = start_clock(ticket, terms.resolution, context, kind=ClockKind.RESOLUTION, **begun)
        follow(resolution, missed.changes, context)
    return Begun(clock, terms.owes_resolution)


def start_waiting(ticket: Ticket, question: WaitingQuestion, context: ChangeContext) -> Clock | None:
    """Start what a question is promised that waits: from its receipt, or from when the ticket was opened for it.

    None if an answer is owed already.
    """
    message, since = question.message, question.since
    if since == message.at:
        begun_then = start_promises(ticket, message, context)
        return begun_then.clock if begun_then is not None else None
    missed = missed_priorities(ticket, since, message=message)
    terms = starting_terms_of(ticket, at=since, priority=missed.at_first)
    if terms is None:
        return None
    begun: dict[str, Any] = {"at": since, "message": message, "priority": missed.at_first}
    clock = start_clock(ticket, terms.answer, context, kind=terms.kind, **begun, reopened=True)
    follow(clock, missed.changes, context)
    return clock


def follow(clock: Clock, missed: Iterable[MissedChange], context: ChangeContext) -> None:
    """Retarget the clock at each change that it missed."""
    for change in missed:
        more = {} if change.proposal is None else {"proposal": change.proposal}
        retarget(clock, change.context(context), priority=change.after, **more)


def start_clock(
    ticket: Ticket,
    terms: Terms,
    context: ChangeContext,
    *,
    kind: ClockKind,
    at: datetime,
    message: Message | None,
    priority: int | None = None,
    **more: object,
) -> Clock:
    """Start a clock of this kind at ``at`` (UTC) under these terms; ``message`` is its cause, if any.

    ``priority`` is for a start in retrospect, when the ticket had another one. ``more`` goes to the ledger.
    """
    clock = new_clock(ticket, terms, kind=kind, at=at, message=message, priority=priority)
    begin(clock, context, **more)
    return clock


def new_clock(
    ticket: Ticket,
    terms: Terms,
    *,
    kind: ClockKind,
    at: datetime,
    message: Message | None,
    priority: int | None = None,
) -> Clock:
    """The clock that start_clock starts, not saved and not in the ledger yet."""
    target = terms.target
    clock = Clock(
        ticket=ticket,
        kind=kind,
        priority=ticket.priority if priority is None else priority,
        started_at=at,
        due_at=due_time(target.calendar, at, target.minutes),
        minutes=target.minutes,
        policy_version=target.version,
        calendar=target.calendar,
        calendar_version=target.calendar.version,
        contract=terms.contract,
        contract_window=target.own,
        started_by=message,
    )
    clock.next_step_at = first_step_time(clock, target)
    return clock


def begin(clock: Clock, context: ChangeContext, **more: object) -> None:
    """Save a new clock and the first line of its ledger."""
    insert_row(clock)
    data: dict[str, Any] = {
        "ticket": clock.ticket_id, "kind": str(clock.kind), **window_data(clock), **more
    }  # fmt: skip
    append_event(
        clock, ClockChange.STARTED, context,
        before=NOTHING, at=clock.started_at, message=clock.started_by, **data,
    )  # fmt: skip


def window_data(clock: Clock) -> dict[str, Any]:
    """The terms of a clock as the ledger records them: enough for a replay to prove the row."""
    terms = {
        "policy_version": clock.policy_version_id,
        "calendar": clock.calendar_id,
        "calendar_version": clock.calendar_version,
        "contract": clock.contract_id,
        "contract_window": clock.contract_window_id,
        "raised_at": clock.raised_at.isoformat() if clock.raised_at is not None else None,
        "paused_before_raise": clock.paused_before_raise,
    }
    window: dict[str, Any] = {"priority": clock.priority, "minutes": clock.minutes, "terms": terms}
    return window if clock.contract_window_id is None else {**window, "window": "contract"}


def answer(clock: Clock, message: Message, context: ChangeContext) -> None:
    """Stop the clock by an effective response, unless ``message`` is older than the message that started the clock."""
    if message.at >= clock.started_at:
        finish(clock, context, at=message.at, message=message)


def finish(clock: Clock, context: ChangeContext, *, at: datetime, message: Message | None = None) -> None:
    """Stop the clock: the promise was kept at ``at`` (UTC), by ``message`` if there is one.

    If that is by the due time, the promise is met even if a breach was recorded before, as a call may be logged
    afterwards; both lines stay in the ledger.
    """
    in_time = at <= clock.due_at
    if not in_time and clock.state == ClockState.RUNNING:
        record_breach(clock, context)
    before = Before.of(clock)
    clock.state = ClockState.MET if in_time else ClockState.BREACHED
    clock.breached_at = None if in_time else clock.due_at
    clock.detected_at = None if in_time else clock.detected_at
    clock.stopped_at = at
    clock.answered_by = message
    clock.next_step_at = None
    clock.save(update_fields=ANSWER)
    change = ClockChange.MET if in_time else ClockChange.ANSWERED_LATE
    append_event(clock, change, context, before=before, at=at, message=message)


def record_breach(clock: Clock, context: ChangeContext) -> None:
    """Record that the window ended without an answer: at its due time, detected now."""
    row = breach_row(clock, context)
    clock.save(update_fields=["state", "breached_at", "detected_at"])
    append_all([row])


def breach_row(clock: Clock, context: ChangeContext) -> NewRow[ClockEvent]:
    """Mark the clock as breached and return its ledger line, both unsaved: for callers who write many at once."""
    before = Before.of(clock)
    clock.state = ClockState.BREACHED
    clock.breached_at = clock.due_at
    clock.detected_at = context.at
    return event_row(clock, ClockChange.BREACHED, context, before=before, at=clock.due_at)


def retarget(clock: Clock, context: ChangeContext, *, priority: int, **more: Any) -> None:
    """Follow a change of priority; ``more`` goes to the ledger.

    If the priority is raised, the clock falls due at its old due time or at the change plus the new window, whichever
    is earlier; if it is lowered, the due time stays. A promise that is met or breached stays so, even if nobody has
    noticed the breach yet. The ledger marks a clock that is lowered in the last fifth of its window.
    """
    settle(clock, context)
    if clock.state not in (ClockState.RUNNING, ClockState.PAUSED):
        return
    before = Before.of(clock)
    raised = priority < clock.priority
    late: dict[str, Any] = {} if raised or not is_last_fifth(clock, context.effective) else {"late": True}
    clock.priority = priority
    if raised:
        _tighten(clock, context.effective)
        clock.next_step_at = (
            next_step_time(clock) if clock.state == ClockState.RUNNING else clock.next_step_at
        )
    clock.save(update_fields=[*TERMS, "next_step_at"])
    append_event(clock, ClockChange.RETARGETED, context, before=before, **window_data(clock), **late, **more)


def _tighten(clock: Clock, at: datetime) -> None:
    """Count the window of the new priority from ``at``, by the terms of the start, if it then ends earlier."""
    target = window_of(clock)
    due = due_time(target.calendar, at, target.minutes) if target is not None else clock.due_at
    if target is not None and due < clock.due_at:
        clock.raised_at, clock.paused_before_raise = at, clock.paused_seconds
        apply_window(clock, target, due)


def apply_window(clock: Clock, target: PolicyTarget, due: datetime) -> None:
    """Give the clock this window and due time; the caller saves TERMS."""
    clock.due_at, clock.minutes, clock.policy_version = due, target.minutes, target.version
    clock.calendar, clock.calendar_version = target.calendar, target.calendar.version
    clock.contract_window = target.own
    hold_until_due(clock)


def hold_until_due(clock: Clock) -> None:
    """End an acknowledgement at the due time, which may be earlier now, because the step at that time must fire."""
    if clock.held_until is not None:
        clock.held_until = min(clock.held_until, clock.due_at)


def window_of(clock: Clock) -> PolicyTarget | None:
    """The window for the clock's present priority, by the terms that it was started under."""
    kind = ClockKind(clock.kind)
    if kind not in RESPONSE_KINDS:
        return companion_window(
            clock.policy_version, kind, clock.priority, contract=clock.contract, at=clock.started_at
        )
    return window_for(contract=clock.contract, kind=kind, priority=clock.priority, at=clock.started_at)


def waive(clock: Clock, context: ChangeContext) -> None:
    """Excuse a promise by a lead's decision. Raises DeskError if it is waived already.

    Its outcome stays, and anything still owed remains owed.
    """
    if clock.waived_at is not None:
        raise DeskError(_("This SLA is already waived."))
    clock.waived_at, clock.waived_by, clock.waive_reason = context.at, context.actor, context.kept_cause
    clock.save(update_fields=["waived_at", "waived_by", "waive_reason"])
    append_event(clock, ClockChange.WAIVED, context)


def propose_waiver(clock: Clock, context: ChangeContext) -> None:
    """Propose to excuse a promise. Raises DeskError if it is waived already, or if that is proposed already."""
    if clock.waived_at is not None:
        raise DeskError(_("This SLA is already waived."))
    if clock.waiver_proposed_at is not None:
        raise DeskError(_("A waiver of this SLA is already proposed."))
    clock.waiver_proposed_at, clock.waiver_proposed_by = context.at, context.actor
    clock.save(update_fields=PROPOSAL)
    append_event(clock, ClockChange.WAIVER_PROPOSED, context)


def refuse_proposed_waiver(clock: Clock, context: ChangeContext) -> None:
    clock.waiver_proposed_at = clock.waiver_proposed_by = None
    clock.save(update_fields=PROPOSAL)
    append_event(clock, ClockChange.WAIVER_REFUSED, context)


def give_up(clock: Clock, context: ChangeContext) -> None:
    """End the promise of an answer whose ticket is closed: a breach, unless a lead has waived it.

    Like every breach it is dated at the due time, even if that is still in the future.
    """
    is_waived = clock.waived_at is not None and clock.waived_at <= context.effective
    if clock.state == ClockState.RUNNING and (not is_waived or clock.due_at <= context.effective):
        record_breach(clock, context)
    cancel(clock, context)


def settle(clock: Clock, context: ChangeContext) -> None:
    """Record the breach of a promise that fell due before this change took effect.

    Whatever ends or changes a promise calls this first, so that what is true does not depend on when a sweep ran.
    """
    if clock.state == ClockState.RUNNING and clock.due_at <= context.effective:
        record_breach(clock, context)


def cancel(clock: Clock, context: ChangeContext) -> None:
    """End a promise that is no longer owed; the cause says why. What fell due before is broken and stays so."""
    settle(clock, context)
    end_unsettled(clock, context)


def end_unsettled(clock: Clock, context: ChangeContext) -> None:
    """The same for a promise that was not running until now, so that nothing fell due."""
    before = Before.of(clock)
    if clock.state in (ClockState.RUNNING, ClockState.PAUSED):
        clock.state = ClockState.CANCELLED
    clock.stopped_at = context.effective
    clock.next_step_at = None
    clock.save(update_fields=ANSWER)
    append_event(clock, ClockChange.CANCELLED, context, before=before)


def next_step_time(clock: Clock) -> datetime | None:
    """When the sweep must next act on the clock, by its chain and the steps that fired. Two queries."""
    return progress_of(clock).next_action_at()

"""Takes a proposed priority back in time: each promise gets the window that it would have had without it.

Half of the proposed window is the limit, so nobody can lower a priority just before it is broken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from escalation.chains.step_times import due_time, due_under
from escalation.choices import RESPONSE_KINDS, ClockChange, ClockKind, ClockState
from escalation.clocks.lead_decisions import relaxed_window
from escalation.clocks.ledger import Before, ChangeContext, append_event
from escalation.clocks.lifecycle import (
    PINNED,
    TERMS,
    apply_window,
    cancel,
    hold_until_due,
    newest_clock,
    next_step_time,
    open_clocks,
    record_breach,
    window_data,
    window_of,
)
from escalation.clocks.updates_and_resolution import pause, resume
from escalation.models import Clock, ClockEvent
from escalation.policies.terms import window_for
from escalation.working_time.due_time import add_working
from escalation.working_time.lookup import hours_of, hours_of_version
from tickets.models import Proposal, Ticket

WITH_WINDOW = (ClockChange.STARTED, ClockChange.RETARGETED)


def is_correction(ticket: Ticket, proposal: Proposal, *, at: datetime) -> bool:
    """True until half of the proposed window, counted from the proposal, is over."""
    newest = newest_clock(ticket)
    if newest is None:
        return False
    window = window_for(
        contract=newest.contract,
        kind=ClockKind.FIRST_RESPONSE,
        priority=proposal.priority,
        at=newest.started_at,
    )
    half = add_working(hours_of(window.calendar), proposal.since, timedelta(minutes=window.minutes) / 2)
    return at <= half


def correct(ticket: Ticket, proposal: Proposal, context: ChangeContext, *, priority: int) -> None:
    """Give the open promises the windows of ``priority``, from their start. Needs the lock of the ticket.

    A promise that the proposal raised gets its window from before; if ``priority`` is above that one's, it is raised
    to it as of the words. A promise that nothing but the proposed priority knows, such as an update, ends. What is
    broken stays so. What is answered follows too, as its answer may still turn out not to have arrived.
    """
    for clock in open_clocks(ticket):
        was_paused = clock.state == ClockState.PAUSED
        resume(clock, context)
        _correct(clock, proposal, context, priority)
        if was_paused and clock.is_open:
            pause(clock, context)
    for clock in _answered_since(proposal):
        clock.ticket = ticket
        _correct_answered(clock, proposal, context, priority)


def _answered_since(proposal: Proposal) -> QuerySet[Clock]:
    answered = Clock.objects.filter(ticket=proposal.ticket, state=ClockState.MET, kind__in=RESPONSE_KINDS)
    raised = answered.filter(priority=proposal.priority, stopped_at__gte=proposal.since)
    return raised.select_related(*PINNED).order_by("pk")


def _correct(clock: Clock, proposal: Proposal, context: ChangeContext, priority: int) -> None:
    if clock.state == ClockState.RUNNING and clock.due_at <= context.at:
        record_breach(clock, context)
    if clock.state != ClockState.RUNNING:
        return
    before = Before.of(clock)
    if not _give_own_window(clock, proposal, priority):
        cancel(clock, ChangeContext(context.at, context.actor, _("No longer promised.")))
        return
    hold_until_due(clock)
    clock.next_step_at = next_step_time(clock)
    clock.save(update_fields=[*TERMS, "next_step_at"])
    _record(clock, proposal, context, before)
    if clock.due_at <= context.at:
        record_breach(clock, context)


def _correct_answered(clock: Clock, proposal: Proposal, context: ChangeContext, priority: int) -> None:
    before = Before.of(clock)
    if _give_own_window(clock, proposal, priority):
        clock.save(update_fields=TERMS)
        _record(clock, proposal, context, before)


def _give_own_window(clock: Clock, proposal: Proposal, priority: int) -> bool:
    """Give the clock what it would have without the proposal; False if that is no promise at all."""
    clock.priority = priority
    raised = _RaisedBy.proposal(clock, proposal)
    if raised is not None:
        raised.undo()
        raised.raise_to_priority(since=proposal.since)
        return True
    if _count_from_start(clock):
        return True
    clock.priority = proposal.priority
    return False


def _record(clock: Clock, proposal: Proposal, context: ChangeContext, before: Before) -> None:
    data = {**window_data(clock), "relaxed": True, "corrected": proposal.pk, "words": proposal.words}
    append_event(clock, ClockChange.RETARGETED, context, before=before, **data)


def _count_from_start(clock: Clock) -> bool:
    """Apply the window of the clock's priority from its start; False if there is none."""
    window = relaxed_window(clock)
    if window is None:
        return False
    clock.raised_at, clock.paused_before_raise = None, 0
    apply_window(clock, window, due_under(clock, window))
    return True


@dataclass(frozen=True)
class _RaisedBy:
    """The ledger line by which a proposal raised a clock, the window before it, and the lines after it.

    Only if no other line has changed the window since: then what was before is exactly what would be now.
    """

    clock: Clock
    raise_line: ClockEvent
    window: dict[str, Any]
    later: Sequence[ClockEvent]

    @classmethod
    def proposal(cls, clock: Clock, proposal: Proposal) -> _RaisedBy | None:
        lines = list(clock.events.order_by("pk"))
        place = next((n for n, line in enumerate(lines) if _is_raise(line, proposal)), None)
        if place is None or any(line.change in WITH_WINDOW for line in lines[place + 1 :]):
            return None
        earlier = [line for line in lines[:place] if line.change in WITH_WINDOW]
        if not earlier or "terms" not in earlier[-1].data:
            return None
        return cls(clock, lines[place], earlier[-1].data, lines[place + 1 :])

    def undo(self) -> None:
        """Give the clock its window from before the raise; pauses since then have moved its due time."""
        clock, terms = self.clock, self.window["terms"]
        raised_at = terms["raised_at"]
        clock.minutes = self.window["minutes"]
        clock.policy_version_id = terms["policy_version"]
        clock.calendar_id, clock.calendar_version = terms["calendar"], terms["calendar_version"]
        clock.contract_window_id = terms["contract_window"]
        clock.raised_at = datetime.fromisoformat(raised_at) if raised_at is not None else None
        clock.paused_before_raise = terms["paused_before_raise"]
        due = self.raise_line.due_before
        if due is not None:
            hours = hours_of_version(clock.calendar, clock.calendar_version)
            clock.due_at = add_working(hours, due, timedelta(seconds=self._paused_since))

    def raise_to_priority(self, *, since: datetime) -> None:
        """Raise the clock to its priority as of ``since``, if the window before the raise was that of a lower one."""
        clock, target = self.clock, window_of(self.clock)
        if target is None or clock.priority >= self.window["priority"]:
            return
        due = due_time(target.calendar, since, target.minutes)
        due = add_working(hours_of(target.calendar), due, timedelta(seconds=self._paused_since))
        if due < clock.due_at:
            clock.raised_at, clock.paused_before_raise = since, clock.paused_seconds - self._paused_since
            apply_window(clock, target, due)

    @property
    def _paused_since(self) -> int:
        """Seconds."""
        return sum(line.data["seconds"] for line in self.later if line.change == ClockChange.RESUMED)


def _is_raise(line: ClockEvent, proposal: Proposal) -> bool:
    return line.change == ClockChange.RETARGETED and line.data.get("proposal") == proposal.pk

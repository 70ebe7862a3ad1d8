"""The window that a running promise would have by now if its contract had been known from the start."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from customers.models import Contract
from escalation.chains.step_times import due_time
from escalation.choices import RESPONSE_KINDS, ClockChange, ClockKind
from escalation.clocks.missed_priorities import MissedPriorities
from escalation.clocks.pause_lines import in_force, without_pauses
from escalation.models import Clock, ClockEvent, PolicyTarget
from escalation.policies.terms import companion_window, window_for
from escalation.working_time.due_time import add_working
from escalation.working_time.lookup import hours_of

CHANGES = (
    ClockChange.STARTED, ClockChange.RETARGETED, ClockChange.PAUSED, ClockChange.RESUMED,
)  # fmt: skip


@dataclass(frozen=True)
class AgreedWindow:
    """A window with its due time; ``raised_at`` is its start, if a raise of the priority began it."""

    target: PolicyTarget
    due_at: datetime
    raised_at: datetime | None = None
    paused_before_raise: int = 0


def promised_window(
    contract: Contract | None, kind: ClockKind, *, priority: int, at: datetime
) -> PolicyTarget | None:
    """The contract's window, or the default plan's, for a promise begun at ``at`` (UTC); None if none is promised."""
    answer = kind if kind in RESPONSE_KINDS else ClockKind.FIRST_RESPONSE
    target = window_for(contract=contract, kind=answer, priority=priority, at=at)
    if kind in RESPONSE_KINDS:
        return target
    return companion_window(target.version, kind, priority, contract=contract, at=at)


def agreed_window(
    clock: Clock,
    contract: Contract | None,
    *,
    missed: MissedPriorities | None = None,
    without_pauses_since: datetime | None = None,
) -> AgreedWindow | None:
    """Go through the clock's ledger and let the contract's windows follow each change; None if it promises none.

    A raise of the priority counts its window from the raise if that ends earlier; a lowered promise keeps its due
    time until a lead relaxes it; a pause moves only a due time that was still to come. ``missed`` are the changes of
    the priority between the clock's start and the one in its ledger; pauses since ``without_pauses_since`` (UTC) do
    not count.
    """
    course = _Course(clock, contract)
    lines = in_force(ClockEvent.objects.filter(clock=clock, change__in=CHANGES).order_by("pk"))
    if without_pauses_since is not None:
        lines = without_pauses(lines, since=without_pauses_since)
    for line in lines:
        match line.change:
            case ClockChange.STARTED:
                course.begin(line.data["priority"] if missed is None else missed.at_first)
                for missed_change in missed.changes if missed is not None else ():
                    course.retarget(missed_change.at, {"priority": missed_change.after})
            case ClockChange.RETARGETED:
                course.retarget(line.at, line.data)
            case ClockChange.PAUSED:
                course.paused_at = line.at
            case ClockChange.RESUMED:
                course.resume(line.data["seconds"])
    return course.window


class _Course:
    """What the contract's window was after each line of the ledger."""

    def __init__(self, clock: Clock, contract: Contract | None) -> None:
        self.clock, self.contract = clock, contract
        self.window: AgreedWindow | None = None
        self.priority = clock.priority
        self.paused_at: datetime | None = None
        self.paused_seconds = 0

    def begin(self, priority: int) -> None:
        """Count the priority's window from the start, with the pauses so far."""
        self.priority = priority
        target = self._target(priority)
        if target is not None:
            due = due_time(target.calendar, self.clock.started_at, target.minutes)
            self.window = AgreedWindow(target, _later(target, due, self.paused_seconds))

    def retarget(self, at: datetime, data: dict[str, Any]) -> None:
        before, self.priority = self.priority, data["priority"]
        if data.get("relaxed") or ("policy_version" in data and not data.get("kept")):
            self.begin(self.priority)
        elif self.priority < before:
            self._raise(at)

    def resume(self, seconds: int) -> None:
        self.paused_seconds += seconds
        window = self.window
        if window is not None and self.paused_at is not None and window.due_at > self.paused_at:
            self.window = replace(window, due_at=_later(window.target, window.due_at, seconds))
        self.paused_at = None

    def _raise(self, at: datetime) -> None:
        target = self._target(self.priority)
        if target is None or (self.window is not None and self.window.due_at <= at):
            return
        due = due_time(target.calendar, at, target.minutes)
        if self.window is None or due < self.window.due_at:
            self.window = AgreedWindow(target, due, at, self.paused_seconds)

    def _target(self, priority: int) -> PolicyTarget | None:
        kind = ClockKind(self.clock.kind)
        return promised_window(self.contract, kind, priority=priority, at=self.clock.started_at)


def _later(target: PolicyTarget, due: datetime, seconds: int) -> datetime:
    return add_working(hours_of(target.calendar), due, timedelta(seconds=seconds))

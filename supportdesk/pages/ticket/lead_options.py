"""The decisions a lead may take about a promise: waive it with a second person, or relax it once it was lowered."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from escalation.chains.step_times import due_under
from escalation.choices import ClockChange, ClockState
from escalation.clocks.lead_decisions import relaxed_window
from escalation.models import Clock, ClockEvent

WAIVABLE = (ClockState.RUNNING, ClockState.PAUSED, ClockState.BREACHED)


@dataclass(frozen=True)
class LeadOptions:
    """``may_answer_waiver``: one is proposed, which anybody but its author may confirm, and everybody may let drop.

    ``relaxed_due`` is when the relaxed promise would fall due; None if there is nothing to relax.
    """

    may_waive: bool
    may_answer_waiver: bool
    relaxed_due: datetime | None


def lead_options_of(clock: Clock, events: Iterable[ClockEvent], *, now: datetime) -> LeadOptions:
    """The options for one promise. At most two queries; none if its priority was never changed."""
    was_changed = any(event.change == ClockChange.RETARGETED for event in events)
    return LeadOptions(
        may_waive=clock.waived_at is None and clock.waiver_proposed_at is None and clock.state in WAIVABLE,
        may_answer_waiver=clock.has_proposed_waiver,
        relaxed_due=_relaxed_due(clock) if was_changed and _runs(clock, now) else None,
    )


def _runs(clock: Clock, now: datetime) -> bool:
    return clock.state == ClockState.RUNNING and clock.due_at > now


def _relaxed_due(clock: Clock) -> datetime | None:
    target = relaxed_window(clock)
    due = due_under(clock, target) if target is not None else clock.due_at
    return due if due > clock.due_at else None

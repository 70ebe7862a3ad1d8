"""When a promise falls due: its window, and the steps of its chain as times in that window."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from escalation.models import Calendar, Clock, EscalationStep, PolicyTarget, StepTime
from escalation.working_time.due_time import add_working, working_between
from escalation.working_time.lookup import hours_of, hours_of_version

AT_THE_START = 0  # percentage of the step that fires when the ticket is opened
AT_DUE = 100


def due_time(calendar: Calendar, start: datetime, minutes: int) -> datetime:
    """The end of a window of this many working minutes that starts at ``start`` (UTC)."""
    return add_working(hours_of(calendar), start, timedelta(minutes=minutes))


def due_under(clock: Clock, target: PolicyTarget) -> datetime:
    """The clock's due time under another window, counted from the same start and with the same pauses."""
    due = due_time(target.calendar, clock.started_at, target.minutes)
    return add_working(hours_of(target.calendar), due, timedelta(seconds=clock.paused_seconds))


def step_times(clock: Clock, steps: Sequence[EscalationStep | StepTime]) -> list[datetime]:
    """When each of the steps fires. A step at 100 percent fires exactly at the due time, whatever moved it.

    Minutes from the due time are working time too; those before it reach back to the start of the window at most.
    """
    hours, start = hours_of_version(clock.calendar, clock.calendar_version), clock.window_starts_at
    window = timedelta(minutes=clock.minutes)
    paused = timedelta(seconds=clock.paused_seconds - clock.paused_before_raise)
    times = []
    for step in steps:
        minutes = timedelta(minutes=step.minutes_from_due or 0)
        if step.percent == AT_DUE:
            times.append(clock.due_at)
        elif step.percent is not None:
            times.append(add_working(hours, start, window * step.percent // 100 + paused))
        elif minutes < timedelta(0):
            times.append(add_working(hours, start, max(window + minutes, timedelta(0)) + paused))
        else:
            times.append(add_working(hours, clock.due_at, minutes))
    return times


def step_time(clock: Clock, step: EscalationStep) -> datetime:
    """When one step fires; see `step_times`."""
    return step_times(clock, [step])[0]


def first_step_time(clock: Clock, target: PolicyTarget) -> datetime:
    """When a new clock's first step falls due. No query.

    If the window does not know its chain's first steps, it is the start of the clock, so that the next sweep computes
    it.
    """
    if target.first_steps is None:
        return clock.started_at
    return min([clock.due_at, *step_times(clock, target.first_steps)])


def is_last_fifth(clock: Clock, at: datetime) -> bool:
    """True if at most a fifth of the window is left at ``at`` (UTC). A paused clock keeps what it had left."""
    left = working_between(
        hours_of_version(clock.calendar, clock.calendar_version), clock.paused_at or at, clock.due_at
    )
    return left * 5 <= timedelta(minutes=clock.minutes)

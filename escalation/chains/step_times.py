"""The moments of a promise: its due time, and the times of the steps of its chain."""

from datetime import datetime, timedelta

from escalation.models import Calendar, Clock, EscalationStep, PolicyTarget
from escalation.working_time.due_time import add_working, working_between
from escalation.working_time.hours import WorkingHours
from escalation.working_time.lookup import hours_of, hours_of_version


def due_time(calendar: Calendar, start: datetime, minutes: int) -> datetime:
    """When a window of so many working minutes ends that starts at ``start`` (UTC)."""
    return add_working(hours_of(calendar), start, timedelta(minutes=minutes))


def due_under(clock: Clock, target: PolicyTarget) -> datetime:
    """When the clock would fall due by this window from where its own is counted, its pauses included."""
    due = due_time(target.calendar, clock.started_at, target.minutes)
    return add_working(hours_of(target.calendar), due, timedelta(seconds=clock.paused_seconds))


def step_time(clock: Clock, step: EscalationStep) -> datetime:
    """When a step of the chain is to fire; at 100 percent the due time to the second, whatever moved it.

    Minutes from the due time are working time too; before it they end where the window began at the earliest.
    """
    if step.percent is None:
        return _near_due(clock, step.minutes_from_due or 0)
    if step.percent == 100:
        return clock.due_at
    return _after_start(clock, timedelta(minutes=clock.minutes) * step.percent // 100)


def _near_due(clock: Clock, minutes: int) -> datetime:
    if minutes < 0:
        return _after_start(clock, max(timedelta(minutes=clock.minutes + minutes), timedelta(0)))
    return add_working(_hours(clock), clock.due_at, timedelta(minutes=minutes))


def _after_start(clock: Clock, worked: timedelta) -> datetime:
    moment = add_working(_hours(clock), clock.window_starts_at, worked)
    return add_working(
        _hours(clock), moment, timedelta(seconds=clock.paused_seconds - clock.paused_before_raise)
    )


def _hours(clock: Clock) -> WorkingHours:
    return hours_of_version(clock.calendar, clock.calendar_version)


def is_last_fifth(clock: Clock, at: datetime) -> bool:
    """Whether no more than a fifth of the window is left at ``at`` (UTC); while it stands still, of what it kept."""
    left = working_between(
        hours_of_version(clock.calendar, clock.calendar_version), clock.paused_at or at, clock.due_at
    )
    return left * 5 <= timedelta(minutes=clock.minutes)

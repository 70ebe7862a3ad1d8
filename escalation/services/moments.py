"""The moments of a promise: its due time, and the times of the steps of its chain."""

from datetime import datetime, timedelta

from escalation.calendars import hours_of, hours_of_version
from escalation.models import Calendar, Clock
from escalation.worktime import add_working, at_share, working_between


def due_time(calendar: Calendar, start: datetime, minutes: int) -> datetime:
    """When a window of so many working minutes ends that starts at ``start`` (UTC)."""
    return add_working(hours_of(calendar), start, timedelta(minutes=minutes))


def step_time(clock: Clock, percent: int) -> datetime:
    """When a share of the clock's window has passed; 100 is its due time to the second, whatever moved it."""
    if percent == 100:
        return clock.due_at
    hours = hours_of_version(clock.calendar, clock.calendar_version)
    window = timedelta(minutes=clock.minutes)
    moment = at_share(hours, clock.window_starts_at, window, percent)
    return add_working(hours, moment, timedelta(seconds=clock.paused_seconds - clock.paused_before_raise))


def is_last_fifth(clock: Clock, at: datetime) -> bool:
    """Whether no more than a fifth of the window is left at ``at`` (UTC); while it stands still, of what it kept."""
    left = working_between(
        hours_of_version(clock.calendar, clock.calendar_version), clock.paused_at or at, clock.due_at
    )
    return left * 5 <= timedelta(minutes=clock.minutes)

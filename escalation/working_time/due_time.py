"""Computes when a promise falls due, and how much working time lies between two times.

A time is working time if the local time in the calendar's zone is in an interval of that day. An hour skipped by
daylight saving does not count, a repeated hour counts twice.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils.translation import gettext as _

from escalation.lib.intervals import clipped, union
from escalation.working_time.hours import WorkingHours
from escalation.working_time.month_table import MICROSECOND, micros_of, moment_of, month_of, month_table
from escalation.working_time.validation import Interval, WorkTimeError

__all__ = [
    "Interval",
    "Stretch",
    "WorkTimeError",
    "WorkingHours",
    "add_working",
    "stretches",
    "working_between",
]


@dataclass(frozen=True)
class Stretch:
    """One unbroken piece of working time, in UTC."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        return self.end - self.start


def add_working(hours: WorkingHours, start: datetime, amount: timedelta) -> datetime:
    """The earliest moment (UTC) by which `amount` of working time has passed since `start`.

    Exact inverse of `working_between`. Nothing to add gives `start` itself, open or closed.
    """
    start = _utc(start)
    if amount < timedelta(0):
        raise WorkTimeError(_("Working time to add cannot be negative."))
    if hours.never_closes or not amount:
        return start + amount
    month = month_of(start)
    table = month_table(hours, month)
    left = table.worked_until(micros_of(start)) + amount // MICROSECOND
    while left > table.total:
        left -= table.total
        month += 1
        table = month_table(hours, month)
    return moment_of(table.when_worked(left))


def working_between(hours: WorkingHours, start: datetime, end: datetime) -> timedelta:
    """How much working time lies between two moments; none if `end` is not after `start`."""
    start, end = _utc(start), _utc(end)
    if end <= start:
        return timedelta(0)
    if hours.never_closes:
        return end - start
    first, last = month_of(start), month_of(end)
    whole_months = sum(month_table(hours, month).total for month in range(first, last))
    before_start = month_table(hours, first).worked_until(micros_of(start))
    until_end = month_table(hours, last).worked_until(micros_of(end))
    return timedelta(microseconds=whole_months - before_start + until_end)


def stretches(hours: WorkingHours, start: datetime, end: datetime) -> Iterator[Stretch]:
    """Each stretch of working time between two moments, in order; together they add up to `working_between`."""
    start, end = _utc(start), _utc(end)
    if end <= start:
        return
    if hours.never_closes:
        yield Stretch(start, end)
        return
    months = range(month_of(start), month_of(end) + 1)
    spans = (span for month in months for span in month_table(hours, month).spans)
    for begin, finish in union(clipped(spans, (micros_of(start), micros_of(end)))):
        yield Stretch(moment_of(begin), moment_of(finish))


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise WorkTimeError(_("A moment without a time zone cannot be placed in working time."))
    return moment.astimezone(UTC)

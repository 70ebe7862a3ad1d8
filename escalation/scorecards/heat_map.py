"""What happens at which hour of which weekday in the reader's zone: arrivals, due times, breaches, people on duty."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import TextChoices
from django.utils.translation import pgettext_lazy

from escalation.choices import ClockState
from escalation.exports.promises import JudgedPromise
from escalation.lib.weeks import CoveredTime
from escalation.models import Clock
from escalation.people.on_duty import shifts_within, watches_by_rota
from escalation.scorecards.readers import ScoreReader
from tickets.models import Ticket

HOUR = timedelta(hours=1)


class Heat(TextChoices):
    ARRIVED = "arrived", pgettext_lazy("heat map", "Arrived")
    DUE = "due", pgettext_lazy("heat map", "Due")
    BREACHED = "breached", pgettext_lazy("heat map", "Breached")
    ON_DUTY = "on-duty", pgettext_lazy("heat map", "On duty")


class HourOfWeek(NamedTuple):
    """Monday is 0."""

    weekday: int
    hour: int


HOURS_OF_WEEK = [HourOfWeek(weekday, hour) for hour in range(24) for weekday in range(7)]
HeatMap = Mapping[HourOfWeek, list[int]]  # the keys of the rows that fall into the hour


def hour_of_week(moment: datetime, zone: ZoneInfo) -> HourOfWeek:
    local = moment.astimezone(zone)
    return HourOfWeek(local.weekday(), local.hour)


def arrivals(period: CoveredTime, reader: ScoreReader) -> HeatMap:
    """Tickets by the hour in which they arrived. One query."""
    tickets = Ticket.objects.filter(
        is_drill=False, is_history=False, opened_at__gte=period.start, opened_at__lt=period.end
    )
    rows = tickets.order_by("pk").values_list("pk", "pk", "opened_at").iterator()
    return _by_hour(rows, period.zone, reader)


def due_times(period: CoveredTime, reader: ScoreReader) -> HeatMap:
    """Promises by the hour in which they fell due, those that were cancelled left out. One query."""
    clocks = Clock.objects.real().filter(due_at__gte=period.start, due_at__lt=period.end)
    kept = clocks.exclude(state=ClockState.CANCELLED).order_by("pk")
    return _by_hour(kept.values_list("pk", "ticket_id", "due_at").iterator(), period.zone, reader)


def breaches(promises: Iterable[JudgedPromise], period: CoveredTime, reader: ScoreReader) -> HeatMap:
    """Broken promises by the hour in which they broke."""
    rows = (
        (promise.clock.pk, promise.clock.ticket_id, promise.clock.due_at)
        for promise in promises
        if promise.verdict.state == ClockState.BREACHED and period.contains(promise.verdict.decided_at)
    )
    return _by_hour(rows, period.zone, reader)


def people_on_duty(period: CoveredTime) -> Mapping[HourOfWeek, float]:
    """How many people were on duty on average when the hour struck. One query."""
    starts: dict[datetime, set[int]] = {hour: set() for hour in _full_hours(period)}
    for watches in watches_by_rota(shifts_within(period.start, period.end)).values():
        for watch in watches:
            for hour in _hours_of(watch.starts_at, watch.ends_at, period.zone):
                if hour in starts:
                    starts[hour].add(watch.user_id)
    people: defaultdict[HourOfWeek, list[int]] = defaultdict(list)
    for hour, users in starts.items():
        people[hour_of_week(hour, period.zone)].append(len(users))
    return {cell: round(sum(numbers) / len(numbers), 1) for cell, numbers in people.items()}


def _by_hour(rows: Iterable[tuple[int, int, datetime]], zone: ZoneInfo, reader: ScoreReader) -> HeatMap:
    cells: defaultdict[HourOfWeek, list[int]] = defaultdict(list)
    for pk, ticket_id, moment in rows:
        if reader.sees_ticket(ticket_id):
            cells[hour_of_week(moment, zone)].append(pk)
    return cells


def _full_hours(period: CoveredTime) -> Iterator[datetime]:
    return _hours_of(period.start, period.end, period.zone)


def _hours_of(start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """The local full hours from ``start`` until before ``end``, in UTC."""
    local = start.astimezone(zone)
    past = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    hour = start if not past else start + HOUR - past
    while hour < end:
        yield hour
        hour += HOUR

"""What falls into which hour of the week in the reader's zone; behind and weekly_trend count by the same hours."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from escalation.choices import ClockState
from escalation.exports.promises import promises_of
from escalation.lib.weeks import CoveredTime
from escalation.scorecards.heat_map import HourOfWeek, arrivals, breaches, due_times, people_on_duty
from escalation.scorecards.readers import EVERYTHING, ScoreReader
from tests.factories import (
    ClockEventFactory,
    ClockFactory,
    DutyRotaFactory,
    DutyShiftFactory,
    TicketFactory,
    staff,
)

pytestmark = pytest.mark.django_db
SHANGHAI, KATHMANDU = ZoneInfo("Asia/Shanghai"), ZoneInfo("Asia/Kathmandu")
MONDAY = datetime(2026, 11, 16, tzinfo=SHANGHAI)
HOUR = timedelta(hours=1)


def week(zone=SHANGHAI, start=MONDAY, days=7):
    end = start + days * 24 * HOUR
    return CoveredTime(zone=zone, start=start.astimezone(UTC), end=end.astimezone(UTC), as_of=end)


def test_tickets_and_promises_fall_into_their_local_hours_but_no_drill_and_nothing_cancelled():
    at = MONDAY + 26 * HOUR + timedelta(minutes=59)
    broken = ClockFactory(ticket=TicketFactory(opened_at=at), minutes=60, state=ClockState.BREACHED)
    ClockEventFactory(clock=broken)
    ClockFactory(ticket=TicketFactory(opened_at=at), minutes=60, state=ClockState.CANCELLED, stopped_at=at)
    ClockFactory(ticket=TicketFactory(opened_at=at, is_drill=True), minutes=60)
    arrived = arrivals(week(), EVERYTHING)
    assert {cell: len(keys) for cell, keys in arrived.items()} == {HourOfWeek(1, 2): 2}
    assert due_times(week(), EVERYTHING) == {HourOfWeek(1, 3): [broken.pk]}
    assert breaches(promises_of(week()), week(), EVERYTHING) == {HourOfWeek(1, 3): [broken.pk]}


def test_an_hour_counts_only_tickets_that_the_reader_may_open():
    ticket = TicketFactory(opened_at=MONDAY)
    TicketFactory(opened_at=MONDAY)
    assert arrivals(week(), ScoreReader(tickets={ticket.pk})) == {HourOfWeek(0, 0): [ticket.pk]}


def test_what_arrives_at_the_end_of_the_period_belongs_to_the_next():
    TicketFactory(opened_at=MONDAY + 7 * 24 * HOUR)
    assert arrivals(week(), EVERYTHING) == {}


def test_people_on_duty_are_an_average_over_the_weeks_and_one_person_in_two_rotas_is_one():
    ann, ben = staff("ann"), staff("ben")
    for rota in (DutyRotaFactory(), DutyRotaFactory()):
        DutyShiftFactory(rota=rota, user=ann, starts_at=MONDAY, ends_at=MONDAY + 2 * HOUR)
    DutyShiftFactory(rota=rota, user=ben, starts_at=MONDAY + HOUR, ends_at=MONDAY + 3 * HOUR)
    people = people_on_duty(week(days=14))
    assert [people[HourOfWeek(0, hour)] for hour in range(4)] == [0.5, 1.0, 0.5, 0.0]


def test_hours_strike_by_the_readers_clock_where_it_differs_by_a_quarter():
    DutyShiftFactory(user=staff(), starts_at=MONDAY, ends_at=MONDAY + HOUR)
    people = people_on_duty(week(zone=KATHMANDU))
    on_duty = {cell for cell, number in people.items() if number}
    assert on_duty == {HourOfWeek(6, 22)}  # 00:00 there is 21:45 here

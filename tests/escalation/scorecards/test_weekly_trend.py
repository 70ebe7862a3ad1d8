"""The weeks of a trend: at least eight, whole ones, the last up to the end of the period."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from escalation.choices import ClockState
from escalation.exports.promises import promises_of
from escalation.lib.weeks import CoveredTime
from escalation.scorecards.readers import EVERYTHING, ScoreReader
from escalation.scorecards.weekly_trend import MOST_WEEKS, count_all_weeks, count_weeks, trend_weeks
from tests.escalation.exports.test_recomputed_packs import END, START
from tests.escalation.scorecards.playedweek import PlayedWeek
from tests.factories import ClockEventFactory, ClockFactory, PolicyVersionFactory, TicketFactory
from tickets.models import Ticket

SHANGHAI = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 11, 16, tzinfo=SHANGHAI)
DAY = timedelta(days=1)


def period(start, end):
    return CoveredTime(zone=SHANGHAI, start=start.astimezone(UTC), end=end.astimezone(UTC), as_of=end)


def test_a_short_period_has_the_weeks_before_it_and_its_last_ends_with_it():
    weeks = trend_weeks(period(MONDAY, MONDAY + 2 * DAY))
    assert [str(each.week) for each in weeks] == [f"2026-W{number}" for number in range(40, 48)]
    assert weeks[-1].period.end == MONDAY + 2 * DAY
    assert weeks[-2].period.end == MONDAY


@pytest.mark.parametrize(("days", "weeks"), [(91, 13), (92, 14), (3 * 365, MOST_WEEKS)])
def test_a_long_period_has_all_its_weeks_up_to_a_year(days, weeks):
    assert len(trend_weeks(period(MONDAY - days * DAY, MONDAY))) == weeks


@pytest.mark.django_db
def test_a_promise_counts_in_the_local_week_that_decided_it():
    before = ClockFactory(ticket=TicketFactory(opened_at=MONDAY - timedelta(hours=1)), minutes=59)
    after = ClockFactory(ticket=TicketFactory(opened_at=MONDAY - timedelta(hours=1)), minutes=60)
    for clock in (before, after):
        clock.state = ClockState.BREACHED
        clock.save()
        ClockEventFactory(clock=clock)
    whole = period(MONDAY - 7 * DAY, MONDAY + 7 * DAY)
    weeks = trend_weeks(whole)
    count_weeks(weeks, promises_of(whole))
    assert [each.breached for each in weeks[-2:]] == [1, 1]
    assert weeks[-1].met_percent == 0


def counted_one_by_one(whole, tickets=None):
    weeks = trend_weeks(whole)
    span = CoveredTime(zone=SHANGHAI, start=weeks[0].period.start, end=whole.end, as_of=whole.as_of)
    promises = [each for each in promises_of(span) if tickets is None or each.clock.ticket_id in tickets]
    count_weeks(weeks, promises)
    return [(each.met, each.breached) for each in weeks]


def counted_by_the_database(whole, reader=EVERYTHING):
    weeks = trend_weeks(whole)
    count_all_weeks(weeks, reader)
    return [(each.met, each.breached) for each in weeks]


@pytest.mark.django_db
@pytest.mark.parametrize("end", [END, START + 3 * DAY, END + 30 * DAY])
def test_the_database_counts_what_is_counted_one_by_one(end):
    PlayedWeek(5)
    whole = replace(period(START, end), as_of=END + 60 * DAY)  # by what is recorded now, as the page does
    counted = counted_by_the_database(whole)
    assert counted == counted_one_by_one(whole)
    assert sum(map(sum, counted)) > 5
    some = frozenset(Ticket.objects.order_by("pk").values_list("pk", flat=True)[::2])
    assert counted_by_the_database(whole, ScoreReader(tickets=some)) == counted_one_by_one(whole, some)


@pytest.mark.django_db
def test_a_pause_that_its_cap_has_ended_counts_though_no_sweep_has_noticed():
    clock = ClockFactory(
        ticket=TicketFactory(opened_at=MONDAY), minutes=60, state=ClockState.PAUSED,
        paused_at=MONDAY, next_step_at=MONDAY + DAY, policy_version=PolicyVersionFactory(pause_cap_minutes=1440),
    )  # fmt: skip
    ClockEventFactory(clock=clock)
    whole = period(MONDAY, MONDAY + 3 * DAY)
    assert counted_by_the_database(whole) == counted_one_by_one(whole)
    assert counted_by_the_database(whole)[-1] == (0, 1)

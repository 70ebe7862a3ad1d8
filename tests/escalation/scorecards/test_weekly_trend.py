"""The weeks of a trend: at least eight, whole ones, the last up to the end of the period."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from escalation.choices import ClockState
from escalation.exports.promises import promises_of
from escalation.lib.weeks import CoveredTime
from escalation.scorecards.weekly_trend import MOST_WEEKS, count_weeks, trend_weeks
from tests.factories import ClockEventFactory, ClockFactory, TicketFactory

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

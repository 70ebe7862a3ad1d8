"""The days of a period, and where they begin in the reader's zone."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from escalation.scorecards.periods import ScorePeriod, covered, days_of

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("period", "today", "first", "last"),
    [
        (ScorePeriod.THIS_WEEK, "2026-11-18", "2026-11-16", "2026-11-22"),
        (ScorePeriod.THIS_WEEK, "2026-11-16", "2026-11-16", "2026-11-22"),
        (ScorePeriod.THIS_WEEK, "2026-11-22", "2026-11-16", "2026-11-22"),
        (ScorePeriod.LAST_WEEK, "2026-01-01", "2025-12-22", "2025-12-28"),
        (ScorePeriod.THIS_MONTH, "2028-02-29", "2028-02-01", "2028-02-29"),
        (ScorePeriod.THIS_MONTH, "2026-12-31", "2026-12-01", "2026-12-31"),
        (ScorePeriod.LAST_MONTH, "2026-01-15", "2025-12-01", "2025-12-31"),
        (ScorePeriod.LAST_MONTH, "2026-03-31", "2026-02-01", "2026-02-28"),
        (ScorePeriod.THIS_QUARTER, "2026-11-18", "2026-10-01", "2026-12-31"),
        (ScorePeriod.LAST_QUARTER, "2026-03-31", "2025-10-01", "2025-12-31"),
        (ScorePeriod.LAST_QUARTER, "2026-04-01", "2026-01-01", "2026-03-31"),
    ],
)
def test_the_days_of_a_period(period, today, first, last):
    assert days_of(period, today=date.fromisoformat(today)) == (
        date.fromisoformat(first),
        date.fromisoformat(last),
    )


def test_days_begin_and_end_at_midnight_of_the_reader_across_a_change_of_the_clocks():
    now = datetime(2026, 12, 1, tzinfo=UTC)
    period = covered(date(2026, 10, 25), date(2026, 10, 25), zone=BERLIN, now=now)
    assert (period.start, period.end) == (
        datetime(2026, 10, 24, 22, tzinfo=UTC),
        datetime(2026, 10, 25, 23, tzinfo=UTC),
    )
    assert period.as_of == now


def test_a_period_that_is_not_over_ends_now_and_one_to_come_is_empty():
    now = datetime(2026, 11, 18, 12, tzinfo=UTC)
    assert covered(date(2026, 11, 16), date(2026, 11, 22), zone=SHANGHAI, now=now).end == now
    to_come = covered(date(2027, 1, 1), date(2027, 1, 2), zone=SHANGHAI, now=now)
    assert to_come.start == to_come.end

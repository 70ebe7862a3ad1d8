"""Each row of the State Council's days off, proven against the library: two records of the same notices."""

from datetime import date, timedelta
from itertools import pairwise

import holidays
import pytest

from escalation.working_time.chinese_holidays import LAST_YEAR, NOTICES, PERIODS

DAY = timedelta(days=1)
SATURDAY = 5
# The notices of these years name only the festival and a day in lieu on Monday, not the Saturday before; that of 2015
# gives Sunday alone for the Mid-Autumn Festival, and the law of 1999 the first of January alone.
ORDINARY_WEEKENDS = {
    date(2000, 12, 30),
    date(2000, 12, 31),
    date(2015, 4, 4),
    date(2015, 9, 26),
    date(2016, 4, 30),
    date(2016, 12, 31),
}
LIBRARY = holidays.country_holidays("CN", years=range(2000, LAST_YEAR + 2))
CLOSED, MAKE_UP = frozenset(LIBRARY), frozenset(LIBRARY.weekend_workdays)


def days_of(period) -> set[date]:
    return {period.first + number * DAY for number in range((period.last - period.first).days + 1)}


IN_PERIODS = set().union(*map(days_of, PERIODS))


def is_off(day: date) -> bool:
    return (day in CLOSED or day.weekday() >= SATURDAY) and day not in MAKE_UP | ORDINARY_WEEKENDS


def test_there_are_rows_for_every_year_with_moved_days():
    assert {period.last.year for period in PERIODS} == set(range(2001, LAST_YEAR + 1)) == set(NOTICES)


def test_every_closed_day_of_the_library_is_in_a_period():
    assert {day for day in CLOSED if 2001 <= day.year <= LAST_YEAR} - IN_PERIODS == set()


@pytest.mark.parametrize("period", PERIODS, ids=lambda period: f"{period.first}")
def test_a_period_holds_closed_days_and_weekends_and_is_the_whole_run_of_days_off(period):
    assert all(map(is_off, days_of(period)))
    assert CLOSED & days_of(period)
    assert not is_off(period.first - DAY)
    assert not is_off(period.last + DAY)


def test_periods_are_in_order_and_never_touch():
    assert all(before.last + DAY < then.first for before, then in pairwise(PERIODS))


def test_every_period_names_its_notice():
    assert all(period.notice for period in PERIODS)
    assert {period.notice for period in PERIODS if period.first.year == 2026} == {
        "国办发明电〔2025〕7号 2025-11-04"
    }


@pytest.mark.parametrize(
    ("year", "weekends"),
    [
        (2025, "02-01 02-02 04-05 04-06 05-03 05-04 06-01 10-04 10-05"),
        (2026, "01-03 02-15 02-21 02-22 04-04 05-03 06-20 06-21 09-26 09-27 10-04"),
    ],
)
def test_the_weekend_days_that_the_library_leaves_out(year, weekends):
    left_out = sorted(day for day in IN_PERIODS - CLOSED if day.year == year)
    assert " ".join(f"{day:%m-%d}" for day in left_out) == weekends

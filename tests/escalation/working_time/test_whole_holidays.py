"""Weekends inside a holiday: by the State Council's periods, or worked out where a state moved days around them."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from escalation.working_time import public_holidays, whole_holidays
from escalation.working_time.chinese_holidays import LAST_YEAR
from escalation.working_time.definitions import CalendarDefinition, with_holidays
from escalation.working_time.due_time import add_working, working_between
from escalation.working_time.public_holidays import disputed_days, holiday_days, worked_out_year
from escalation.working_time.whole_holidays import HolidayDays, LibraryDays, days_inside, disagreements

SHANGHAI = ZoneInfo("Asia/Shanghai")
EVERY_DAY = CalendarDefinition("Asia/Shanghai", weekly=(((540, 1260),),) * 7, country="CN")
HOURS = with_holidays(EVERY_DAY, 2026).hours()
EASTER_SATURDAY = date(2026, 4, 4)


def test_a_desk_that_works_on_weekends_rests_through_the_whole_spring_festival():
    received = datetime(2026, 2, 14, 20, tzinfo=SHANGHAI)  # the make-up Saturday
    due = add_working(HOURS, received, timedelta(hours=4))
    assert due.astimezone(SHANGHAI) == datetime(2026, 2, 24, 12, tzinfo=SHANGHAI)
    assert working_between(HOURS, received, due) == timedelta(hours=4)


@settings(max_examples=200, deadline=None)
@given(st.integers(-40 * 1440, 300 * 1440), st.integers(1, 20 * 1440))
def test_adding_and_counting_are_inverse_over_whole_holidays(offset, minutes):
    start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=offset)
    amount = timedelta(minutes=minutes)
    due = add_working(HOURS, start, amount)
    assert working_between(HOURS, start, due) == amount
    assert working_between(HOURS, start, due - timedelta(minutes=1)) < amount


def test_a_weekend_inside_a_chinese_holiday_is_closed_and_a_make_up_day_is_not():
    days = holiday_days("CN", "", range(2026, 2027))
    assert {date(2026, 2, 15), date(2026, 2, 21), date(2026, 9, 27)} <= days.closed
    assert not days.closed & days.make_up
    assert date(2026, 2, 14) not in days.closed


def test_a_holiday_that_begins_in_december_counts_in_both_years():
    assert date(2022, 12, 31) in holiday_days("CN", "", range(2022, 2023)).closed
    assert date(2023, 1, 1) in holiday_days("CN", "", range(2023, 2024)).closed


@pytest.mark.parametrize("year", range(2018, LAST_YEAR + 1))
def test_a_year_without_rows_is_worked_out_from_the_library_as_the_notices_of_today_have_it(
    year, monkeypatch
):
    years = range(year, year + 1)
    announced = holiday_days("CN", "", years)
    before = frozenset(day for day in whole_holidays.announced_days() if day.year < year)
    monkeypatch.setattr(whole_holidays, "announced_days", lambda: before)
    monkeypatch.setattr(whole_holidays, "LAST_YEAR", year - 1)
    assert holiday_days("CN", "", years) == announced


@pytest.mark.parametrize(
    ("country", "day", "closed"),
    [
        (
            "LV",
            date(2025, 5, 3),
            True,
        ),  # Friday was moved to prolong Labour Day to Independence Day on Sunday
        ("KG", date(2024, 1, 6), True),  # Friday was moved; Christmas is on Sunday
        ("LV", EASTER_SATURDAY, False),  # no day was moved: shops work between Good Friday and Easter
        ("DE", EASTER_SATURDAY, False),
        ("HU", date(2026, 1, 3), False),  # after a moved Friday, but nothing follows it
    ],
)
def test_elsewhere_a_weekend_is_closed_between_a_moved_day_and_a_holiday(country, day, closed):
    assert (day in holiday_days(country, "", range(day.year, day.year + 1)).closed) is closed


def test_the_weekend_is_the_countrys_own():
    assert (
        date(2025, 3, 29) in holiday_days("AZ", "", range(2025, 2026)).closed
    )  # between Friday and Eid on Sunday


def test_a_weekend_is_closed_before_a_moved_day_too():
    friday, monday = date(2026, 6, 5), date(2026, 6, 8)
    library = LibraryDays(
        HolidayDays(frozenset({friday, monday})), frozenset({monday}), frozenset({5, 6}), 2026
    )
    assert days_inside("LV", library) == {date(2026, 6, 6), date(2026, 6, 7)}


def test_a_make_up_day_is_worked_although_an_older_notice_has_it_off():
    sunday = date(2026, 5, 3)
    library = LibraryDays(HolidayDays(make_up=frozenset({sunday})), frozenset(), frozenset({5, 6}), 2026)
    assert sunday not in days_inside("CN", library)
    assert date(2026, 5, 2) in days_inside("CN", library)


def test_library_and_notices_agree_today():
    assert disputed_days("CN", range(2001, LAST_YEAR + 1)) == ()


def test_a_day_that_only_one_record_has_off_is_a_disagreement():
    everything = holiday_days("CN", "", range(2026, 2027)).closed
    odd, made_up, forgotten = date(2026, 3, 11), date(2026, 5, 3), date(2026, 5, 5)
    library = HolidayDays(frozenset(everything - {forgotten} | {odd}), frozenset({made_up}))
    assert disagreements(library, range(2026, 2027)) == (odd, made_up, forgotten)
    assert disagreements(library, range(2028, 2029)) == ()
    unannounced = HolidayDays(frozenset({date(LAST_YEAR + 1, 10, 1)}))
    assert disagreements(unannounced, range(LAST_YEAR + 1, LAST_YEAR + 2)) == ()


def test_the_first_published_year_without_rows_is_worked_out(monkeypatch):
    years = range(2024, 2029)
    assert worked_out_year("CN", years) is None
    monkeypatch.setattr(public_holidays, "LAST_YEAR", 2025)
    assert worked_out_year("CN", years) == 2026
    assert worked_out_year("LV", years) is None

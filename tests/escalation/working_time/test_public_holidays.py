"""Public holidays and make-up days as the library knows them, and the years it does not know yet."""

from datetime import date, timedelta

import pytest
from django.utils import translation

from escalation.working_time.due_time import WorkTimeError
from escalation.working_time.public_holidays import (
    country_name,
    exceptions_of,
    holiday_days,
    is_published,
    last_published_year,
    refuse_unknown_place,
    unknown_year,
)
from escalation.working_time.whole_holidays import HolidayDays

OFFICE = [((540, 720), (780, 1080))] * 5 + [(), ()]


def test_national_day_of_2025_is_as_the_state_council_announced_it():
    holidays = holiday_days("CN", "", range(2025, 2026))
    october = {day.day for day in holidays.closed if day.month == 10}
    assert october >= {1, 2, 3, 6, 7, 8}
    assert sorted(holidays.make_up) == [
        date(2025, *day) for day in [(1, 26), (2, 8), (4, 27), (9, 28), (10, 11)]
    ]


def test_only_holidays_of_the_years_asked_for_are_returned():
    holidays = holiday_days("CN", "", range(2024, 2026))
    assert {day.year for day in holidays.closed | holidays.make_up} == {2024, 2025}


def test_a_make_up_day_in_december_announced_for_the_next_year_is_known():
    assert date(2006, 12, 30) in holiday_days("CN", "", range(2006, 2007)).make_up


def test_regions_have_holidays_of_their_own():
    assumption = date(2026, 8, 15)
    assert assumption in holiday_days("DE", "SL", range(2026, 2027)).closed
    assert assumption not in holiday_days("DE", "BE", range(2026, 2027)).closed


def test_a_holiday_is_closed_and_a_make_up_day_has_the_hours_of_a_working_day():
    days = HolidayDays(closed=frozenset({date(2026, 10, 1)}), make_up=frozenset({date(2026, 10, 10)}))
    assert exceptions_of(days, OFFICE) == {date(2026, 10, 1): (), date(2026, 10, 10): OFFICE[0]}


def test_the_hours_of_a_make_up_day_are_those_of_the_first_weekday_that_has_any():
    days = HolidayDays(make_up=frozenset({date(2026, 10, 10)}))
    assert exceptions_of(days, [(), ((600, 700),), ((1, 2),), (), (), (), ()]) == {
        date(2026, 10, 10): ((600, 700),)
    }


def test_a_weekend_day_with_working_hours_keeps_them_on_a_make_up_day():
    days = HolidayDays(make_up=frozenset({date(2026, 10, 10)}))
    assert exceptions_of(days, [*OFFICE[:5], ((600, 700),), ()]) == {}


@pytest.mark.parametrize(
    ("country", "subdivision", "words"),
    [
        ("XX", "", "“XX”"),
        ("cn", "", "“cn”"),
        ("HolidayBase", "", "“HolidayBase”"),
        ("", "BY", "“”"),
        ("DE", "QQ", "Germany has no region “QQ”"),
    ],
)
def test_an_unknown_place_is_refused_by_name(country, subdivision, words):
    with pytest.raises(WorkTimeError, match=words):
        refuse_unknown_place(country, subdivision)


@pytest.mark.parametrize(
    ("country", "year", "known"),
    [
        ("CN", 2025, True),
        ("CN", 2026, True),
        ("CN", 2090, False),
        ("DE", 2090, True),  # follows rules
        ("AM", 2090, True),  # moved its last day in 2014
        ("UA", 2090, True),  # and in 2022
    ],
)
def test_a_year_is_known_once_its_moved_days_are(country, year, known):
    assert is_published(country, year) is known


def test_the_first_year_without_moved_days_is_flagged_sixty_days_before():
    last = last_published_year("CN")
    new_year = date(last + 1, 1, 1)
    assert unknown_year("CN", new_year - timedelta(days=61)) is None
    assert unknown_year("CN", new_year - timedelta(days=60)) == last + 1
    assert unknown_year("CN", new_year) == last + 1
    assert unknown_year("DE", new_year) is None


@pytest.mark.parametrize(("country", "name"), [("CN", "China"), ("US", "United States"), ("XX", "XX")])
def test_countries_are_named(country, name):
    assert country_name(country) == name


@pytest.mark.parametrize(("country", "name"), [("CN", "中国"), ("DE", "德国"), ("XX", "XX")])
def test_countries_are_named_in_chinese(country, name):
    with translation.override("zh-hans"):
        assert country_name(country) == name

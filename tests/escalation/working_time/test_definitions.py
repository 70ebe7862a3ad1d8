"""What a calendar says: as working hours, and there and back through its JSON."""

from dataclasses import replace
from datetime import date

import pytest

from escalation.working_time.definitions import CalendarDefinition, OwnDay, as_json, from_json, with_holidays
from escalation.working_time.due_time import WorkTimeError

WEEK = (((540, 720), (780, 1080)),) * 5 + ((), ())
CHINA = CalendarDefinition(
    "Asia/Shanghai", weekly=WEEK, country="CN", own_days=(OwnDay(date(2026, 10, 8), note="除尘"),)
)


def test_a_definition_survives_the_round_trip_through_json():
    definition = with_holidays(CHINA, 2026)
    assert definition.holidays.make_up
    assert from_json(as_json(definition)) == definition


def test_own_days_in_any_order_give_the_same_json():
    days = (OwnDay(date(2026, 10, 8)), OwnDay(date(2026, 1, 8)))
    assert as_json(replace(CHINA, own_days=days)) == as_json(replace(CHINA, own_days=days[::-1]))


def test_a_definition_holds_the_holidays_of_four_years():
    holidays = with_holidays(CHINA, 2025).holidays
    assert {day.year for day in holidays.closed} == {2024, 2025, 2026, 2027}


def test_an_own_day_wins_over_a_holiday():
    national_day, evening = date(2026, 10, 1), ((1080, 1440),)
    definition = with_holidays(replace(CHINA, own_days=(OwnDay(national_day, evening),)), 2026)
    assert definition.hours().intervals_on(national_day) == evening
    assert definition.hours().intervals_on(date(2026, 10, 2)) == ()


def test_around_the_clock_is_open_on_holidays_and_closes_on_own_days_only():
    definition = with_holidays(replace(CHINA, always_open=True), 2026)
    assert definition.hours().intervals_on(date(2026, 10, 1)) == ((0, 1440),)
    assert definition.hours().intervals_on(date(2026, 10, 8)) == ()
    assert with_holidays(CalendarDefinition("UTC", always_open=True, country="CN"), 2026).hours().never_closes


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"weekly": ((),) * 7}, "no working time"),
        ({"zone": "Mars/Base"}, "Mars/Base"),
        ({"country": "XX"}, "“XX”"),
        ({"country": "", "subdivision": "BY"}, "two letters"),
        ({"own_days": (OwnDay(date(2026, 1, 1)),) * 2}, "2026-01-01 is listed twice"),
        ({"always_open": True, "country": "XX"}, "“XX”"),
    ],
)
def test_an_invalid_definition_is_refused_by_name(changes, words):
    with pytest.raises(WorkTimeError, match=words):
        with_holidays(replace(CHINA, **changes), 2026)

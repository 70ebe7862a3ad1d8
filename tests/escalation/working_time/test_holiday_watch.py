"""Warnings of holidays that are only estimated or worked out, and of days on which two records differ."""

from datetime import date, timedelta

import pytest

from escalation.working_time import public_holidays, whole_holidays
from escalation.working_time.chinese_holidays import LAST_YEAR
from escalation.working_time.definitions import OwnDay
from escalation.working_time.holiday_watch import holiday_warnings
from escalation.working_time.public_holidays import estimated_days
from tests.factories import office_calendar

pytestmark = pytest.mark.django_db
EID = min(estimated_days("AE", "", range(2028, 2029)))
BEFORE = EID - timedelta(days=60)


def test_a_holiday_that_the_moon_decides_is_estimated_until_it_is_announced():
    days = estimated_days("AE", "", range(2028, 2029))
    assert days[EID] == "Eid al-Fitr"
    assert date(2028, 12, 2) not in days


def test_the_name_of_an_estimated_holiday_keeps_its_other_remarks():
    assert "Islamic New Year (observed)" in estimated_days("EG", "", range(2026, 2027)).values()


@pytest.mark.parametrize(("on", "warned"), [
    (BEFORE - timedelta(days=1), False), (BEFORE, True), (EID, True), (EID + timedelta(days=5), False),
])  # fmt: skip
def test_the_warning_begins_two_months_before(on, warned):
    calendar = office_calendar(country="AE")
    warnings = [text for text in holiday_warnings(on=on) if f"{EID} Eid al-Fitr" in text]
    assert bool(warnings) is warned
    assert all(f"counted by {calendar.name} may be a day off" in text for text in warnings)


def test_a_country_without_estimated_holidays_gives_no_warning():
    office_calendar(country="DE")
    assert not [text for text in holiday_warnings(on=BEFORE) if "estimated" in text]


def of_china(on: date) -> list[str]:
    return [text for text in holiday_warnings(on=on) if "not known yet" not in text]


def test_a_day_on_which_library_and_notices_differ_is_a_warning_until_it_is_past_or_an_own_day(monkeypatch):
    announced = whole_holidays.announced_days() - {date(LAST_YEAR, 5, 4)} | {date(LAST_YEAR, 7, 8)}
    monkeypatch.setattr(whole_holidays, "announced_days", lambda: announced)
    calendar = office_calendar(country="CN")
    (text,) = of_china(date(LAST_YEAR, 1, 1))
    assert f"China differ on {LAST_YEAR}-05-04, {LAST_YEAR}-07-08; SLAs counted by {calendar.name}" in text
    (later,) = of_china(date(LAST_YEAR, 5, 5))
    assert f"differ on {LAST_YEAR}-07-08;" in later
    assert of_china(date(LAST_YEAR, 7, 9)) == []
    calendar.delete()
    office_calendar(country="CN", own_days=(OwnDay(date(LAST_YEAR, 5, 4)), OwnDay(date(LAST_YEAR, 7, 8))))
    assert of_china(date(LAST_YEAR, 1, 1)) == []


def test_a_year_that_is_worked_out_is_a_warning_until_it_has_own_days(monkeypatch):
    monkeypatch.setattr(public_holidays, "LAST_YEAR", LAST_YEAR - 1)
    calendar = office_calendar(country="CN")
    (text,) = of_china(date(LAST_YEAR, 1, 1))
    assert f"inside the {LAST_YEAR} holidays of China are worked out" in text
    assert f"days off in {calendar.name}." in text
    calendar.delete()
    office_calendar(country="CN", own_days=(OwnDay(date(LAST_YEAR, 5, 9)),))
    assert of_china(date(LAST_YEAR, 1, 1)) == []


def test_library_and_notices_give_no_warning_as_they_are():
    office_calendar(country="CN")
    office_calendar(country="LV")
    assert of_china(date(LAST_YEAR, 1, 1)) == []

"""Warnings of holidays that are only estimated."""

from datetime import date, timedelta

import pytest

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

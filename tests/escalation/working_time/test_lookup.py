"""Calendars of the database become working hours, each clock in the version it was started with."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from escalation.models import Calendar, CalendarVersion
from escalation.working_time.definitions import OwnDay, from_json
from escalation.working_time.due_time import WorkingHours, WorkTimeError
from escalation.working_time.editing import revise_calendar
from escalation.working_time.lookup import HoursByVersion, hours_of, hours_of_version
from tests.factories import NOW, CalendarFactory, office_calendar

pytestmark = pytest.mark.django_db


def closed_on(calendar, day):
    definition = replace(from_json(calendar.definition), own_days=(OwnDay(day),))
    return revise_calendar(calendar=calendar, definition=definition, actor=None, at=NOW)


def test_a_calendar_around_the_clock_needs_no_intervals():
    hours = hours_of(CalendarFactory(time_zone="Europe/Berlin"))
    assert hours == WorkingHours("Europe/Berlin", always_open=True)


def test_a_shipped_calendar_has_its_first_version():
    shipped = Calendar.objects.get(name="24x7")
    assert hours_of(shipped) == WorkingHours("UTC", always_open=True)
    assert shipped.versions.get(number=1).definition == shipped.definition


def test_a_calendar_that_was_given_no_hours_is_refused():
    with pytest.raises(WorkTimeError, match="no hours"):
        hours_of(Calendar.objects.create(name="Bare"))


def test_looking_up_hours_costs_no_query(count_queries):
    calendar = office_calendar()
    assert count_queries(lambda: hours_of(calendar)) == 0
    assert count_queries(lambda: hours_of_version(calendar, 1)) == 0


def test_an_edit_leaves_the_version_before_it_as_it_was(count_queries):
    calendar = office_calendar()
    before = hours_of(calendar)
    day = date(2026, 11, 20)
    closed_on(calendar, day)
    assert hours_of(calendar).intervals_on(day) == ()
    assert hours_of_version(calendar, 2) == hours_of(calendar)
    assert hours_of_version(calendar, 1) == before
    assert before.intervals_on(day) == ((540, 1080),)
    assert count_queries(lambda: hours_of_version(calendar, 1)) == 0


def test_a_calendar_row_read_before_an_edit_finds_the_new_version():
    calendar = office_calendar()
    stale = Calendar.objects.get(pk=calendar.pk)
    closed_on(calendar, date(2026, 11, 20))
    assert hours_of_version(stale, 2) == hours_of(calendar) != hours_of(stale)


def test_a_saved_version_cannot_be_saved_again():
    version = office_calendar().versions.get()
    with pytest.raises(TypeError, match="cannot be changed"):
        version.save()
    assert CalendarVersion.objects.get(pk=version.pk).created_at == datetime(2025, 11, 18, 12, tzinfo=UTC)


def test_each_version_of_a_calendar_is_looked_up_once(count_queries):
    calendar, hours_by_version = office_calendar(), HoursByVersion()
    assert count_queries(lambda: hours_by_version[calendar.pk, 1]) == 1
    assert count_queries(lambda: hours_by_version[calendar.pk, 1]) == 0
    closed_on(calendar, date(2026, 11, 20))
    assert hours_by_version[calendar.pk, 1] == hours_of_version(calendar, 1)
    assert hours_by_version[calendar.pk, 2] == hours_of(calendar)

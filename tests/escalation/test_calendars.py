"""Calendars of the database become working hours."""

from datetime import time

import pytest

from escalation.calendars import CalendarBook, hours_of
from escalation.worktime import WorkingHours, WorkTimeError
from tests.factories import CalendarFactory, CalendarIntervalFactory, office_calendar

pytestmark = pytest.mark.django_db


def test_around_the_clock_needs_no_intervals():
    hours = hours_of(CalendarFactory(time_zone="Europe/Berlin"))
    assert hours == WorkingHours("Europe/Berlin", always_open=True)


def test_intervals_are_read_by_weekday_and_midnight_is_the_end_of_the_day():
    calendar = CalendarFactory(always_open=False, time_zone="Asia/Shanghai")
    CalendarIntervalFactory(calendar=calendar, weekday=2, opens=time(13), closes=time(0))
    CalendarIntervalFactory(calendar=calendar, weekday=2, opens=time(9), closes=time(12))
    assert hours_of(calendar).weekly == ((), (), ((540, 720), (780, 1440)), (), (), (), ())


def test_a_calendar_without_working_time_is_refused():
    with pytest.raises(WorkTimeError, match="no working time"):
        hours_of(CalendarFactory(always_open=False))


def test_a_book_looks_each_calendar_up_once(count_queries):
    calendar, book = office_calendar(), CalendarBook()
    assert count_queries(lambda: book[calendar.pk]) == 2
    assert count_queries(lambda: book[calendar.pk]) == 0
    assert book[calendar.pk] == hours_of(calendar)

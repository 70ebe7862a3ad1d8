"""Calendars are written through one door; each edit is a version, and running promises keep theirs."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from customers.errors import DeskError
from escalation.chains.step_times import step_time
from escalation.choices import ClockKind
from escalation.clocks.ledger_verification import verify
from escalation.models import Calendar, CalendarVersion, EscalationStep, Policy
from escalation.policies.editing import Window, revise_policy
from escalation.working_time import definitions, public_holidays
from escalation.working_time.definitions import CalendarDefinition, OwnDay, from_json
from escalation.working_time.editing import create_calendar, refresh_holidays, revise_calendar
from escalation.working_time.lookup import hours_of
from escalation.working_time.public_holidays import holiday_days
from escalation.working_time.whole_holidays import HolidayDays
from tests.factories import NOW, ClockFactory, CustomerFactory, UserFactory, office_calendar
from tests.talk import clock_of, opened
from tickets.choices import Priority

HALF = EscalationStep(percent=50)
pytestmark = pytest.mark.django_db

OFFICE = CalendarDefinition("Asia/Shanghai", weekly=(((540, 1080),),) * 5 + ((), ()), country="CN")


def revised(calendar, **changes):
    definition = replace(from_json(calendar.definition), **changes)
    return revise_calendar(calendar=calendar, definition=definition, actor=None, at=NOW)


def test_a_new_calendar_starts_with_version_one():
    director = UserFactory()
    calendar = create_calendar(name="Office", definition=OFFICE, actor=director, at=NOW)
    version = calendar.versions.get()
    assert (version.number, version.created_at, version.created_by) == (1, NOW, director)
    calendar.refresh_from_db()
    assert (calendar.version, calendar.time_zone, calendar.country) == (1, "Asia/Shanghai", "CN")
    assert hours_of(calendar).intervals_on(date(2026, 10, 10)) == ((540, 1080),)  # a make-up Saturday


def test_nothing_is_left_of_a_calendar_that_is_refused():
    with pytest.raises(DeskError, match="no working time"):
        create_calendar(name="Office", definition=CalendarDefinition("UTC"), actor=None, at=NOW)
    assert not Calendar.objects.filter(name="Office").exists()


def test_an_edit_makes_a_version_and_the_same_again_makes_none():
    calendar = office_calendar()
    edit = {"own_days": (OwnDay(date(2026, 12, 24)),)}
    assert (revised(calendar, **edit).number, revised(calendar, **edit).number) == (2, 2)
    assert calendar.versions.count() == 2


def test_a_version_is_neither_changed_nor_deleted():
    calendar = office_calendar()
    version = CalendarVersion.objects.create(calendar=calendar, number=9, definition="{}", created_at=NOW)
    for forbidden in (version.save, version.delete, calendar.versions.all().delete):
        with pytest.raises(TypeError):
            forbidden()
    with pytest.raises(TypeError):
        calendar.versions.update(definition="{}")


def test_an_edit_based_on_an_old_row_continues_from_the_newest_version():
    calendar = office_calendar()
    stale = Calendar.objects.get(pk=calendar.pk)
    revised(calendar, own_days=(OwnDay(date(2026, 12, 24)),))
    assert revised(stale, own_days=(OwnDay(date(2026, 12, 25)),)).number == 3


def test_a_refused_edit_changes_nothing():
    calendar = office_calendar()
    with pytest.raises(DeskError, match="listed twice"):
        revised(calendar, own_days=(OwnDay(date(2026, 12, 24)),) * 2)
    calendar.refresh_from_db()
    assert (calendar.version, calendar.versions.count()) == (1, 1)


def test_a_running_promise_keeps_its_due_time_and_its_steps_when_the_calendar_is_edited():
    calendar = office_calendar("UTC")
    window = Window(ClockKind.FIRST_RESPONSE, Priority.P2, 480, calendar)
    policy = Policy.objects.get(is_default=True)
    revise_policy(policy=policy, windows=[window], actor=None, at=NOW - timedelta(days=1))
    contact = CustomerFactory(account_manager=UserFactory()).contacts.create(email="li@company.example")
    clock = clock_of(opened(0, priority=Priority.P2, contact=contact))
    due, step = clock.due_at, step_time(clock, HALF)
    revised(calendar, own_days=(OwnDay(NOW.date()),))
    clock = type(clock).objects.get(pk=clock.pk)
    assert (clock.calendar_version, clock.due_at, step_time(clock, HALF)) == (1, due, step)
    later = clock_of(opened(0, priority=Priority.P2, contact=contact))
    assert (later.calendar_version, later.due_at) == (2, due + timedelta(hours=6))


def test_a_promise_in_an_old_version_costs_one_query_more_and_only_once(count_queries):
    calendar = office_calendar()
    clock = ClockFactory(calendar=calendar)
    revised(calendar, own_days=(OwnDay(NOW.date()),))
    assert count_queries(lambda: step_time(clock, HALF)) == 1
    assert count_queries(lambda: step_time(clock, HALF)) == 0


def test_holidays_that_the_library_has_learned_since_make_a_new_version(monkeypatch):
    calendar = office_calendar(country="CN")
    office_calendar()
    assert refresh_holidays(at=NOW) == []
    announced = date(2027, 10, 9)

    def newer(country, subdivision, years):
        known = holiday_days(country, subdivision, years)
        return HolidayDays(known.closed, known.make_up | {announced})

    monkeypatch.setattr(definitions, "holiday_days", newer)
    assert [version.calendar for version in refresh_holidays(at=NOW)] == [calendar]
    calendar.refresh_from_db()
    assert hours_of(calendar).intervals_on(announced) == ((540, 1080),)


def test_the_years_around_now_are_kept_as_time_goes_on():
    calendar = office_calendar(country="DE")
    (version,) = refresh_holidays(at=NOW + timedelta(days=60))
    assert date(2029, 12, 25) in from_json(version.definition).holidays.closed
    assert date(2029, 12, 25) not in from_json(calendar.definition).holidays.closed


def without_weekends(country, subdivision, years):
    """The holidays as the library alone has them, as versions of calendars had them before."""
    days = holiday_days(country, subdivision, years)
    library = public_holidays._library(country, subdivision, years)
    return HolidayDays(days.closed & library.days.closed, days.make_up)


def test_weekends_inside_holidays_make_a_new_version_at_night_and_a_running_promise_keeps_its_due_time(
    monkeypatch,
):
    received = datetime(2026, 2, 14, 20, tzinfo=ZoneInfo("Asia/Shanghai"))
    late = (received - NOW) / timedelta(minutes=1)
    monkeypatch.setattr(definitions, "holiday_days", without_weekends)
    calendar = office_calendar(weekly=(((540, 1260),),) * 7, country="CN")
    monkeypatch.undo()
    policy = Policy.objects.get(is_default=True)
    window = Window(ClockKind.FIRST_RESPONSE, Priority.P1, 240, calendar)
    revise_policy(policy=policy, windows=[window], actor=None, at=received - timedelta(days=1))
    contact = CustomerFactory(account_manager=UserFactory()).contacts.create(email="li@company.example")
    running = clock_of(opened(late, priority=Priority.P1, contact=contact))
    before = (running.calendar_version, running.due_at, step_time(running, HALF))
    assert running.due_at == datetime(2026, 2, 15, 12, tzinfo=ZoneInfo("Asia/Shanghai"))
    assert [version.calendar for version in refresh_holidays(at=received)] == [calendar]
    running = type(running).objects.get(pk=running.pk)
    assert (running.calendar_version, running.due_at, step_time(running, HALF)) == before
    assert not verify().mismatches
    later = clock_of(opened(late, priority=Priority.P1, contact=contact))
    assert later.due_at == datetime(2026, 2, 24, 12, tzinfo=ZoneInfo("Asia/Shanghai"))
    assert refresh_holidays(at=received) == []

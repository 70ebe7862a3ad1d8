"""When a week's pack is due, and which weeks have none."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from escalation.exports.due_weeks import due_time, is_late, last_due_week, missing_weeks, weeks_to_make
from escalation.lib.weeks import Week
from escalation.models import WeeklyExport
from tests.factories import ClockEventFactory, ClockFactory, set_desk

WEEK = Week(2026, 47)
DUE = datetime(2026, 11, 23, 0, tzinfo=UTC)  # Monday 08:00 in Shanghai
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _in_shanghai(settings):
    settings.DESK_TIME_ZONE = "Asia/Shanghai"


@pytest.mark.parametrize(
    ("zone", "week", "due"),
    [  # across both changes of the clocks where there are any
        ("Asia/Shanghai", Week(2026, 47), datetime(2026, 11, 23, 0, tzinfo=UTC)),
        ("Europe/Berlin", Week(2026, 13), datetime(2026, 3, 30, 6, tzinfo=UTC)),
        ("Europe/Berlin", Week(2026, 43), datetime(2026, 10, 26, 7, tzinfo=UTC)),
        ("America/New_York", Week(2026, 10), datetime(2026, 3, 9, 12, tzinfo=UTC)),
        ("America/New_York", Week(2026, 44), datetime(2026, 11, 2, 13, tzinfo=UTC)),
        ("Australia/Lord_Howe", Week(2026, 14), datetime(2026, 4, 5, 21, 30, tzinfo=UTC)),
        ("Australia/Lord_Howe", Week(2026, 40), datetime(2026, 10, 4, 21, tzinfo=UTC)),
        ("Asia/Shanghai", Week(2026, 53), datetime(2027, 1, 4, 0, tzinfo=UTC)),
    ],
)
def test_a_pack_is_due_on_monday_at_eight_of_the_desks_zone(settings, zone, week, due):
    settings.DESK_TIME_ZONE = zone
    assert due_time(week) == due
    local = due_time(week).astimezone(ZoneInfo(zone))
    assert (local.weekday(), local.hour, local.minute) == (0, 8, 0)


def test_a_week_becomes_due_at_eight_and_not_at_midnight():
    assert last_due_week(DUE - timedelta(seconds=1)) == Week(2026, 46)
    assert last_due_week(DUE) == WEEK


def test_a_pack_is_late_an_hour_after_it_was_due():
    assert not is_late(WEEK, DUE + HOUR)
    assert is_late(WEEK, DUE + HOUR + timedelta(seconds=1))


@pytest.fixture
def first_line(db):
    set_desk()
    return ClockEventFactory(clock=ClockFactory(started_at=DUE - 15 * DAY))  # in week 45


def packed(*weeks: str) -> None:
    for week in weeks:
        WeeklyExport.objects.create(week=week, created_at=DUE, as_of=DUE, checked_until=DUE)


def names(now: datetime) -> list[str]:
    return [str(week) for week in missing_weeks(now)]


@pytest.mark.django_db
def test_a_desk_that_has_recorded_nothing_misses_no_week():
    set_desk()
    assert names(DUE) == []


def test_every_week_since_the_first_line_is_due(first_line):
    assert names(DUE) == ["2026-W45", "2026-W46", "2026-W47"]
    assert names(DUE - HOUR) == ["2026-W45", "2026-W46"]


def test_a_week_made_by_hand_hides_none_before_it(first_line):
    packed("2026-W47")
    assert names(DUE) == ["2026-W45", "2026-W46"]


def test_a_gap_is_found_although_earlier_weeks_were_packed_that_had_no_line(first_line):
    packed("2026-W44", "2026-W45", "2026-W47")
    assert names(DUE) == ["2026-W46"]


def test_a_correction_is_no_pack_of_another_week(first_line):
    packed("2026-W45", "2026-W47")
    WeeklyExport.objects.create(week="2026-W45", revision=2, created_at=DUE, as_of=DUE, checked_until=DUE)
    assert names(DUE) == ["2026-W46"]


def test_when_none_is_missing_one_query_says_so(first_line, django_assert_num_queries):
    packed("2026-W45", "2026-W46", "2026-W47")
    with django_assert_num_queries(1):
        assert names(DUE + DAY) == []


def test_a_person_may_make_the_last_week_before_it_is_due(first_line):
    packed("2026-W45")
    midnight = DUE - 8 * HOUR
    assert weeks_to_make(midnight) == [Week(2026, 46), WEEK]
    assert weeks_to_make(midnight - HOUR) == [Week(2026, 46)]
    packed("2026-W47")
    assert weeks_to_make(midnight) == [Week(2026, 46)]

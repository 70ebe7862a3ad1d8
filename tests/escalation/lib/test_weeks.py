"""ISO weeks: which exist, when they begin and end in a zone, and which is the last one over."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from escalation.lib.weeks import Period, Week, WeekError, last_complete_week, parse_week, week_of, weeks_in
from tests.factories import NOW

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "week", "monday"),
    [
        ("2026-W47", Week(2026, 47), date(2026, 11, 16)),
        (" 2026-w01 ", Week(2026, 1), date(2025, 12, 29)),
        ("2026-W53", Week(2026, 53), date(2026, 12, 28)),
        ("2026-W5", Week(2026, 5), date(2026, 1, 26)),
    ],
)
def test_a_week_is_parsed_from_its_iso_notation(text, week, monday):
    assert parse_week(text) == week
    assert week.monday == monday


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2026-W60", ["2026-W60", "W01 to W53"]),
        ("2025-W53", ["2025-W53", "W01 to W52"]),
        ("2026-W00", ["2026-W00"]),
        ("bad", ["“bad”", "2026-W47"]),
        ("", ["2026-W47"]),
        ("2026-11-16", ["2026-W47"]),
        ("٢٠٢٦-W47", ["2026-W47"]),
        ("0001-W01", ["1970", "9998"]),
        ("9999-W52", ["1970", "9998"]),
    ],
)
def test_text_that_is_not_a_week_is_refused_with_a_sentence(text, words):
    with pytest.raises(WeekError) as refusal:
        parse_week(text)
    assert [word for word in words if word not in str(refusal.value)] == []


def test_a_week_is_written_in_the_notation_it_is_parsed_from():
    assert str(Week(2026, 5)) == "2026-W05"
    assert parse_week(str(Week(2026, 5))) == Week(2026, 5)


@pytest.mark.parametrize(("year", "weeks"), [(2020, 53), (2025, 52), (2026, 53), (2027, 52)])
def test_some_years_have_53_weeks(year, weeks):
    assert weeks_in(year) == weeks


def test_bounds_are_local_mondays_in_utc():
    assert Week(2026, 47).bounds(SHANGHAI) == (
        datetime(2026, 11, 15, 16, tzinfo=UTC),
        datetime(2026, 11, 22, 16, tzinfo=UTC),
    )


def test_bounds_follow_the_clock_change_inside_the_week():
    start, end = Week(2026, 43).bounds(BERLIN)
    assert (start, end) == (datetime(2026, 10, 18, 22, tzinfo=UTC), datetime(2026, 10, 25, 23, tzinfo=UTC))


def test_the_last_complete_week_changes_at_midnight_of_the_zone():
    assert last_complete_week(datetime(2026, 11, 22, 15, 59, tzinfo=UTC), SHANGHAI) == Week(2026, 46)
    assert last_complete_week(datetime(2026, 11, 22, 16, 0, tzinfo=UTC), SHANGHAI) == Week(2026, 47)
    assert last_complete_week(datetime(2027, 1, 5, tzinfo=UTC), SHANGHAI) == Week(2026, 53)


def test_a_week_is_over_at_its_end_and_not_before():
    assert not Week(2026, 47).is_over(at=datetime(2026, 11, 22, 15, 59, tzinfo=UTC), zone=SHANGHAI)
    assert Week(2026, 47).is_over(at=datetime(2026, 11, 22, 16, 0, tzinfo=UTC), zone=SHANGHAI)


def test_a_moment_belongs_to_the_week_of_its_local_day():
    assert week_of(datetime(2026, 11, 15, 16, tzinfo=UTC), SHANGHAI) == Week(2026, 47)
    assert week_of(datetime(2026, 11, 15, 15, 59, tzinfo=UTC), SHANGHAI) == Week(2026, 46)


def test_a_period_holds_its_first_moment_and_not_its_last():
    period = Period.of(Week(2026, 47), zone=ZoneInfo("Asia/Shanghai"))
    assert period.contains(period.start)
    assert not period.contains(period.end)
    assert not period.contains(None)


def test_a_preview_period_ends_now_or_at_the_end_of_the_week():
    zone = ZoneInfo("Asia/Shanghai")
    assert Period.of(Week(2026, 47), zone=zone, until=NOW).end == NOW
    assert Period.of(Week(2026, 46), zone=zone, until=NOW).end == Week(2026, 46).bounds(zone)[1]

"""When quiet hours end: over midnight, in the person's zone, across daylight-saving changes."""

from datetime import UTC, datetime, time

import pytest

from escalation.notifications.routes import end_of_quiet_hours


def utc_time(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "ends"),
    [
        ("2026-11-18 13:59", None),
        ("2026-11-18 14:00", "2026-11-19 00:00"),
        ("2026-11-18 20:00", "2026-11-19 00:00"),
        ("2026-11-18 23:59", "2026-11-19 00:00"),
        ("2026-11-19 00:00", None),
    ],
)
def test_quiet_hours_past_midnight_end_the_next_morning(now, ends):
    end = end_of_quiet_hours(time(22), time(8), zone="Asia/Shanghai", now=utc_time(now))
    assert end == (utc_time(ends) if ends else None)


@pytest.mark.parametrize(("hour", "quiet"), [(11, False), (12, True), (13, True), (14, False)])
def test_quiet_hours_within_a_day_end_the_same_day(hour, quiet):
    end = end_of_quiet_hours(time(12), time(14), zone="UTC", now=utc_time(f"2026-11-18 {hour}:00"))
    assert end == (utc_time("2026-11-18 14:00") if quiet else None)


def test_the_night_of_a_clock_change_ends_at_the_local_time():
    end = end_of_quiet_hours(time(22), time(8), zone="Europe/Berlin", now=utc_time("2026-10-24 22:00"))
    assert end == utc_time("2026-10-25 07:00")


@pytest.mark.parametrize(
    ("start", "end"), [(None, None), (time(8), time(8)), (time(8), None), (None, time(8))]
)
def test_quiet_hours_need_a_start_and_an_end(start, end):
    assert end_of_quiet_hours(start, end, zone="UTC", now=utc_time("2026-11-18 09:00")) is None


@pytest.mark.parametrize(
    ("start", "end", "now", "ends"),
    [
        # Clocks go from 02:00 to 03:00 on 29 March: the night is an hour shorter.
        ((22, 0), (8, 0), "2026-03-28 21:00", "2026-03-29 06:00"),
        ((22, 0), (8, 0), "2026-03-29 05:59", "2026-03-29 06:00"),
        ((22, 0), (8, 0), "2026-03-29 06:00", None),
        # An end that does not exist on that day is the moment at which it would have been.
        ((22, 0), (2, 30), "2026-03-29 01:29", "2026-03-29 01:30"),
        ((22, 0), (2, 30), "2026-03-29 01:30", None),
        # Clocks go from 03:00 back to 02:00 on 25 October: of an end that comes twice the first counts.
        ((22, 0), (2, 30), "2026-10-25 00:29", "2026-10-25 00:30"),
        ((22, 0), (2, 30), "2026-10-25 00:30", None),
        ((22, 0), (2, 30), "2026-10-25 01:15", None),
    ],
)
def test_quiet_hours_on_the_days_of_a_clock_change_end_at_the_right_time(start, end, now, ends):
    ends_at = end_of_quiet_hours(time(*start), time(*end), zone="Europe/Berlin", now=utc_time(now))
    assert ends_at == (utc_time(ends) if ends else None)


def test_the_same_quiet_hours_end_at_another_time_in_another_zone():
    now = utc_time("2026-11-18 14:30")
    in_shanghai, in_berlin = (
        end_of_quiet_hours(time(22), time(8), zone=zone, now=now)
        for zone in ("Asia/Shanghai", "Europe/Berlin")
    )
    assert (in_shanghai, in_berlin) == (utc_time("2026-11-19 00:00"), None)

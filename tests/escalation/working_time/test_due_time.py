"""Working time by tables, and by properties against an oracle that walks minute by minute."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from escalation.working_time.due_time import (
    Stretch,
    WorkingHours,
    WorkTimeError,
    add_working,
    stretches,
    working_between,
)

ZONES = [
    "Asia/Shanghai",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/St_Johns",
    "UTC",
]
OFFICE = [[(540, 720), (780, 1080)]] * 5 + [[], []]
NIGHT = [[(1320, 1800)]] * 7
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def local(text: str, zone: str = "Asia/Shanghai", fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


def shanghai(**changes) -> WorkingHours:
    return WorkingHours(**({"zone": "Asia/Shanghai", "weekly": OFFICE} | changes))


@pytest.mark.parametrize(
    ("start", "minutes", "due"),
    [
        ("2026-11-16 09:00", 180, "2026-11-16 12:00"),  # to the last minute before lunch, not to after it
        ("2026-11-16 09:00", 181, "2026-11-16 13:01"),
        ("2026-11-16 12:30", 1, "2026-11-16 13:01"),
        ("2026-11-16 08:59", 1, "2026-11-16 09:01"),
        ("2026-11-20 17:30", 30, "2026-11-20 18:00"),  # Friday's last half hour
        ("2026-11-20 17:30", 31, "2026-11-23 09:01"),  # and over the weekend
        ("2026-11-20 18:00", 1, "2026-11-23 09:01"),
        ("2026-12-31 17:00", 120, "2027-01-01 10:00"),  # over the year's end
        ("2028-02-29 17:00", 120, "2028-03-01 10:00"),  # a leap day counts
        ("2026-11-16 09:00", 40 * 60, "2026-11-20 18:00"),
        ("2026-11-16 09:00", 40 * 60 + 1, "2026-11-23 09:01"),
    ],
)
def test_office_hours_fall_due(start, minutes, due):
    assert add_working(shanghai(), local(start), minutes * MINUTE) == local(due)


def test_national_day_and_its_make_up_saturday_are_counted_as_the_state_published_them():
    holidays = {date(2025, 10, day): () for day in range(1, 9)}
    make_up = {date(2025, 9, 28): OFFICE[0], date(2025, 10, 11): OFFICE[0]}
    hours = shanghai(exceptions=holidays | make_up)
    assert add_working(hours, local("2025-09-30 17:30"), 4 * HOUR) == local("2025-10-09 13:30")
    assert add_working(hours, local("2025-10-10 17:30"), 4 * HOUR) == local("2025-10-11 13:30")
    assert add_working(shanghai(), local("2025-10-10 17:30"), 4 * HOUR) == local("2025-10-13 13:30")


def test_adding_nothing_is_the_start_itself_even_when_closed():
    start = local("2026-11-21 03:00")
    assert add_working(shanghai(), start, timedelta(0)) == start


def test_always_open_counts_plain_time():
    hours = WorkingHours("Europe/Berlin", always_open=True)
    start = local("2026-10-25 00:00", "Europe/Berlin")
    assert add_working(hours, start, 5 * HOUR) == start + 5 * HOUR
    assert working_between(hours, start, start + 5 * HOUR) == 5 * HOUR
    assert list(stretches(hours, start, start + 5 * HOUR)) == [Stretch(start, start + 5 * HOUR)]


def test_always_open_may_still_close_for_a_day():
    hours = WorkingHours("Asia/Shanghai", always_open=True, exceptions={date(2026, 10, 1): ()})
    assert add_working(hours, local("2026-09-30 23:00"), 2 * HOUR) == local("2026-10-02 01:00")


@pytest.mark.parametrize(
    ("zone", "day", "worked"),
    [
        ("Europe/Berlin", "2026-03-29", 23 * HOUR),
        ("Europe/Berlin", "2026-10-25", 25 * HOUR),
        ("America/New_York", "2026-03-08", 23 * HOUR),
        ("America/New_York", "2026-11-01", 25 * HOUR),
        ("Australia/Lord_Howe", "2026-04-05", 24.5 * HOUR),
        ("Australia/Lord_Howe", "2026-10-04", 23.5 * HOUR),
        ("Asia/Shanghai", "2026-10-25", 24 * HOUR),
    ],
)
def test_a_day_to_24_00_is_as_long_as_the_wall_clock_makes_it(zone, day, worked):
    hours = WorkingHours(zone, weekly=[[(0, 1440)]] * 7)
    start = local(day, zone)
    end = (start.astimezone(ZoneInfo(zone)) + timedelta(days=1)).astimezone(UTC)  # the next local midnight
    assert working_between(hours, start, end) == worked
    assert add_working(hours, start, worked) == end


def test_an_interval_inside_the_skipped_hour_counts_nothing():
    hours = WorkingHours("Europe/Berlin", weekly=[[(120, 180)]] * 7)
    start, end = local("2026-03-29 00:00", "Europe/Berlin"), local("2026-03-30 00:00", "Europe/Berlin")
    assert working_between(hours, start, end) == timedelta(0)
    assert add_working(hours, start, HOUR) == local("2026-03-30 03:00", "Europe/Berlin")


def test_an_interval_inside_the_repeated_hour_counts_twice():
    hours = WorkingHours("Europe/Berlin", weekly=[[(120, 150)]] * 7)
    start, end = local("2026-10-25 00:00", "Europe/Berlin"), local("2026-10-26 00:00", "Europe/Berlin")
    assert list(stretches(hours, start, end)) == [
        Stretch(local("2026-10-25 02:00", "Europe/Berlin"), local("2026-10-25 02:30", "Europe/Berlin")),
        Stretch(local("2026-10-25 02:00", "Europe/Berlin", 1), local("2026-10-25 02:30", "Europe/Berlin", 1)),
    ]


def test_a_night_shift_belongs_to_the_day_it_starts_on():
    hours = WorkingHours("Asia/Shanghai", weekly=NIGHT, exceptions={date(2026, 11, 17): ()})
    assert list(stretches(hours, local("2026-11-16 00:00"), local("2026-11-19 00:00"))) == [
        Stretch(local("2026-11-16 00:00"), local("2026-11-16 06:00")),
        Stretch(local("2026-11-16 22:00"), local("2026-11-17 06:00")),
        Stretch(local("2026-11-18 22:00"), local("2026-11-19 00:00")),
    ]


def test_a_night_shift_runs_on_into_the_next_month_and_through_the_clock_change():
    hours = WorkingHours("UTC", weekly=NIGHT)
    assert (
        working_between(hours, local("2026-11-01 00:00", "UTC"), local("2026-11-01 12:00", "UTC")) == 6 * HOUR
    )
    berlin = WorkingHours("Europe/Berlin", weekly=NIGHT)
    night = [local("2026-10-24 22:00", "Europe/Berlin"), local("2026-10-25 06:00", "Europe/Berlin")]
    assert list(stretches(berlin, night[0], night[1])) == [Stretch(*night)]
    assert working_between(berlin, *night) == 9 * HOUR


def test_a_window_that_fills_the_rest_of_the_month_ends_with_it():
    hours = WorkingHours("UTC", weekly=[[(0, 1440)]] * 7)
    assert add_working(hours, local("2026-11-30 23:00", "UTC"), HOUR) == local("2026-12-01 00:00", "UTC")


def test_stretches_that_touch_at_midnight_or_at_the_end_of_a_month_are_joined():
    hours = WorkingHours("Asia/Shanghai", weekly=[[(0, 1440)]] * 7)
    start, end = local("2026-11-16 10:00"), local("2027-02-03 11:00")
    assert list(stretches(hours, start, end)) == [Stretch(start, end)]


def test_stretches_are_the_pieces_of_working_time_between_two_times():
    pieces = list(stretches(shanghai(), local("2026-11-20 17:30"), local("2026-11-23 12:30")))
    assert pieces == [
        Stretch(local("2026-11-20 17:30"), local("2026-11-20 18:00")),
        Stretch(local("2026-11-23 09:00"), local("2026-11-23 12:00")),
    ]
    assert [piece.length for piece in pieces] == [30 * MINUTE, 180 * MINUTE]


def test_there_is_no_working_time_between_a_time_and_an_earlier_one():
    assert working_between(shanghai(), local("2026-11-16 10:00"), local("2026-11-16 09:00")) == timedelta(0)
    assert list(stretches(shanghai(), local("2026-11-16 10:00"), local("2026-11-16 09:00"))) == []


def test_microseconds_are_kept():
    start = local("2026-11-20 17:59:59.999999")
    assert add_working(shanghai(), start, timedelta(microseconds=2)) == local("2026-11-23 09:00:00.000001")


def test_a_month_without_working_time_is_passed_over():
    closed = {date(2026, 11, 1) + timedelta(days=day): () for day in range(90)}
    assert add_working(shanghai(exceptions=closed), local("2026-10-31 12:00"), MINUTE) == local(
        "2027-02-01 09:01"
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"weekly": [[]] * 7}, ["no working time"]),
        ({"weekly": [[(540, 600)]] * 6}, ["seven days", "6"]),
        (
            {"weekly": [[(540, 720), (700, 800)]] + [[]] * 6},
            ["Monday", "09:00-12:00", "11:40-13:20", "overlap"],
        ),
        ({"weekly": [[], [(1320, 360)]] + [[]] * 5}, ["Tuesday", "22:00-06:00", "before it starts", "30:00"]),
        ({"weekly": [[(540, 540)]] + [[]] * 6}, ["Monday", "09:00-09:00"]),
        ({"weekly": [[(-10, 540)]] + [[]] * 6}, ["Monday", "must start"]),
        ({"weekly": [[(1440, 1500)]] + [[]] * 6}, ["Monday", "must start"]),
        ({"weekly": [[(600, 2100)]] + [[]] * 6}, ["longer than a day"]),
        (
            {"weekly": [[(1320, 1800)], [(300, 600)], *[[]] * 5]},
            ["Monday", "22:00-30:00", "05:00-10:00", "next day"],
        ),
        ({"weekly": [[(300, 600)], *[[]] * 5, [(1320, 1800)]]}, ["Sunday", "next day"]),
        ({"exceptions": {date(2026, 10, 1): [(600, 500)]}}, ["2026-10-01", "before it starts"]),
        ({"zone": "Mars/Olympus"}, ["Mars/Olympus"]),
        ({"zone": "Europe"}, ["“Europe”"]),
        ({"zone": "../etc/passwd"}, ["../etc/passwd"]),
        ({"zone": ""}, ["time zone"]),
    ],
)
def test_hours_that_make_no_sense_are_refused_by_name(changes, words):
    with pytest.raises(WorkTimeError) as refusal:
        shanghai(**changes)
    assert [word for word in words if word not in str(refusal.value)] == []


def test_a_naive_moment_is_refused():
    with pytest.raises(WorkTimeError, match="time zone"):
        add_working(shanghai(), datetime(2026, 11, 16, 9), HOUR)  # noqa: DTZ001 - that is the fault


def test_negative_amounts_are_refused():
    with pytest.raises(WorkTimeError, match="negative"):
        add_working(shanghai(), local("2026-11-16 09:00"), -MINUTE)


def test_an_end_beyond_the_calendar_is_refused_and_not_searched_for_ever():
    with pytest.raises(WorkTimeError, match="9998"):
        add_working(shanghai(), local("9998-12-01 09:00"), 1000 * HOUR)


def test_equal_hours_share_one_cache_key():
    first, second = shanghai(exceptions={date(2026, 10, 1): []}), shanghai(exceptions={date(2026, 10, 1): ()})
    assert first == second
    assert hash(first) == hash(second)
    assert first != shanghai()


def oracle_minutes(hours: WorkingHours, start: datetime, minutes: int):
    """Each minute from `start` with whether the wall clock stands in an interval; from a full minute."""
    zone = ZoneInfo(str(hours.zone))
    for step in range(minutes):
        wall = (start + step * MINUTE).astimezone(zone)
        yield step, any(stands_in(hours, wall, back) for back in (0, 1))


def stands_in(hours: WorkingHours, wall: datetime, days_back: int) -> bool:
    day = wall.date() - timedelta(days=days_back)
    minute = wall.hour * 60 + wall.minute + days_back * 1440
    intervals = hours.exceptions.get(day, hours.weekly[day.weekday()])
    return any(begin <= minute < end for begin, end in intervals)


@st.composite
def days(draw):
    cuts = sorted(draw(st.sets(st.integers(0, 48), min_size=0, max_size=6)))
    if len(cuts) % 2:
        cuts.pop()
    return [(begin * 30, end * 30) for begin, end in zip(cuts[::2], cuts[1::2], strict=True)]


@st.composite
def calendars(draw):
    if draw(st.booleans()):
        weekly = draw(st.lists(days(), min_size=7, max_size=7).filter(any))
    else:
        start = draw(st.integers(18 * 60, 23 * 60))
        weekly = [[(start, start + draw(st.integers(300, 600)))] for _day in range(7)]
    near = draw(st.sampled_from(CHANGES))
    exceptions = {
        near.date() + timedelta(days=offset): draw(days()) for offset in draw(st.sets(st.integers(-2, 2)))
    }
    return WorkingHours(draw(st.sampled_from(ZONES)), weekly=weekly, exceptions=exceptions), near


CHANGES = [  # around each of these the wall clock, the month or the year turns
    datetime(2026, 3, 28, tzinfo=UTC),
    datetime(2026, 10, 24, tzinfo=UTC),
    datetime(2026, 3, 7, tzinfo=UTC),
    datetime(2026, 10, 31, tzinfo=UTC),
    datetime(2026, 4, 4, tzinfo=UTC),
    datetime(2026, 10, 3, tzinfo=UTC),
    datetime(
        2009, 10, 31, tzinfo=UTC
    ),  # St John's turned back at one minute past midnight, into October again
    datetime(2028, 2, 28, tzinfo=UTC),
    datetime(2026, 12, 31, tzinfo=UTC),
]


@settings(max_examples=120, deadline=None)
@given(calendars(), st.integers(0, 2 * 1440), st.integers(1, 3 * 1440))
def test_counting_agrees_with_the_oracle(calendar, begin, minutes):
    hours, near = calendar
    start = near + (begin - 720) * MINUTE
    expected = sum(open_ for _step, open_ in oracle_minutes(hours, start, minutes))
    assert working_between(hours, start, start + minutes * MINUTE) == expected * MINUTE


@settings(max_examples=120, deadline=None)
@given(calendars(), st.integers(0, 2 * 1440), st.integers(1, 120))
def test_adding_agrees_with_the_oracle(calendar, begin, minutes):
    hours, near = calendar
    start = near + (begin - 720) * MINUTE
    worked = (step for step, open_ in oracle_minutes(hours, start, 60 * 1440) if open_)
    last = next(step for count, step in enumerate(worked, 1) if count == minutes)
    assert add_working(hours, start, minutes * MINUTE) == start + (last + 1) * MINUTE


@settings(max_examples=300, deadline=None)
@given(calendars(), st.integers(0, 3 * 86400), st.integers(1, 40 * 86400))
def test_adding_and_counting_are_exact_inverses_to_the_second(calendar, begin, seconds):
    hours, near = calendar
    start, amount = near + timedelta(seconds=begin - 43200), timedelta(seconds=seconds)
    due = add_working(hours, start, amount)
    assert working_between(hours, start, due) == amount
    assert working_between(hours, start, due - timedelta(seconds=1)) == amount - timedelta(seconds=1)


@settings(max_examples=200, deadline=None)
@given(calendars(), st.integers(0, 3 * 86400), st.integers(1, 40 * 86400))
def test_stretches_add_up_to_the_working_time_and_do_not_touch(calendar, begin, seconds):
    hours, near = calendar
    start = near + timedelta(seconds=begin - 43200)
    end = start + timedelta(seconds=seconds)
    pieces = list(stretches(hours, start, end))
    assert sum((piece.length for piece in pieces), timedelta(0)) == working_between(hours, start, end)
    assert all(first.end < second.start for first, second in pairwise(pieces))
    assert all(start <= piece.start < piece.end <= end for piece in pieces)

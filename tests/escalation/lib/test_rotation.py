"""Turns by layers: tables in several zones, both changes of the clock, restrictions, levels, and properties."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from escalation.lib.rotation import Layer, Rotation, layer_turns, plan_turns, utc_instant

BERLIN, NEW_YORK, SHANGHAI = (ZoneInfo(key) for key in ("Europe/Berlin", "America/New_York", "Asia/Shanghai"))
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ANN, BEN, CY = 1, 2, 3


def layer(**changes) -> Layer:
    fields = {
        "key": 1,
        "level": 1,
        "people": (ANN, BEN, CY),
        "rotation": Rotation.DAYS,
        "length": 1,
        "hand_over": time(9),
        "starts_on": date(2026, 3, 2),  # a Monday
    }
    return Layer(**(fields | changes))


def span(first: str, last: str, zone: ZoneInfo):
    return tuple(utc_instant(datetime.fromisoformat(text), zone) for text in (first, last))


def on_the_wall_clock(found, zone: ZoneInfo) -> list[tuple[int, str, str]]:
    """Who from when to when, on the wall clock."""
    return [(turn.user, *(f"{end.astimezone(zone):%m-%d %H:%M}" for end in turn.span)) for turn in found]


def test_people_take_turns_by_day_at_the_hand_over():
    turns = layer_turns(layer(), SHANGHAI, span("2026-03-02", "2026-03-05 12:00", SHANGHAI))
    assert on_the_wall_clock(turns, SHANGHAI) == [
        (ANN, "03-02 09:00", "03-03 09:00"),
        (BEN, "03-03 09:00", "03-04 09:00"),
        (CY, "03-04 09:00", "03-05 09:00"),
        (ANN, "03-05 09:00", "03-05 12:00"),
    ]


@pytest.mark.parametrize(
    ("zone", "change", "hours"),
    [
        (BERLIN, "2026-03-29", 23),
        (BERLIN, "2026-10-25", 25),
        (NEW_YORK, "2026-03-08", 23),
        (NEW_YORK, "2026-11-01", 25),
        (ZoneInfo("Australia/Lord_Howe"), "2026-10-04", 23.5),
        (ZoneInfo("Australia/Lord_Howe"), "2026-04-05", 24.5),
    ],
)
def test_the_hand_over_keeps_its_local_time_when_the_clock_changes(zone, change, hours):
    day = date.fromisoformat(change)
    around = span(f"{day - 2 * DAY} 09:00", f"{day + 2 * DAY} 09:00", zone)
    turns = list(layer_turns(layer(), zone, around))
    assert {f"{turn.span[0].astimezone(zone):%H:%M}" for turn in turns} == {"09:00"}
    lengths = [(turn.span[1] - turn.span[0]) / HOUR for turn in turns]
    assert lengths == [24, hours, 24, 24]


def test_a_night_across_a_clock_change_has_its_real_length():
    nights = layer(from_time=time(20), to_time=time(8), hand_over=time(20))
    (night,) = layer_turns(nights, BERLIN, span("2026-03-28 20:00", "2026-03-29 12:00", BERLIN))
    assert on_the_wall_clock([night], BERLIN) == [(CY, "03-28 20:00", "03-29 08:00")]
    assert night.span[1] - night.span[0] == 11 * HOUR


@pytest.mark.parametrize(
    ("wall", "zone", "utc"),
    [
        ("2026-03-29 02:30", BERLIN, "2026-03-29 01:30"),  # skipped: the clock shows 03:30 then
        ("2026-10-25 02:30", BERLIN, "2026-10-25 00:30"),  # shown twice: the first time
        ("2026-11-01 01:30", NEW_YORK, "2026-11-01 05:30"),
    ],
)
def test_a_hand_over_in_a_skipped_or_repeated_hour_has_one_exact_time(wall, zone, utc):
    assert utc_instant(datetime.fromisoformat(wall), zone) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


def test_weeks_begin_on_the_set_weekday_after_a_shorter_first_turn():
    weekly = layer(rotation=Rotation.WEEKS, weekday=0, starts_on=date(2026, 3, 4))
    turns = layer_turns(weekly, BERLIN, span("2026-03-01", "2026-03-17", BERLIN))
    assert on_the_wall_clock(turns, BERLIN) == [
        (ANN, "03-04 09:00", "03-09 09:00"),
        (BEN, "03-09 09:00", "03-16 09:00"),
        (CY, "03-16 09:00", "03-17 00:00"),
    ]


@pytest.mark.parametrize(
    ("rotation", "length", "second"),
    [
        (Rotation.DAYS, 3, "03-05 09:00"),
        (Rotation.HOURS, 12, "03-02 21:00"),
        (Rotation.HOURS, 36, "03-03 21:00"),
        (Rotation.WEEKS, 2, "03-16 09:00"),
    ],
)
def test_a_turn_lasts_as_long_as_the_layer_says(rotation, length, second):
    turns = list(
        layer_turns(layer(rotation=rotation, length=length), BERLIN, span("2026-03-02", "2026-03-20", BERLIN))
    )
    assert on_the_wall_clock(turns, BERLIN)[1][:2] == (BEN, second)


def test_a_layer_for_weekends_gives_both_days_to_one_person():
    weekends = layer(rotation=Rotation.WEEKS, weekdays=frozenset({5, 6}))
    turns = layer_turns(weekends, BERLIN, span("2026-03-02", "2026-03-16", BERLIN))
    assert on_the_wall_clock(turns, BERLIN) == [
        (ANN, "03-07 00:00", "03-09 00:00"),
        (BEN, "03-14 00:00", "03-16 00:00"),
    ]


def test_a_night_shift_belongs_to_the_weekday_it_begins_on():
    fridays = layer(weekdays=frozenset({4}), from_time=time(20), to_time=time(8), hand_over=time(8))
    turns = layer_turns(fridays, BERLIN, span("2026-03-02", "2026-03-09", BERLIN))
    assert on_the_wall_clock(turns, BERLIN) == [(BEN, "03-06 20:00", "03-07 08:00")]


def test_the_last_day_of_a_layer_ends_at_the_next_days_hand_over():
    short = layer(ends_on=date(2026, 3, 3))
    turns = layer_turns(short, BERLIN, span("2026-03-01", "2026-03-30", BERLIN))
    assert on_the_wall_clock(turns, BERLIN) == [
        (ANN, "03-02 09:00", "03-03 09:00"),
        (BEN, "03-03 09:00", "03-04 09:00"),
    ]


def test_a_layer_without_people_covers_nothing():
    assert list(layer_turns(layer(people=()), BERLIN, span("2026-03-01", "2026-03-30", BERLIN))) == []


def test_the_higher_level_wins_where_both_cover():
    base, nights = (
        layer(people=(ANN,)),
        layer(key=2, level=2, people=(BEN,), from_time=time(22), to_time=time(6)),
    )
    turns = plan_turns([base, nights], BERLIN, span("2026-03-03 09:00", "2026-03-04 09:00", BERLIN))
    assert on_the_wall_clock(turns, BERLIN) == [
        (ANN, "03-03 09:00", "03-03 22:00"),
        (BEN, "03-03 22:00", "03-04 06:00"),
        (ANN, "03-04 06:00", "03-04 09:00"),
    ]


LAYERS = st.builds(
    layer,
    key=st.integers(1, 99),
    level=st.integers(1, 3),
    people=st.lists(st.integers(1, 5), min_size=1, max_size=4).map(tuple),
    rotation=st.sampled_from(Rotation),
    length=st.integers(1, 5),
    hand_over=st.times().map(lambda moment: moment.replace(second=0, microsecond=0)),
    weekday=st.integers(0, 6),
    starts_on=st.dates(date(2026, 1, 1), date(2026, 11, 1)),
    weekdays=st.frozensets(st.integers(0, 6)),
)
ZONES = st.sampled_from(
    [BERLIN, NEW_YORK, SHANGHAI, ZoneInfo("Australia/Lord_Howe"), ZoneInfo("America/St_Johns")]
)
YEAR = datetime(2026, 1, 1, tzinfo=UTC)
MOMENTS = st.integers(0, 330 * 24 * 60).map(lambda minutes: YEAR + timedelta(minutes=minutes))


@settings(max_examples=60, deadline=None)
@given(st.lists(LAYERS, max_size=4, unique_by=lambda single: single.key), ZONES, MOMENTS)
def test_turns_of_all_layers_never_overlap_and_cover_what_any_layer_covers(layers, zone, since):
    within = since, since + 10 * DAY
    turns = plan_turns(layers, zone, within)
    assert all(first.span[1] <= then.span[0] for first, then in pairwise(turns))
    alone = sum((turn.span[1] - turn.span[0] for turn in turns), timedelta(0))
    covered = {
        hour
        for number in range(240)
        for hour in [since + number * HOUR]
        if any(
            turn.span[0] <= hour < turn.span[1]
            for single in layers
            for turn in layer_turns(single, zone, within)
        )
    }
    assert covered == {
        since + number * HOUR
        for number in range(240)
        if any(turn.span[0] <= since + number * HOUR < turn.span[1] for turn in turns)
    }
    assert alone <= 10 * DAY


@settings(max_examples=60, deadline=None)
@given(LAYERS, ZONES, MOMENTS, st.integers(0, 200))
def test_the_planned_span_does_not_change_who_has_the_duty(one, zone, since, hours):
    """A window that begins later sees the same people."""
    later = since + hours * HOUR
    whole_span = list(layer_turns(one, zone, (since, since + 12 * DAY)))
    part = list(layer_turns(one, zone, (later, since + 12 * DAY)))

    def who(turns, at):
        return next((turn.user for turn in turns if turn.span[0] <= at < turn.span[1]), None)

    moments = [later + number * 7 * HOUR for number in range(12)]
    assert [who(part, at) for at in moments] == [who(whole_span, at) for at in moments]


@settings(max_examples=60, deadline=None)
@given(LAYERS.filter(lambda one: not one.is_restricted and one.rotation != Rotation.HOURS), ZONES, MOMENTS)
def test_every_hand_over_is_at_its_local_time(one, zone, since):
    """By days and weeks. Where the clock skips that time on the day, at the moment that `instant` takes for it."""
    first = max(since, datetime.combine(one.starts_on, time(), UTC))
    starts = [turn.span[0] for turn in layer_turns(one, zone, (first, first + 90 * DAY))][1:]
    days = [start.astimezone(zone).date() for start in starts]
    assert starts
    assert starts == [utc_instant(datetime.combine(day, one.hand_over), zone) for day in days]

"""Turns by layers: tables in several zones, both changes of the clock, restrictions, levels, and properties."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from escalation.lib import rotation
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
    assert on_the_wall_clock(turns, BERLIN) == [(ANN, "03-06 20:00", "03-07 08:00")]


def test_the_last_day_of_a_layer_ends_at_the_next_days_hand_over():
    short = layer(ends_on=date(2026, 3, 3))
    turns = layer_turns(short, BERLIN, span("2026-03-01", "2026-03-30", BERLIN))
    assert on_the_wall_clock(turns, BERLIN) == [
        (ANN, "03-02 09:00", "03-03 09:00"),
        (BEN, "03-03 09:00", "03-04 09:00"),
    ]


MONDAY_TO_FRIDAY = frozenset(range(5))


def users_of(one: Layer, zone: ZoneInfo, first: str, last: str) -> list[int]:
    """Who serves, turn after turn; the pieces of one turn count once."""
    turns = layer_turns(one, zone, span(first, last, zone))
    return [user for user, _pieces in groupby(turn.user for turn in turns)]


def test_seven_people_from_monday_to_friday_all_serve():
    week = layer(people=tuple(range(7)), hand_over=time(0), weekdays=MONDAY_TO_FRIDAY)
    assert users_of(week, SHANGHAI, "2026-03-02", "2026-04-27") == [number % 7 for number in range(40)]


def test_a_weekend_without_duty_consumes_nobody():
    week = layer(weekdays=MONDAY_TO_FRIDAY, from_time=time(9), to_time=time(18))
    turns = layer_turns(week, SHANGHAI, span("2026-03-05", "2026-03-10", SHANGHAI))
    assert on_the_wall_clock(turns, SHANGHAI) == [
        (ANN, "03-05 09:00", "03-05 18:00"),
        (BEN, "03-06 09:00", "03-06 18:00"),
        (CY, "03-09 09:00", "03-09 18:00"),
    ]


def test_an_eight_hour_turn_at_night_consumes_nobody_in_a_layer_by_day():
    by_day = layer(rotation=Rotation.HOURS, length=8, hand_over=time(8), from_time=time(8), to_time=time(20))
    turns = layer_turns(by_day, SHANGHAI, span("2026-03-02", "2026-03-04", SHANGHAI))
    assert on_the_wall_clock(turns, SHANGHAI) == [
        (ANN, "03-02 08:00", "03-02 16:00"),
        (BEN, "03-02 16:00", "03-02 20:00"),
        (CY, "03-03 08:00", "03-03 16:00"),
        (ANN, "03-03 16:00", "03-03 20:00"),
    ]


def test_a_first_week_that_starts_after_its_hours_consumes_nobody():
    early = layer(
        rotation=Rotation.WEEKS, starts_on=date(2026, 3, 4), weekdays=frozenset({0, 1}), hand_over=time(0)
    )
    turns = layer_turns(early, SHANGHAI, span("2026-03-01", "2026-03-20", SHANGHAI))
    assert on_the_wall_clock(turns, SHANGHAI) == [
        (ANN, "03-09 00:00", "03-11 00:00"),
        (BEN, "03-16 00:00", "03-18 00:00"),
    ]


def test_a_turn_years_later_costs_as_little_as_the_first(monkeypatch):
    week = layer(people=tuple(range(7)), hand_over=time(0), weekdays=MONDAY_TO_FRIDAY)
    later = span("2226-03-03", "2226-03-04", SHANGHAI)  # a Friday
    hours_of, asked = rotation._hours_of, []
    monkeypatch.setattr(rotation, "_hours_of", lambda *args: asked.append(args) or hours_of(*args))
    (turn,) = layer_turns(week, SHANGHAI, later)
    weeks = (date(2226, 2, 27) - week.starts_on) // (7 * DAY)
    assert turn.user == (weeks * 5 + 4) % 7
    assert len(asked) < 10


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


RESTRICTED = st.builds(
    layer,
    people=st.integers(1, 7).map(lambda count: tuple(range(count))),
    rotation=st.sampled_from(Rotation),
    length=st.integers(1, 30),
    hand_over=st.times().map(lambda moment: moment.replace(second=0, microsecond=0)),
    weekday=st.integers(0, 6),
    starts_on=st.dates(date(2026, 1, 1), date(2026, 3, 1)),
    weekdays=st.frozensets(st.integers(0, 6)),
) | st.builds(
    layer,
    people=st.integers(1, 7).map(lambda count: tuple(range(count))),
    rotation=st.sampled_from(Rotation),
    length=st.integers(1, 30),
    hand_over=st.times().map(lambda moment: moment.replace(second=0, microsecond=0)),
    weekday=st.integers(0, 6),
    starts_on=st.dates(date(2026, 1, 1), date(2026, 3, 1)),
    weekdays=st.frozensets(st.integers(0, 6)),
    from_time=st.times().map(lambda moment: moment.replace(second=0, microsecond=0)),
    to_time=st.times().map(lambda moment: moment.replace(second=0, microsecond=0)),
)


def turns_one_by_one(one: Layer, until: datetime) -> list[tuple[datetime, datetime]]:
    """The turns that have open hours, by a walk from the first hand-over on a wall clock that never changes."""
    begins, step = one.anchor, one.step
    first = datetime.combine(one.starts_on, one.hand_over)
    turns = []
    while begins < until:
        ends = begins + step
        if any(max(since, begins, first) < min(to, ends) for since, to in open_hours(one, begins, ends)):
            turns.append((begins, ends))
        begins = ends
    return turns


def open_hours(one: Layer, begins: datetime, ends: datetime) -> Iterator[tuple[datetime, datetime]]:
    day = begins.date() - DAY
    while day <= ends.date():
        since, to = one.from_time or time(), one.to_time or time()
        if not one.weekdays or day.weekday() in one.weekdays:
            last = day if to > since else day + DAY
            yield datetime.combine(day, since), datetime.combine(last, to)
        day += DAY


@settings(max_examples=150, deadline=None)
@given(RESTRICTED)
def test_everybody_serves_equally_often_and_no_turn_is_without_hours(one):
    until = datetime.combine(date(2026, 9, 1), time())
    expected = turns_one_by_one(one, until)
    whole_span = span("2026-01-01", "2026-09-01", SHANGHAI)
    turns = list(layer_turns(one, SHANGHAI, whole_span))
    served: dict[datetime, set[int]] = {}
    for turn in turns:
        wall = turn.span[0].astimezone(SHANGHAI).replace(tzinfo=None)
        begins = one.anchor + (wall - one.anchor) // one.step * one.step
        served.setdefault(begins, set()).add(turn.user)
    assert list(served) == [begins for begins, _ends in expected][: len(served)]
    assert list(served.values()) == [{number % len(one.people)} for number in range(len(served))]
    assert len(expected) - len(served) in (0, 1)  # the last may begin without hours before the end
    counts = [sum(users == {user} for users in served.values()) for user in one.people]
    assert max(counts) - min(counts) <= 1


@settings(max_examples=100, deadline=None)
@given(RESTRICTED | LAYERS, ZONES, MOMENTS, st.integers(0, 12 * 24 * 60))
def test_two_windows_planned_one_after_the_other_are_the_window_planned_at_once(one, zone, since, minutes):
    cut, until = since + timedelta(minutes=minutes), since + 12 * DAY
    apart = [*layer_turns(one, zone, (since, cut)), *layer_turns(one, zone, (cut, until))]
    at_once = layer_turns(one, zone, (since, until))
    assert joined(apart) == joined(at_once)


def joined(turns) -> list[tuple[int, datetime, datetime]]:
    """Pieces of one person that touch, as one."""
    pieces: list[tuple[int, datetime, datetime]] = []
    for turn in turns:
        if pieces and (pieces[-1][0], pieces[-1][2]) == (turn.user, turn.span[0]):
            pieces[-1] = (turn.user, pieces[-1][1], turn.span[1])
        else:
            pieces.append((turn.user, *turn.span))
    return pieces

"""Counting a window out: by properties against the due time, and by tables to the minute."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.explaining.counting import ZERO, StretchKind, count_out, total_of
from escalation.working_time.due_time import Stretch, WorkingHours, add_working, working_between

OFFICE = [[(540, 720), (780, 1080)]] * 5 + [[], []]
SUNDAYS = [[], [], [], [], [], [], [(60, 240)]]  # 01:00 to 04:00 on the nights when clocks are changed
HOURS = [
    WorkingHours("UTC", always_open=True),
    WorkingHours("Asia/Shanghai", weekly=OFFICE),
    WorkingHours("Europe/Berlin", weekly=OFFICE),
    WorkingHours("Europe/Berlin", weekly=SUNDAYS),
    WorkingHours("Australia/Lord_Howe", weekly=SUNDAYS),
]
MINUTE = timedelta(minutes=1)

FIRST, LAST = datetime(2026, 9, 20), datetime(2026, 11, 10)  # noqa: DTZ001 - hypothesis adds the zone
moments = st.datetimes(FIRST, LAST, timezones=st.just(UTC))
lengths = st.integers(min_value=1, max_value=3000)
pausing = st.lists(st.tuples(lengths, lengths), max_size=3)


def local(text: str, zone: str = "Europe/Berlin", fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


def paused(
    hours: WorkingHours, start: datetime, minutes: int, stops: list[tuple[int, int]]
) -> tuple[datetime, list[Stretch]]:
    """The due time of a window as the services move it, pause by pause, and the pauses."""
    due, at, pauses = add_working(hours, start, minutes * MINUTE), start, []
    for run, stand in stops:
        begin = at + run * MINUTE
        if begin >= due:
            break
        at = begin + stand * MINUTE
        due = add_working(hours, due, working_between(hours, begin, at))
        pauses.append(Stretch(begin, at))
    return due, pauses


@given(st.sampled_from(HOURS), moments, lengths, pausing, st.integers(min_value=0, max_value=20_000))
def test_counted_time_and_time_left_add_up_to_the_window_despite_pauses(hours, start, minutes, stops, used):
    due, pauses = paused(hours, start, minutes, stops)
    until = min(start + used * MINUTE, due)
    pieces = count_out(hours, Stretch(start, due), until=until, pauses=pauses)
    assert total_of(pieces, StretchKind.COUNTED) + total_of(pieces, StretchKind.LEFT) == minutes * MINUTE
    assert total_of(pieces, StretchKind.PAUSED) == sum(
        (working_between(hours, pause.start, pause.end) for pause in pauses), ZERO
    )


@given(st.sampled_from(HOURS), moments, lengths, pausing)
def test_pieces_follow_each_other_and_add_up_to_the_window(hours, start, minutes, stops):
    due, pauses = paused(hours, start, minutes, stops)
    pieces = count_out(hours, Stretch(start, due), until=due, pauses=pauses)
    assert all(first.end <= second.start for first, second in pairwise(pieces))
    sums = [piece.total for piece in pieces]
    assert sums == sorted(sums)
    assert sums[-1] == minutes * MINUTE
    assert (pieces[0].start >= start, pieces[-1].end == due) == (True, True)


def pieces_of(hours: WorkingHours, start: str, minutes: int, until: str = "2030-01-01 00:00") -> list[tuple]:
    """Part, start, end in Berlin and minutes of each piece."""
    begin = local(start)
    due = add_working(hours, begin, minutes * MINUTE)
    zone = ZoneInfo("Europe/Berlin")
    return [
        (
            piece.part,
            f"{piece.start.astimezone(zone):%a %H:%M}",
            f"{piece.end.astimezone(zone):%a %H:%M}",
            piece.length / MINUTE,
        )
        for piece in count_out(hours, Stretch(begin, due), until=local(until), pauses=[])
    ]


def test_office_hours_are_counted_around_lunch_and_weekend():
    assert pieces_of(WorkingHours("Europe/Berlin", weekly=OFFICE), "2026-11-20 11:00", 420) == [
        ("counted", "Fri 11:00", "Fri 12:00", 60),
        ("counted", "Fri 13:00", "Fri 18:00", 300),
        ("counted", "Mon 09:00", "Mon 10:00", 60),
    ]


def test_around_the_clock_is_one_piece_cut_at_the_answer():
    assert pieces_of(WorkingHours("UTC", always_open=True), "2026-11-20 23:50", 30, "2026-11-21 00:05") == [
        ("counted", "Fri 23:50", "Sat 00:05", 15),
        ("left", "Sat 00:05", "Sat 00:20", 15),
    ]


@pytest.mark.parametrize(("day", "minutes"), [("2026-03-29", 120), ("2026-10-25", 240)])
def test_the_nights_of_the_clock_change_count_as_long_as_they_last(day, minutes):
    """01:00 to 04:00 on the wall is two hours in spring and four in autumn."""
    hours = WorkingHours("Europe/Berlin", weekly=SUNDAYS)
    assert pieces_of(hours, f"{day} 00:00", minutes) == [("counted", "Sun 01:00", "Sun 04:00", minutes)]


def test_a_pause_is_a_piece_that_adds_nothing_to_the_sum():
    hours = WorkingHours("UTC", always_open=True)
    start = local("2026-11-20 10:00")
    pause = Stretch(start + 10 * MINUTE, start + 40 * MINUTE)
    pieces = count_out(hours, Stretch(start, start + 60 * MINUTE), until=start + 60 * MINUTE, pauses=[pause])
    assert [(piece.part, piece.length / MINUTE, piece.total / MINUTE) for piece in pieces] == [
        ("counted", 10, 10),
        ("paused", 30, 10),
        ("counted", 20, 30),
    ]

"""The grid of the calendar: whole weeks of the rota's zone, cut at its midnights, on both clocks."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from escalation.duty.coverage_gaps import Gap, GapWhy
from escalation.duty.month_grid import (
    HUES,
    Weeks,
    grid_of,
    hours,
    hues_of,
    monday_of,
    parsed_day,
    parsed_moment,
)
from escalation.models import DutyRota, DutyShift
from escalation.people.on_duty import Watch
from tests.factories import NOW, UserFactory

HUE = dict.fromkeys(range(20), 0)
BERLIN, SHANGHAI = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Shanghai")


def weeks(zone=SHANGHAI, reader=SHANGHAI, count=1, first=date(2026, 11, 16)):
    return Weeks(first, count, zone, reader)


def watch(first: str, last: str, zone=SHANGHAI, pk=1):
    user = UserFactory.build(pk=pk)
    span = [datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC) for text in (first, last)]
    return Watch(DutyShift(pk=pk, user=user, starts_at=span[0], ends_at=span[1]), *span)


def times_by_day(grid):
    return {
        day.date.day: [(part.hours, part.hours_there) for part in day.parts]
        for week in grid.weeks
        for day in week
        if day.parts
    }


def test_a_shift_over_midnight_is_in_both_days():
    grid = grid_of(weeks(), [watch("2026-11-17 20:00", "2026-11-18 08:00")], [], now=NOW, hues=HUE)
    assert times_by_day(grid) == {17: [("20:00–24:00",) * 2], 18: [("00:00–08:00",) * 2]}


def test_the_readers_clock_is_shown_beside_the_rotas():
    grid = grid_of(
        weeks(reader=BERLIN), [watch("2026-11-17 08:00", "2026-11-17 20:00")], [], now=NOW, hues=HUE
    )
    assert times_by_day(grid) == {17: [("08:00–20:00", "01:00–13:00")]}
    assert not weeks(reader=BERLIN).is_own_zone
    assert weeks(reader=ZoneInfo("Asia/Singapore")).is_own_zone


@pytest.mark.parametrize(("day", "length"), [("2026-03-29", 23), ("2026-10-25", 25)])
def test_a_day_of_a_change_of_the_clock_is_whole(day, length):
    first = monday_of(date.fromisoformat(day))
    shift = watch(f"{first} 00:00", f"{first + timedelta(days=14)} 00:00", BERLIN)
    grid = grid_of(weeks(BERLIN, BERLIN, 2, first), [shift], [], now=NOW, hues=HUE)
    spans = {each.date: each.parts[0].span for week in grid.weeks for each in week}
    begins, ends = spans[date.fromisoformat(day)]
    assert (ends - begins) / timedelta(hours=1) == length


def test_gaps_are_shown_between_the_shifts():
    gap = Gap(DutyRota(), NOW, NOW + timedelta(hours=2), GapWhy.NOBODY)
    day_watch = watch("2026-11-18 08:00", "2026-11-18 20:00")  # ends as the gap begins
    grid = grid_of(weeks(), [day_watch], [gap], now=NOW, hues=HUE)
    (_week,) = grid.weeks
    assert [bool(part.gap) for part in grid.weeks[0][2].parts] == [False, True]
    assert times_by_day(grid)[18][1] == ("20:00–22:00",) * 2


def test_today_past_and_now_are_those_of_the_rotas_zone():
    late = datetime(2026, 11, 17, 17, 0, tzinfo=UTC)  # Wednesday one o'clock in Shanghai
    shifts = [
        watch("2026-11-17 08:00", "2026-11-18 00:00"),
        watch("2026-11-18 00:00", "2026-11-18 08:00", pk=2),
    ]
    (week,) = grid_of(weeks(), shifts, [], now=late, hues=HUE).weeks
    assert [day.is_today for day in week] == [False, False, True, False, False, False, False]
    assert [day.is_past for day in week][:3] == [True, True, False]
    assert (week[1].parts[0].is_over, week[2].parts[0].is_now) == (True, True)


def test_the_legend_names_the_people_of_the_shown_weeks_in_their_colours():
    shifts = [watch(f"2026-11-{day} 08:00", f"2026-11-{day} 20:00", pk=day) for day in (16, 17)]
    grid = grid_of(weeks(), shifts, [], now=NOW, hues={15: 7, 16: 0, 17: 3})
    assert [(person.pk, hue) for person, hue in grid.people] == [(16, 0), (17, 3)]


@pytest.mark.parametrize(
    ("people", "hues"),
    [
        ([3, 5, 8], {3: 3, 5: 5, 8: 0}),
        ([3, 11, 12], {3: 3, 11: 4, 12: 5}),
        ([7, 15], {7: 7, 15: 0}),
        (range(8, 17), {**{pk: pk - 8 for pk in range(8, 16)}, 16: 0}),
    ],
)
def test_people_have_the_colour_of_their_picture_or_one_that_is_free(people, hues):
    assert hues_of(people) == hues
    assert set(hues.values()) <= set(range(HUES))


@pytest.mark.parametrize(
    ("first", "last", "text"),
    [(0, 8, "00:00–08:00"), (16, 24, "16:00–24:00"), (0, 24, "00:00–24:00")],
)
def test_the_hours_of_a_day_are_written_from_start_to_end(first, last, text):
    midnight = datetime(2026, 11, 18, tzinfo=UTC)
    span = midnight + timedelta(hours=first), midnight + timedelta(hours=last)
    assert hours(span, ZoneInfo("UTC")) == text


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-13-01", "0001-01-01", "9999-12-31", "2026-11-18T00:00"]
)
def test_an_invalid_day_in_the_address_is_ignored(text):
    assert parsed_day(text) is None


@pytest.mark.parametrize("text", ["", "-1", "²", "1e3", "99999999999999"])
def test_an_invalid_time_in_the_address_is_ignored(text):
    assert parsed_moment(text) is None

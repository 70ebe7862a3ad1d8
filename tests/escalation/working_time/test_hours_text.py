"""Working hours as people write them."""

from datetime import date

import pytest

from escalation.working_time.due_time import WorkTimeError
from escalation.working_time.hours_text import day_in_words, intervals_in_words, parse_day, parse_intervals


@pytest.mark.parametrize(
    ("text", "intervals"),
    [
        ("", ()),
        ("09:00-18:00", ((540, 1080),)),
        (" 9:00 – 12:00 , 13:00-24:00 ", ((540, 720), (780, 1440))),
        ("22:00-30:00", ((1320, 1800),)),
        ("9：00至12：00，13：00～18：00", ((540, 720), (780, 1080))),
        ("18:00-09:00", ((1080, 540),)),  # refused as hours, not as words
    ],
)
def test_working_hours_are_parsed_from_text(text, intervals):
    assert parse_intervals(text) == intervals


@pytest.mark.parametrize(
    "text", ["9-18", "09:00", "09:00-18:60", "09:60-18:00", "09:00-18:00 13:00-14:00", "x"]
)
def test_text_that_is_not_an_interval_is_refused_by_name(text):
    with pytest.raises(WorkTimeError, match=text):
        parse_intervals(text)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("2026-12-24", (date(2026, 12, 24), (), "")),
        ("2026-12-24 # Christmas Eve", (date(2026, 12, 24), (), "Christmas Eve")),
        (
            "2026-10-10 09:00-12:00, 13:00-15:00 # sale",
            (date(2026, 10, 10), ((540, 720), (780, 900)), "sale"),
        ),
    ],
)
def test_a_day_is_read_and_written_alike(line, found):
    assert parse_day(line) == found
    assert day_in_words(*found) == line


@pytest.mark.parametrize("line", ["24.12.2026", "2026-13-01", "2026-12-24x", "# Christmas"])
def test_text_that_is_not_a_day_is_refused(line):
    with pytest.raises(WorkTimeError, match="day"):
        parse_day(line)


def test_intervals_are_written_as_they_are_read():
    assert intervals_in_words([(540, 720), (1320, 1800)]) == "09:00-12:00, 22:00-30:00"

"""iCalendar as RFC 5545 wants it: lines, escapes, times."""

from datetime import timedelta

import pytest

from escalation.lib.icalendar import Event, calendar_document, escape_text, fold_line
from tests.factories import NOW

EVENT = Event(
    "duty-1@desk", NOW, NOW + timedelta(hours=8), "On duty: P0; all, of it", "Ann is ill\nBen helps"
)


def lines(*events, name="Duty"):
    return calendar_document(events, name=name, at=NOW).decode().split("\r\n")


def test_a_calendar_file_begins_and_ends_as_rfc_5545_wants():
    file_lines = lines(EVENT)
    assert file_lines[:2] == ["BEGIN:VCALENDAR", "VERSION:2.0"]
    assert file_lines[-2:] == ["END:VCALENDAR", ""]
    assert "\n" not in "".join(file_lines)


def test_an_event_has_the_required_properties_and_times_in_utc():
    file_lines = lines(EVENT)
    start = file_lines.index("BEGIN:VEVENT")
    assert file_lines[start + 1 : start + 7] == [
        "UID:duty-1@desk",
        "DTSTAMP:20261118T120000Z",
        "DTSTART:20261118T120000Z",
        "DTEND:20261118T200000Z",
        "SUMMARY:On duty: P0\\; all\\, of it",
        "DESCRIPTION:Ann is ill\\nBen helps",
    ]


@pytest.mark.parametrize("text", ["x" * 75, "x" * 76, "x" * 400, "值班" * 60, "é" * 75, "🚨" * 40])
def test_long_lines_are_folded_by_octets_and_unfold_to_themselves(text):
    result = fold_line(text)
    parts = result.removesuffix("\r\n").split("\r\n")
    assert max(len(part.encode()) for part in parts) <= 75
    assert "".join([parts[0], *(part.removeprefix(" ") for part in parts[1:])]) == text
    assert all(part.startswith(" ") for part in parts[1:])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a;b,c\\d", "a\\;b\\,c\\\\d"),
        ("two\nlines", "two\\nlines"),
        ("two\r\nlines", "two\\nlines"),
        ("X\r\nATTENDEE:mailto:evil@x.example", "X\\nATTENDEE:mailto:evil@x.example"),
        ("bell\x07", "bell"),
    ],
)
def test_text_is_escaped_so_that_it_stays_one_value(text, value):
    assert escape_text(text) == value

"""Invitations as values: when they take place in which zone, and what else they say.

Tests windows_zones too.
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tickets.mail.invitations import read_invitation
from tickets.mail.windows_zones import WINDOWS_ZONES

NOON = datetime(2026, 6, 5, 4, 0, tzinfo=UTC)


def calendar(*lines: str, method: str = "REQUEST", before: str = "") -> bytes:
    event = "\r\n".join(["BEGIN:VEVENT", "SUMMARY:Review", *lines, "END:VEVENT"])
    return f"BEGIN:VCALENDAR\r\nMETHOD:{method}\r\n{before}{event}\r\nEND:VCALENDAR\r\n".encode()


def read(*lines: str, **more: str):
    invitation = read_invitation(calendar(*lines, **more))
    assert invitation is not None
    return invitation


@pytest.mark.parametrize(
    ("line", "zone"),
    [
        ("DTSTART;TZID=Asia/Shanghai:20260605T120000", "Asia/Shanghai"),
        ('DTSTART;TZID="China Standard Time":20260605T120000', "Asia/Shanghai"),
        ("DTSTART;TZID=/freeassociation.sourceforge.net/Europe/Berlin:20260605T060000", "Europe/Berlin"),
        ("DTSTART;TZID=W. Europe Standard Time:20260605T060000", "Europe/Berlin"),
        ("DTSTART:20260605T040000Z", ""),
    ],
)
def test_a_time_is_placed_by_its_zone_whatever_program_names_it(line, zone):
    invitation = read(line)
    assert (invitation.starts_at, invitation.zone) == (NOON, zone)


def test_an_own_name_of_a_zone_is_placed_by_its_only_offset():
    own = "BEGIN:VTIMEZONE\r\nTZID:Custom\r\nBEGIN:STANDARD\r\nTZOFFSETTO:+0545\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
    assert read("DTSTART;TZID=Custom:20260605T094500", before=own).starts_at == NOON
    two = own.replace("END:STANDARD", "TZOFFSETTO:+0645\r\nEND:STANDARD")
    unplaced = read("DTSTART;TZID=Custom:20260605T094500", before=two)
    assert (unplaced.starts_at, unplaced.written) == (None, "2026-06-05 09:45 (Custom)")


@pytest.mark.parametrize(
    "line",
    [
        "DTSTART:20260605T120000", "DTSTART:20261305T120000Z", "DTSTART:soon",
        "DTSTART:00010101T000000Z", "DTSTART:99991231T235900Z", "DTSTART;TZID=Asia/Shanghai:00010101T000000",
    ],
)  # fmt: skip
def test_a_time_that_cannot_be_placed_is_kept_as_it_is_written(line):
    invitation = read(line)
    assert invitation.starts_at is None
    assert invitation.written


@pytest.mark.parametrize(
    ("line", "ends_at"),
    [
        ("DTEND:20260605T050000Z", NOON + timedelta(hours=1)),
        ("DTEND;TZID=Asia/Shanghai:20260605T133000", NOON + timedelta(minutes=90)),
        ("DURATION:PT1H30M", NOON + timedelta(minutes=90)),
        ("DURATION:P1DT2H", NOON + timedelta(hours=26)),
        ("DTEND:20260605T030000Z", None),
        ("DTEND:99990605T030000Z", None),
        ("DURATION:soon", None),
    ],
)
def test_an_event_ends_by_its_end_or_its_length(line, ends_at):
    assert read("DTSTART:20260605T040000Z", line).ends_at == ends_at


@pytest.mark.parametrize("start", ["99991231T235900Z", "00010101T000000Z", "22000101T000000Z"])
def test_no_length_leads_out_of_the_calendar(start):
    assert read(f"DTSTART:{start}", "DURATION:P999W999DT999H9999M").ends_at is None


def test_an_event_of_whole_days_has_days_and_no_times():
    invitation = read("DTSTART;VALUE=DATE:20260605", "DTEND;VALUE=DATE:20260607")
    assert (invitation.first_day, invitation.last_day) == (date(2026, 6, 5), date(2026, 6, 6))
    assert invitation.starts_at is None
    assert read("DTSTART;VALUE=DATE:20260605").last_day == date(2026, 6, 5)


@pytest.mark.parametrize(
    ("line", "organiser"),
    [
        ("ORGANIZER;CN=Li Wei:mailto:li@company.example", "Li Wei"),
        ('ORGANIZER;CN="Li, Wei";ROLE=CHAIR:MAILTO:li@company.example', "Li, Wei"),
        ("ORGANIZER:MAILTO:li@company.example", "li@company.example"),
        ("X-A:b", ""),
    ],
)
def test_the_organiser_has_a_name_or_an_address(line, organiser):
    assert read("DTSTART:20260605T040000Z", line).organiser == organiser


def test_place_repetition_and_cancellation_are_told():
    invitation = read(
        "DTSTART:20260605T040000Z", "LOCATION:Room 1\\, left", "RRULE:FREQ=DAILY", method="CANCEL"
    )
    assert (invitation.summary, invitation.location) == ("Review", "Room 1, left")
    assert (invitation.repeats, invitation.is_cancelled) == (True, True)


@pytest.mark.parametrize(
    "data",
    [b"", b"rubbish", calendar(), calendar("DTSTART:20260605T040000Z", method="REPLY"), b"\xff" * 300_000],
)
def test_what_invites_to_nothing_is_no_invitation(data):
    assert read_invitation(data) is None


def test_each_name_of_windows_stands_for_a_zone_that_exists():
    assert all(ZoneInfo(zone) for zone in WINDOWS_ZONES.values())

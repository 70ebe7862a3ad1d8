"""Events as an iCalendar document (RFC 5545): CRLF, lines of at most 75 octets, escaped text, times in UTC."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

PRODUCT = "-//supportdesk//duty//EN"
LINE_OCTETS = 75
ESCAPES = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n", "\r": None})


@dataclass(frozen=True)
class Event:
    """``uid`` must stay the same for the same event, so that a calendar changes it instead of adding another."""

    uid: str
    starts_at: datetime
    ends_at: datetime
    summary: str
    description: str = ""


def calendar_document(events: Iterable[Event], *, name: str, at: datetime) -> bytes:
    """The whole calendar, made at ``at`` (UTC)."""
    lines = "".join(fold_line(line) for line in _lines(events, name, at))
    return lines.encode()


def fold_line(line: str) -> str:
    """Fold a line so that none is longer than 75 octets (RFC 5545, 3.1), never inside a character."""
    parts: list[str] = []
    part, octets = "", 0
    for character in line:
        size = len(character.encode())
        if octets + size > LINE_OCTETS:
            parts.append(part)
            part, octets = " ", 1
        part, octets = part + character, octets + size
    return "\r\n".join([*parts, part]) + "\r\n"


def escape_text(text: str) -> str:
    """A TEXT value (RFC 5545, 3.3.11); control characters are removed."""
    clean = "".join(character for character in text if character >= " " or character in "\n\t")
    return clean.translate(ESCAPES)


def _lines(events: Iterable[Event], name: str, at: datetime) -> Iterator[str]:
    yield from ("BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{PRODUCT}", "CALSCALE:GREGORIAN", "METHOD:PUBLISH")
    yield f"NAME:{escape_text(name)}"
    yield f"X-WR-CALNAME:{escape_text(name)}"
    yield "REFRESH-INTERVAL;VALUE=DURATION:PT1H"
    yield "X-PUBLISHED-TTL:PT1H"
    for event in events:
        yield from _event(event, at)
    yield "END:VCALENDAR"


def _event(event: Event, at: datetime) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{escape_text(event.uid)}"
    yield f"DTSTAMP:{_stamp(at)}"
    yield f"DTSTART:{_stamp(event.starts_at)}"
    yield f"DTEND:{_stamp(event.ends_at)}"
    yield f"SUMMARY:{escape_text(event.summary)}"
    if event.description:
        yield f"DESCRIPTION:{escape_text(event.description)}"
    yield "TRANSP:OPAQUE"
    yield "END:VEVENT"


def _stamp(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"

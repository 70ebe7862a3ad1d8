"""Reads an invitation (text/calendar, RFC 5545): as words for a mail without others, and as values to show."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tickets.mail.charsets import decode
from tickets.mail.storable_text import storable, storable_line
from tickets.mail.windows_zones import WINDOWS_ZONES

MAX_BYTES = 200_000
LONGEST_EVENT = timedelta(days=366)
# Times outside are no appointments, and those at the ends of the calendar cannot be shown in every zone.
FIRST_YEAR, LAST_YEAR = 1900, 2200

_FOLD = re.compile(r"\n[ \t]")
_LINE = re.compile(
    r"(SUMMARY|DTSTART|DTEND|DURATION|LOCATION|DESCRIPTION|ORGANIZER|RRULE)((?:;[^:\n]{0,300})?):(.*)",
    re.IGNORECASE,
)
_TIME = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})\d{0,2}(Z?))?")
_DURATION = re.compile(r"P(?:(\d{1,3})W)?(?:(\d{1,3})D)?(?:T(?:(\d{1,3})H)?(?:(\d{1,4})M)?(?:\d{1,5}S)?)?")
_ZONE = re.compile(r"TZID=\"?([^;:\"]{1,80})", re.IGNORECASE)
_METHOD = re.compile(r"^METHOD:[ \t]*(\w+)", re.IGNORECASE | re.MULTILINE)
_NAME = re.compile(r"CN=(?:\"([^\"]{1,200})\"|([^;:\"]{1,200}))", re.IGNORECASE)
_ESCAPED = re.compile(r"\\([nN,;\\])")
_OFFSET = re.compile(r"^TZOFFSETTO:[ \t]*([+-])(\d{2})(\d{2})", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class InvitedEvent:
    """One event. ``starts_at`` and ``ends_at`` (aware) are in the organiser's zone; None if the time cannot be placed.

    ``written`` is the time as it stands in the invitation. An event of whole days has only ``first_day`` and
    ``last_day``. ``zone`` is the organiser's zone by its IANA name, empty if it has none.
    """

    summary: str
    location: str
    organiser: str
    written: str
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    first_day: date | None = None
    last_day: date | None = None
    zone: str = ""
    repeats: bool = False
    is_cancelled: bool = False


@dataclass(frozen=True, slots=True)
class _CalendarProperty:
    parameters: str
    value: str


def invitation_text(data: bytes, charset: str = "") -> str:
    """The first event of the calendar as lines; empty if it has none that can be read."""
    event = _properties(_calendar(data, charset))
    head = "\n".join(filter(None, (_line(event, "SUMMARY"), _written(event), _line(event, "LOCATION"))))
    description = _unescaped(event["DESCRIPTION"].value).strip() if "DESCRIPTION" in event else ""
    return "\n\n".join(part for part in (head, description) if part)


def read_invitation(data: bytes) -> InvitedEvent | None:
    """The first event that a calendar invites to or cancels; None for an answer, and if there is none to read."""
    text = _calendar(data, "")
    event, method = _properties(text), _METHOD.search(text)
    if "DTSTART" not in event or (method and method[1].upper() == "REPLY"):
        return None
    start = _EventTime.read(event["DTSTART"], text)
    end = _EventTime.read(event["DTEND"], text) if "DTEND" in event else None
    name = _NAME.search(event["ORGANIZER"].parameters) if "ORGANIZER" in event else None
    organiser = (name[1] or name[2]) if name else _line(event, "ORGANIZER")
    is_whole_day = start is not None and start.at is None and start.day is not None
    return InvitedEvent(
        summary=_line(event, "SUMMARY"),
        location=_line(event, "LOCATION"),
        organiser=storable_line(re.sub(r"^mailto:", "", organiser, flags=re.IGNORECASE)),
        written=_written(event),
        starts_at=start.at if start else None,
        ends_at=_end(start, end, event),
        first_day=start.day if start and is_whole_day else None,
        last_day=_last_day(start, end) if start and is_whole_day else None,
        zone=start.zone if start else "",
        repeats="RRULE" in event,
        is_cancelled=method is not None and method[1].upper() == "CANCEL",
    )


@dataclass(frozen=True, slots=True)
class _EventTime:
    """``at`` is None for a whole day, and for a time whose zone is not known; then ``day`` is None too."""

    at: datetime | None
    day: date | None
    zone: str = ""

    @classmethod
    def read(cls, prop: _CalendarProperty, calendar: str) -> "_EventTime | None":
        match = _TIME.match(prop.value.strip())
        if not match:
            return None
        try:
            day = date(int(match[1]), int(match[2]), int(match[3]))
            if not FIRST_YEAR <= day.year <= LAST_YEAR:
                return None
            if not match[4]:
                return cls(None, day)
            naive = datetime(day.year, day.month, day.day, int(match[4]), int(match[5]))  # noqa: DTZ001
            named = _ZONE.search(prop.parameters)
            zone, name = (UTC, "") if match[6] else _zone(named[1] if named else "", calendar)
            return cls(naive.replace(tzinfo=zone) if zone else None, None, name)
        except (ValueError, OverflowError):
            return None


def _zone(name: str, calendar: str) -> tuple[tzinfo | None, str]:
    """The zone of a TZID and its IANA name: by that name, by Windows' name, or by the one offset the calendar gives."""
    iana = WINDOWS_ZONES.get(name.strip().lower(), name.strip())
    for candidate in (iana, "/".join(iana.split("/")[-2:])):
        try:
            if candidate:
                return ZoneInfo(candidate), candidate
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
    offsets = set(_OFFSET.findall(calendar)) if name else set()
    if len(offsets) != 1:
        return None, ""
    sign, hours, minutes = offsets.pop()
    offset = timedelta(hours=int(hours), minutes=int(minutes)) * (-1 if sign == "-" else 1)
    return timezone(offset), ""


def _end(
    start: _EventTime | None, end: _EventTime | None, event: dict[str, _CalendarProperty]
) -> datetime | None:
    if start is None or start.at is None:
        return None
    length = _DURATION.fullmatch(event["DURATION"].value.strip()) if "DURATION" in event else None
    if end is not None and end.at is not None:
        ends_at = end.at
    elif length:
        weeks, days, hours, minutes = (int(number or 0) for number in length.groups())
        ends_at = start.at + timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes)
    else:
        return None
    return ends_at if timedelta(0) < ends_at - start.at <= LONGEST_EVENT else None


def _last_day(start: _EventTime, end: _EventTime | None) -> date | None:
    """DTEND of whole days is the day after (RFC 5545, 3.6.1)."""
    if start.day is None or end is None or end.day is None or end.day <= start.day:
        return start.day
    return end.day - timedelta(days=1)


def _calendar(data: bytes, charset: str) -> str:
    return _FOLD.sub("", storable(decode(data[:MAX_BYTES], charset or "utf-8")).replace("\r\n", "\n"))


def _properties(calendar: str) -> dict[str, _CalendarProperty]:
    """Those of the first event, by name in upper case."""
    start = calendar.upper().find("BEGIN:VEVENT")
    event = calendar[max(start, 0) :]
    properties: dict[str, _CalendarProperty] = {}
    for match in (_LINE.fullmatch(line) for line in event.split("\n")):
        if match:
            properties.setdefault(match[1].upper(), _CalendarProperty(match[2], match[3]))
    return properties


def _line(event: dict[str, _CalendarProperty], name: str) -> str:
    return storable_line(_unescaped(event[name].value)) if name in event else ""


def _unescaped(raw: str) -> str:
    return _ESCAPED.sub(lambda escaped: "\n" if escaped[1] in "nN" else escaped[1], raw)


def _written(event: dict[str, _CalendarProperty]) -> str:
    times = (_time(event[name]) for name in ("DTSTART", "DTEND") if name in event)
    return " – ".join(time for time in times if time)


def _time(prop: _CalendarProperty) -> str:
    match = _TIME.match(prop.value.strip())
    if not match:
        return storable_line(prop.value)
    zone = _ZONE.search(prop.parameters)
    clock = f" {match[4]}:{match[5]}" if match[4] else ""
    name = " UTC" if match[6] else f" ({zone[1]})" if zone and clock else ""
    return f"{match[1]}-{match[2]}-{match[3]}{clock}{name}"

"""Reads an invitation (text/calendar) as words: what, when, where, and its description."""

import re

from tickets.mail.charsets import decode
from tickets.mail.storable_text import storable, storable_line

MAX_BYTES = 200_000

_FOLD = re.compile(r"\n[ \t]")
_LINE = re.compile(
    r"(SUMMARY|DTSTART|DTEND|LOCATION|DESCRIPTION|ORGANIZER)((?:;[^:\n]{0,300})?):(.*)", re.IGNORECASE
)
_TIME = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})\d{0,2}(Z?))?")
_ZONE = re.compile(r"TZID=\"?([^;:\"]{1,80})", re.IGNORECASE)
_ESCAPED = re.compile(r"\\([nN,;\\])")


def invitation_text(data: bytes, charset: str = "") -> str:
    """The first event of the calendar as lines; empty if it has none that can be read."""
    text = _FOLD.sub("", storable(decode(data[:MAX_BYTES], charset or "utf-8")))
    event = text[text.upper().find("BEGIN:VEVENT") :] if "BEGIN:VEVENT" in text.upper() else text
    properties: dict[str, str] = {}
    for match in (_LINE.fullmatch(line) for line in event.split("\n")):
        if match:
            properties.setdefault(match[1].upper(), _value(match[1].upper(), match[2], match[3]))
    when = " – ".join(time for time in (properties.get("DTSTART", ""), properties.get("DTEND", "")) if time)
    head = "\n".join(
        line for line in (properties.get("SUMMARY", ""), when, properties.get("LOCATION", "")) if line
    )
    return "\n\n".join(part for part in (head, properties.get("DESCRIPTION", "").strip()) if part)


def _value(name: str, parameters: str, raw: str) -> str:
    if name.startswith("DT"):
        return _time(parameters, raw)
    text = _ESCAPED.sub(lambda escaped: "\n" if escaped[1] in "nN" else escaped[1], raw)
    return text if name == "DESCRIPTION" else storable_line(text)


def _time(parameters: str, raw: str) -> str:
    match = _TIME.match(raw.strip())
    if not match:
        return storable_line(raw)
    zone = _ZONE.search(parameters)
    clock = f" {match[4]}:{match[5]}" if match[4] else ""
    name = " UTC" if match[6] else f" ({zone[1]})" if zone and clock else ""
    return f"{match[1]}-{match[2]}-{match[3]}{clock}{name}"

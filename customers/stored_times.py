"""Times in stored texts: written so that they stay unambiguous, and read back for a later reader."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

from django.utils.timezone import localtime

from customers.times import moment, offset

ZONE = r"UTC(?:(?P<sign>[+-])(?P<hours>\d{1,2})(?::(?P<minutes>\d\d))?)?"
STAMP = re.compile(rf"(?P<time>\d{{4}}-\d\d-\d\d \d\d:\d\d) {ZONE}")
# The formats of `customers.times.moment` in each language.
ENGLISH = rf"[A-Z]\w+ (?P<time>\d{{1,2}} [A-Z]\w+ \d{{4}}, \d\d:\d\d) \({ZONE}(?:, [^)]+)?\)"
CHINESE = rf"(?P<time>\d{{4}}年\d{{1,2}}月\d{{1,2}}日)（周.）(?P<hour>\d\d:\d\d)（(?:[^，）]+，)?{ZONE}）"
MOMENTS = ((re.compile(ENGLISH), "%d %B %Y, %H:%M"), (re.compile(CHINESE), "%Y年%m月%d日%H:%M"))
UNITS = {
    "days": ("d", "天"),
    "hours": ("h", "小时"),
    "minutes": ("min", "分钟"),
    "seconds": ("s", "秒"),
}  # as customers.times writes them
LENGTH = re.compile(rf"(?<!\d)(\d{{1,9}}) ({'|'.join(word for words in UNITS.values() for word in words)})")


def stamp(at: datetime) -> str:
    """``2026-11-29 05:16 UTC+8``: short, and unambiguous for a reader in another zone."""
    local = localtime(at)
    return f"{local:%Y-%m-%d %H:%M} {offset(local)}"


def short_stamp(text: str) -> str:
    """A stamp as ``11-29 05:16`` in the reader's zone; a text that is not a stamp is returned unchanged."""
    match = STAMP.fullmatch(text)
    return f"{localtime(_instant(match, '%Y-%m-%d %H:%M')):%m-%d %H:%M}" if match else text


def restated_moment(text: str) -> tuple[str, str]:
    """The moment at the start of a text, rewritten for the reader, and the rest; a text without one is unchanged."""
    for pattern, form in MOMENTS:
        if match := pattern.match(text):
            return moment(_instant(match, form)), text[match.end() :]
    return text, ""


def stored_length(text: str) -> timedelta | None:
    """``3 d 8 h`` or ``3 天 8 小时`` as a duration; None for other texts."""
    if LENGTH.sub("", text).strip():
        return None
    return sum(_lengths(text), timedelta())


def _lengths(text: str) -> Iterator[timedelta]:
    for number, word in LENGTH.findall(text):
        unit = next(unit for unit, words in UNITS.items() if word in words)
        yield timedelta(**{unit: int(number)})


def _instant(match: re.Match[str], form: str) -> datetime:
    parts = match.groupdict()
    ahead = timedelta(hours=int(parts["hours"] or 0), minutes=int(parts["minutes"] or 0))
    zone = timezone(-ahead if parts["sign"] == "-" else ahead)
    return datetime.strptime(parts["time"] + parts.get("hour", ""), form).replace(tzinfo=zone).astimezone(UTC)

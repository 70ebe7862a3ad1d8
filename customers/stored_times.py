"""Times in texts that are kept: written so that they can be placed, and read back for whoever reads them later."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

from django.utils.timezone import localtime

from customers.times import moment, offset

ZONE = r"UTC(?:(?P<sign>[+-])(?P<hours>\d{1,2})(?::(?P<minutes>\d\d))?)?"
STAMP = re.compile(rf"(?P<time>\d{{4}}-\d\d-\d\d \d\d:\d\d) {ZONE}")
# What `customers.times.moment` writes in each language, and how it is read.
ENGLISH = rf"[A-Z]\w+ (?P<time>\d{{1,2}} [A-Z]\w+ \d{{4}}, \d\d:\d\d) \({ZONE}(?:, [^)]+)?\)"
CHINESE = rf"(?P<time>\d{{4}}年\d{{1,2}}月\d{{1,2}}日)（周.）(?P<hour>\d\d:\d\d)（(?:[^，）]+，)?{ZONE}）"
MOMENTS = ((re.compile(ENGLISH), "%d %B %Y, %H:%M"), (re.compile(CHINESE), "%Y年%m月%d日%H:%M"))
UNITS = {
    "days": ("d", "天"),
    "hours": ("h", "小时"),
    "minutes": ("min", "分钟"),
    "seconds": ("s", "秒"),
}  # as customers.times writes them
LENGTH = re.compile(rf"(\d+) ({'|'.join(word for words in UNITS.values() for word in words)})")


def stamp(at: datetime) -> str:
    """``2026-11-29 05:16 UTC+8``: short, and still one certain minute when somebody else reads it."""
    local = localtime(at)
    return f"{local:%Y-%m-%d %H:%M} {offset(local)}"


def short_stamp(text: str) -> str:
    """Write a stamp as ``11-29 05:16`` in the reader's zone. A text that is no stamp stays."""
    match = STAMP.fullmatch(text)
    return f"{localtime(_instant(match, '%Y-%m-%d %H:%M')):%m-%d %H:%M}" if match else text


def restated_moment(text: str) -> tuple[str, str]:
    """The moment that a text begins with, for its reader, and what follows; a text without one as it is."""
    for pattern, form in MOMENTS:
        if match := pattern.match(text):
            return moment(_instant(match, form)), text[match.end() :]
    return text, ""


def stored_length(text: str) -> timedelta | None:
    """``3 d 8 h`` or ``3 天 8 小时`` as a length of time; None for other texts."""
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

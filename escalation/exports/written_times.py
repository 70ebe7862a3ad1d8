"""Times that go from the database to a sheet as text: no datetime is made of them, which costs more than all the rest.

The texts are those of `bulk_reading.time_as_text`, in UTC: `2026-11-18 12:00:00`, with a fraction or an offset behind.
They sort as their times do.
"""

from datetime import timedelta, tzinfo
from functools import lru_cache

from escalation.exports.bulk_reading import parse_time
from escalation.lib.csv_sheets import local_time

HOURS = 20_000  # more than two years
NO_TIME = ("", "")


def time_columns(text: str | None, zone: tzinfo) -> tuple[str, str]:
    """A time in UTC and in the zone, as `csv_sheets.iso_time` and `local_time` write them."""
    if not text:
        return NO_TIME
    utc = f"{text[:10]}T{text[11:19]}+00:00"
    hour = _local_hour(text[:13], zone)
    return utc, hour + text[13:19] if hour else local_time(parse_time(text), zone)


@lru_cache(maxsize=HOURS)
def _local_hour(hour: str, zone: tzinfo) -> str:
    """An hour of UTC in the zone, `2026-11-18 20`; empty if minutes differ there or the offset changes meanwhile."""
    begin = parse_time(f"{hour}:00:00")
    first = begin.astimezone(zone)
    last = (begin + timedelta(minutes=59, seconds=59)).astimezone(zone)
    text = first.isoformat(" ")
    return text[:13] if text[13:19] == ":00:00" and first.utcoffset() == last.utcoffset() else ""

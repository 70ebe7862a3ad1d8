"""Quiet hours of a person: when they end, if they are now."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)


def quiet_until(start: time | None, end: time | None, *, zone: str, now: datetime) -> datetime | None:
    """The end (UTC) of the quiet hours that ``now`` lies in, else None.

    They go over midnight where the end is earlier than the start; equal times mean none.
    """
    if start is None or end is None or start == end:
        return None
    local = now.astimezone(ZoneInfo(zone))
    for first in (local.date() - DAY, local.date()):
        last = first if end > start else first + DAY
        begins = datetime.combine(first, start, local.tzinfo).astimezone(UTC)
        ends = datetime.combine(last, end, local.tzinfo).astimezone(UTC)
        if begins <= now < ends:
            return ends
    return None

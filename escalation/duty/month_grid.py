"""The calendar of a rota: weeks of days in the rota's zone, with people on duty and coverage gaps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.contrib.auth.models import User

from escalation.duty.coverage_gaps import Gap
from escalation.lib.intervals import Span, clipped
from escalation.lib.rotation import utc_instant
from escalation.people.on_duty import Watch

DAY = timedelta(days=1)
WEEK = timedelta(weeks=1)
HUES = 8  # classes of the style sheet


@dataclass(frozen=True)
class DayStretch:
    """The part of a watch or a gap that lies in one day."""

    span: Span
    hours: str
    hours_there: str
    hue: int = 0
    watch: Watch | None = None
    gap: Gap | None = None
    is_over: bool = False
    is_now: bool = False
    goes_on: bool = False

    @property
    def user(self) -> User | None:
        shown = self.watch or self.gap
        return shown.user if shown is not None else None


@dataclass(frozen=True)
class Day:
    """One day of the rota's zone."""

    date: date
    parts: Sequence[DayStretch]
    is_today: bool
    is_past: bool


@dataclass(frozen=True)
class Grid:
    """Whole weeks, with a colour for each person in them."""

    weeks: Sequence[Sequence[Day]]
    people: Sequence[tuple[User, int]]


@dataclass(frozen=True)
class Weeks:
    """The weeks shown: ``first`` is a Monday in the rota's zone; ``reader`` is the reader's zone."""

    first: date
    count: int
    zone: ZoneInfo
    reader: ZoneInfo

    @property
    def span(self) -> Span:
        return self.midnight(self.first), self.midnight(self.first + self.count * WEEK)

    def midnight(self, day: date) -> datetime:
        return utc_instant(datetime.combine(day, time(0)), self.zone)

    def days(self) -> Iterator[tuple[date, Span]]:
        for number in range(self.count * 7):
            day = self.first + number * DAY
            yield day, (self.midnight(day), self.midnight(day + DAY))

    @property
    def is_own_zone(self) -> bool:
        """True if the reader's zone has the same time as the rota's."""
        return all(
            at.astimezone(self.zone).utcoffset() == at.astimezone(self.reader).utcoffset() for at in self.span
        )


def monday_of(day: date) -> date:
    return day - day.weekday() * DAY


def hues_of(people: Iterable[int]) -> dict[int, int]:
    """A colour for each person of a rota: their usual one, else the next that nobody before them has.

    If there are more people than colours, some share one.
    """
    hues: dict[int, int] = {}
    for user in sorted(people):
        free = (hue % HUES for hue in range(user, user + HUES) if hue % HUES not in hues.values())
        hues[user] = next(free, user % HUES)
    return hues


def grid_of(
    weeks: Weeks, watches: Iterable[Watch], gaps: Iterable[Gap], *, now: datetime, hues: Mapping[int, int]
) -> Grid:
    """The grid. ``hues`` has a colour for everybody on duty in these weeks."""
    watched, missing = list(watches), list(gaps)
    people = {watch.user_id: watch.user for watch in watched if any(clipped([watch.span], weeks.span))}
    today = now.astimezone(weeks.zone).date()
    days = [
        Day(day, _parts(span, weeks, watched, missing, hues, now), day == today, day < today)
        for day, span in weeks.days()
    ]
    rows = [days[start : start + 7] for start in range(0, len(days), 7)]
    return Grid(rows, [(people[user], hues[user]) for user in sorted(people)])


def _parts(
    day: Span,
    weeks: Weeks,
    watches: Iterable[Watch],
    gaps: Iterable[Gap],
    hues: Mapping[int, int],
    now: datetime,
) -> list[DayStretch]:
    stretches = [
        DayStretch(
            span,
            *_hours(span, weeks),
            hue=hues[watch.user_id],
            watch=watch,
            is_over=span[1] <= now,
            is_now=span[0] <= now < span[1],
            goes_on=watch.starts_at < day[0],
        )
        for watch in watches
        for span in clipped([watch.span], day)
    ]
    stretches += [
        DayStretch(span, *_hours(span, weeks), gap=gap)
        for gap in gaps
        for span in clipped([(gap.starts_at, gap.ends_at)], day)
    ]
    return sorted(stretches, key=lambda part: (part.span[0], part.gap is not None))


def _hours(span: Span, weeks: Weeks) -> tuple[str, str]:
    return hours(span, weeks.zone), hours(span, weeks.reader)


def hours(span: Span, zone: ZoneInfo) -> str:
    """``08:00–20:00`` in a zone's local time; midnight as an end is 24:00."""
    begins, ends = (moment.astimezone(zone) for moment in span)
    end = "24:00" if ends.time() == time(0) and ends > begins else f"{ends:%H:%M}"
    return f"{begins:%H:%M}–{end}"


def parsed_day(text: str) -> date | None:
    """The date in a URL; None if it is not a date or lies outside 2000 to 2200."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year <= 2200 else None


def parsed_moment(text: str) -> datetime | None:
    """A moment in a gap's URL, in seconds since 1970; None if it is not valid."""
    if not (text.isascii() and text.isdigit() and len(text) <= 10):
        return None
    return datetime.fromtimestamp(int(text), UTC)

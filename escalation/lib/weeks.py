"""ISO weeks: parsing "2026-W47", a week's first and last moment in a zone, and the last week that is over."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

FIRST_YEAR, LAST_YEAR = 1970, 9998


class WeekError(ValueError):
    """A week that cannot be parsed or does not exist; its message is for a person."""


@dataclass(frozen=True, order=True)
class Week:
    """An ISO 8601 week: Monday to Sunday, of the year its Thursday lies in."""

    year: int
    number: int

    def __str__(self) -> str:
        return f"{self.year:04d}-W{self.number:02d}"

    @property
    def monday(self) -> date:
        return date.fromisocalendar(self.year, self.number, 1)

    @property
    def next(self) -> "Week":
        year, number, _weekday = (self.monday + timedelta(days=7)).isocalendar()
        return Week(year, number)

    def bounds(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """Monday 00:00 and the next Monday 00:00 in the zone, as UTC; the second belongs to the next week."""
        mondays = (self.monday, self.monday + timedelta(days=7))
        start, end = (datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC) for day in mondays)
        return start, end

    def is_over(self, *, at: datetime, zone: ZoneInfo) -> bool:
        return at >= self.bounds(zone)[1]


@dataclass(frozen=True)
class CoveredTime:
    """The time that is judged, in UTC, half open, by what the desk had recorded before ``as_of``."""

    zone: ZoneInfo
    start: datetime
    end: datetime
    as_of: datetime

    def contains(self, moment: datetime | None) -> bool:
        return moment is not None and self.start <= moment < self.end


@dataclass(frozen=True)
class Period(CoveredTime):
    """The part of a week that an export covers: all of it, or up to now for a preview.

    It is judged as of the end of the week, or of a later time for a correction.
    """

    week: Week

    @classmethod
    def of(
        cls, week: Week, *, zone: ZoneInfo, until: datetime | None = None, as_of: datetime | None = None
    ) -> "Period":
        start, end = week.bounds(zone)
        end = min(end, until) if until else end
        return cls(zone=zone, start=start, end=end, as_of=as_of or end, week=week)


def parse_week(text: str) -> Week:
    """Read a week as people write it, 2026-W47. Raises WeekError for anything else."""
    match = re.fullmatch(r"([0-9]{4})-[Ww]([0-9]{1,2})", text.strip())
    if match is None:
        raise WeekError(_("“%(text)s” is not a week; write it like 2026-W47.") % {"text": text})
    year, number = int(match[1]), int(match[2])
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise WeekError(
            _("“%(text)s”: the year must lie between %(first)s and %(last)s.")
            % {"text": text, "first": FIRST_YEAR, "last": LAST_YEAR}
        )
    last = weeks_in(year)
    if not 1 <= number <= last:
        raise WeekError(
            _("There is no week “%(text)s”: %(year)s has the weeks W01 to W%(last)s.")
            % {"text": text, "year": year, "last": last}
        )
    return Week(year, number)


def weeks_in(year: int) -> int:
    """52 or 53: the 28th of December always lies in the year's last week."""
    return date(year, 12, 28).isocalendar().week


def week_of(at: datetime, zone: ZoneInfo) -> Week:
    """The week of a moment in the zone's local time."""
    year, number, _weekday = at.astimezone(zone).isocalendar()
    return Week(year, number)


def last_complete_week(now: datetime, zone: ZoneInfo) -> Week:
    """The week before the current one."""
    year, number, _weekday = (now.astimezone(zone).date() - timedelta(days=7)).isocalendar()
    return Week(year, number)


def week_before(week: Week) -> Week:
    year, number, _weekday = (week.monday - timedelta(days=7)).isocalendar()
    return Week(year, number)

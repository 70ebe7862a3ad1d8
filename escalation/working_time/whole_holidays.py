"""Weekend days inside a public holiday, which the `holidays` library leaves out: most desks rest then anyway.

A desk that works on weekends does not. China's days are those of the State Council's notices. Where there are none yet,
and in other countries, they are worked out from the working days that a state moved. Reasons:
.github/decisions/working_time.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from escalation.working_time.chinese_holidays import LAST_YEAR, PERIODS

DAY = timedelta(days=1)
SATURDAY = 5
CHINA = "CN"


@dataclass(frozen=True)
class HolidayDays:
    """Single dates: closed as a public holiday, or worked although the week says otherwise."""

    closed: frozenset[date] = frozenset()
    make_up: frozenset[date] = frozenset()


NO_HOLIDAYS = HolidayDays()


@dataclass(frozen=True)
class LibraryDays:
    """What the library says of a country: its days, those off for a make-up day, and its usual days of rest.

    ``published_until`` is the last year whose moved days it has, or None.
    """

    days: HolidayDays
    moved: frozenset[date]
    weekend: frozenset[int]
    published_until: int | None

    def is_rest(self, day: date) -> bool:
        """True for an ordinary day of rest, neither a holiday nor made up for."""
        is_weekend = day.weekday() in self.weekend
        return is_weekend and day not in self.days.closed and day not in self.days.make_up


def days_inside(country: str, library: LibraryDays) -> frozenset[date]:
    """The days that belong to a holiday although the library does not name them."""
    if country != CHINA:
        return frozenset(_bridged(library))
    by_notice = announced_days() - library.days.make_up
    return by_notice.union(_runs_after_notices(library)) - library.days.closed


def disagreements(library: HolidayDays, years: range) -> tuple[date, ...]:
    """Days in these years that are off by China's notices and worked by the library, or the other way round."""
    announced = {day for day in announced_days() if day.year in years}
    closed = {day for day in library.closed if day.year in years and day.year <= LAST_YEAR}
    worked = {day for day in announced if day.weekday() < SATURDAY} - library.closed
    return tuple(sorted((closed - announced) | worked | (announced & library.make_up)))


@cache
def announced_days() -> frozenset[date]:
    """All days of all notices."""
    lengths = ((period.first, (period.last - period.first).days + 1) for period in PERIODS)
    return frozenset(first + number * DAY for first, length in lengths for number in range(length))


def _runs_after_notices(library: LibraryDays) -> Iterator[date]:
    """The days of rest that touch a holiday of a published year without notices: notices now always join them."""
    years = range(LAST_YEAR + 1, (library.published_until or 0) + 1)
    for holiday in library.days.closed:
        if holiday.year in years:
            yield from _rest_beside(library, holiday, DAY)
            yield from _rest_beside(library, holiday, -DAY)


def _bridged(library: LibraryDays) -> Iterator[date]:
    """The days of rest between a working day that was moved away and the next or last holiday."""
    for moved in library.moved:
        for step in (DAY, -DAY):
            rest = list(_rest_beside(library, moved, step))
            if rest and rest[-1] + step in library.days.closed:
                yield from rest


def _rest_beside(library: LibraryDays, day: date, step: timedelta) -> Iterator[date]:
    day += step
    while library.is_rest(day):
        yield day
        day += step

"""Public holidays and make-up working days of a country, as the `holidays` library knows them.

A state that moves working days (China's 调休) announces them year by year. Whether a year is known yet is read from
the library's table of moved days: a year after its last entry is not. Why so: .github/decisions/working_time.md.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

import holidays
from django.utils.translation import gettext as _
from holidays.registry import COUNTRIES

from escalation.working_time.validation import Interval, WorkTimeError

LOOK_AHEAD = timedelta(days=60)
ENGLISH = "en_US"  # every country of the library names its days in it
ESTIMATED = re.compile(r" \(estimated\)|, estimated(?=\))")
CODE = re.compile(r"[A-Z]{2}")
MOVES_EVERY_YEAR = "CN"  # its last announced year shows how far the library has come
GIVEN_UP_AFTER = 3  # years without moved days: the country does so no more


@dataclass(frozen=True)
class HolidayDays:
    """Single dates: closed as a public holiday, or worked although the week says otherwise."""

    closed: frozenset[date] = frozenset()
    make_up: frozenset[date] = frozenset()


NO_HOLIDAYS = HolidayDays()


def holiday_days(country: str, subdivision: str, years: range) -> HolidayDays:
    """The days of these years. WorkTimeError for a country or a subdivision that the library does not know."""
    found = _library_days(country, subdivision, years)
    wanted = set(years)
    return HolidayDays(
        frozenset(day for day in found if day.year in wanted),
        frozenset(day for day in found.weekend_workdays if day.year in wanted),
    )


def estimated_days(country: str, subdivision: str, years: range) -> dict[date, str]:
    """The holidays of these years, by their English names, whose dates are only reckoned: the moon decides."""
    found = _library_days(country, subdivision, years)
    days = ((day, name) for day, name in found.items() if day.year in years and ESTIMATED.search(name))
    return {day: ESTIMATED.sub("", name) for day, name in sorted(days)}


def exceptions_of(days: HolidayDays, weekly: Sequence[Sequence[Interval]]) -> dict[date, Sequence[Interval]]:
    """What the days change in a week: holidays are closed, make-up days keep the hours of a working day.

    Those are the hours of the first weekday that has any; a make-up day on which the week works anyway stays.
    """
    usual = next((day for day in weekly if day), ())
    made_up = {day: usual for day in days.make_up if not weekly[day.weekday()]}
    closed: Mapping[date, Sequence[Interval]] = dict.fromkeys(days.closed - days.make_up, ())
    return {**closed, **made_up}


def refuse_unknown_place(country: str, subdivision: str) -> None:
    """Raises WorkTimeError that names the country or the subdivision."""
    _library_days(country, subdivision, range(0))


def is_published(country: str, year: int) -> bool:
    """Whether the library knows all days off and make-up days of a year, and not only the rules they follow."""
    last = last_published_year(country)
    newest = last_published_year(MOVES_EVERY_YEAR) or 0
    return last is None or year <= last or last + GIVEN_UP_AFTER < newest


@lru_cache(maxsize=64)
def last_published_year(country: str) -> int | None:
    """The last year in which the library knows of moved working days; None for a country that moves none."""
    return max(_years_with_moved_days(_library_days(country, "", range(0))), default=None)


def unknown_year(country: str, on: date) -> int | None:
    """The first year not known yet that a promise made on a date may reach into; None when all is known."""
    years = (on.year, (on + LOOK_AHEAD).year)
    return next((year for year in years if not is_published(country, year)), None)


def country_name(country: str) -> str:
    """The English name: `China` for CN."""
    names = (entry[0] for entry in COUNTRIES.values() if entry[1] == country)
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", next(names, country))


@lru_cache(maxsize=128)
def _library_days(country: str, subdivision: str, years: range) -> Any:
    _refuse_unknown_country(country)
    try:
        return holidays.country_holidays(country, subdiv=subdivision or None, years=years, language=ENGLISH)
    except NotImplementedError as error:
        raise WorkTimeError(
            _("%(country)s has no region “%(subdivision)s” in the list of holidays.")
            % {"country": country_name(country), "subdivision": subdivision}
        ) from error


def _refuse_unknown_country(country: str) -> None:
    """The library would take the name of any of its classes for a country."""
    if not CODE.fullmatch(country) or all(entry[1] != country for entry in COUNTRIES.values()):
        raise WorkTimeError(
            _("The holidays of “%(country)s” are not known; write the country as two letters such as CN.")
            % {"country": country}
        )


def _years_with_moved_days(found: Any) -> Iterator[int]:
    for year, entries in getattr(found, "special_public_holidays", {}).items():
        rows = entries if isinstance(entries[0], tuple) else (entries,)
        if any(len(row) > 3 for row in rows):  # to month, day, from month, day
            yield year

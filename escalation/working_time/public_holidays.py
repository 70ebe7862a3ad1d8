"""Public holidays and make-up working days of a country, from the `holidays` library.

A state that moves working days (China's 调休) announces them year by year. Whether a year is known is read from
the library's table of moved days: a year after its last entry is not. Reasons:
.github/decisions/working_time.md.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

import holidays
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy
from holidays.registry import COUNTRIES

from customers.names import speaks_chinese
from escalation.working_time.chinese_holidays import LAST_YEAR
from escalation.working_time.validation import Interval, WorkTimeError
from escalation.working_time.whole_holidays import (
    CHINA,
    HolidayDays,
    LibraryDays,
    days_inside,
    disagreements,
)

LOOK_AHEAD = timedelta(days=60)
ENGLISH = "en_US"  # every country of the library has English names
ESTIMATED = re.compile(r" \(estimated\)|, estimated(?=\))")
CODE = re.compile(r"[A-Z]{2}")
MOVES_EVERY_YEAR = CHINA  # its last announced year shows how far the library's data goes
GIVEN_UP_AFTER = 3  # years without moved days, after which a country is taken to move none any more


def holiday_days(country: str, subdivision: str, years: range) -> HolidayDays:
    """The days of these years, weekends inside a holiday among them. Raises WorkTimeError for an unknown place."""
    around = range(years.start - 1, years.stop + 1)
    library = _library(country, subdivision, around)
    closed = library.days.closed | days_inside(country, library)
    return HolidayDays(
        frozenset(day for day in closed if day.year in years),
        frozenset(day for day in library.days.make_up if day.year in years),
    )


def estimated_days(country: str, subdivision: str, years: range) -> dict[date, str]:
    """The English names of those holidays in these years whose dates are only estimated, as they depend on the moon."""
    days = _library_days(country, subdivision, years).items()
    names = {day: _estimated_names(name) for day, name in sorted(days) if day.year in years}
    return {day: name for day, name in names.items() if name}


def exceptions_of(days: HolidayDays, weekly: Sequence[Sequence[Interval]]) -> dict[date, Sequence[Interval]]:
    """The exceptions that these days make to a week: holidays are closed, make-up days have a working day's hours.

    Those are the hours of the first weekday that has any; a make-up day on a working day of the week changes nothing.
    """
    usual = next((day for day in weekly if day), ())
    made_up = {day: usual for day in days.make_up if not weekly[day.weekday()]}
    closed: Mapping[date, Sequence[Interval]] = dict.fromkeys(days.closed - days.make_up, ())
    return {**closed, **made_up}


def refuse_unknown_place(country: str, subdivision: str) -> None:
    """Raise WorkTimeError, which names the country or the subdivision."""
    _library_days(country, subdivision, range(0))


def is_published(country: str, year: int) -> bool:
    """True if the library knows all days off and make-up days of a year, not only the rules they follow."""
    last = last_published_year(country)
    newest = last_published_year(MOVES_EVERY_YEAR) or 0
    return last is None or year <= last or last + GIVEN_UP_AFTER < newest


@lru_cache(maxsize=64)
def last_published_year(country: str) -> int | None:
    """The last year for which the library has moved working days; None for a country that moves none."""
    return max((day.year for day in _moved_days(_library_days(country, "", range(0)))), default=None)


def unknown_year(country: str, on: date) -> int | None:
    """The first unknown year that a promise made on a date may extend into; None if all are known."""
    years = (on.year, (on + LOOK_AHEAD).year)
    return next((year for year in years if not is_published(country, year)), None)


def disputed_days(country: str, years: range) -> tuple[date, ...]:
    """Days of published years on which the library and China's notices differ."""
    last = last_published_year(country)
    if country != CHINA or last is None:
        return ()
    known = range(years.start, min(years.stop, last + 1))
    return disagreements(_library(country, "", known).days, known)


def worked_out_year(country: str, years: range) -> int | None:
    """The first of these years whose periods the library's days imply, as the desk has no notice of China for it."""
    last = last_published_year(country)
    if country != CHINA or last is None:
        return None
    return next((year for year in years if LAST_YEAR < year <= last), None)


# Chinese names of countries; the library has only English ones.
NAMED = {
    "CN": pgettext_lazy("country", "China"),
    "HK": pgettext_lazy("country", "Hong Kong"),
    "MO": pgettext_lazy("country", "Macau"),
    "TW": pgettext_lazy("country", "Taiwan"),
    "JP": pgettext_lazy("country", "Japan"),
    "KR": pgettext_lazy("country", "South Korea"),
    "SG": pgettext_lazy("country", "Singapore"),
    "TH": pgettext_lazy("country", "Thailand"),
    "VN": pgettext_lazy("country", "Vietnam"),
    "ID": pgettext_lazy("country", "Indonesia"),
    "MY": pgettext_lazy("country", "Malaysia"),
    "PH": pgettext_lazy("country", "Philippines"),
    "IN": pgettext_lazy("country", "India"),
    "AE": pgettext_lazy("country", "United Arab Emirates"),
    "SA": pgettext_lazy("country", "Saudi Arabia"),
    "TR": pgettext_lazy("country", "Turkey"),
    "EG": pgettext_lazy("country", "Egypt"),
    "ZA": pgettext_lazy("country", "South Africa"),
    "US": pgettext_lazy("country", "United States"),
    "CA": pgettext_lazy("country", "Canada"),
    "MX": pgettext_lazy("country", "Mexico"),
    "BR": pgettext_lazy("country", "Brazil"),
    "GB": pgettext_lazy("country", "United Kingdom"),
    "DE": pgettext_lazy("country", "Germany"),
    "FR": pgettext_lazy("country", "France"),
    "ES": pgettext_lazy("country", "Spain"),
    "IT": pgettext_lazy("country", "Italy"),
    "NL": pgettext_lazy("country", "Netherlands"),
    "RU": pgettext_lazy("country", "Russia"),
    "AU": pgettext_lazy("country", "Australia"),
    "NZ": pgettext_lazy("country", "New Zealand"),
}


def country_name(country: str) -> str:
    """`China` for CN in English, `中国` in Chinese; in Chinese, the code of a country that is not listed above."""
    if country in NAMED or speaks_chinese():
        return str(NAMED.get(country, country))
    names = (entry[0] for entry in COUNTRIES.values() if entry[1] == country)
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", next(names, country))


def _estimated_names(names: str) -> str:
    """The estimated ones among the names of a day, without the note that says so."""
    return "; ".join(ESTIMATED.sub("", name) for name in names.split("; ") if ESTIMATED.search(name))


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


def _library(country: str, subdivision: str, years: range) -> LibraryDays:
    days = _library_days(country, subdivision, years)
    return LibraryDays(
        HolidayDays(frozenset(days), frozenset(days.weekend_workdays)),
        frozenset(day for day in _moved_days(days) if day.year in years),
        frozenset(days.weekend),
        last_published_year(country),
    )


def _refuse_unknown_country(country: str) -> None:
    """Without this check the library would accept the name of any of its classes as a country."""
    if not CODE.fullmatch(country) or all(entry[1] != country for entry in COUNTRIES.values()):
        raise WorkTimeError(
            _("The holidays of “%(country)s” are not known; write the country as two letters such as CN.")
            % {"country": country}
        )


def _moved_days(days: Any) -> Iterator[date]:
    """The days off that a state gave for make-up working days, in every year that the library knows."""
    for year, entries in getattr(days, "special_public_holidays", {}).items():
        rows = entries if isinstance(entries[0], tuple) else (entries,)
        for row in rows:
            if len(row) > 3:  # to month, day, from month, day
                yield date(year, row[0], row[1])

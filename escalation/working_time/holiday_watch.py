"""Warns before a promise extends over holidays that are unknown, only estimated or worked out, or disputed."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from customers.phrases import listed
from escalation.models import Calendar
from escalation.working_time.definitions import CalendarDefinition, from_json
from escalation.working_time.holiday_names import holiday_name
from escalation.working_time.public_holidays import (
    LOOK_AHEAD,
    country_name,
    disputed_days,
    estimated_days,
    unknown_year,
    worked_out_year,
)

KEPT_YEARS = 3  # this year and the two after it, as calendars keep them


@dataclass(frozen=True)
class EstimatedHoliday:
    """A holiday whose date the library only estimates; its name is English."""

    day: date
    name: str


@dataclass(frozen=True)
class HolidayDoubt:
    """Something uncertain about a country's holidays: which sentence says it, and the year or the days it is about."""

    sentence: "Sentence"
    country: str
    about: Any

    def in_words(self, calendars: Sequence[str]) -> str:
        return self.sentence(self.country, self.about, calendars)


Sentence = Callable[[str, Any, Sequence[str]], str]


def holiday_warnings(*, on: date) -> Iterator[str]:
    """A sentence for each country and doubt about its coming holidays. One query."""
    doubted: dict[HolidayDoubt, list[str]] = defaultdict(list)
    for calendar in Calendar.objects.filter(always_open=False).exclude(country="").order_by("name"):
        for doubt in doubts_of(from_json(calendar.definition), on):
            doubted[doubt].append(calendar.name)
    for doubt, names in doubted.items():
        yield doubt.in_words(names)


def doubts_of(definition: CalendarDefinition, on: date) -> Iterator[HolidayDoubt]:
    """What is uncertain about a calendar's holidays soon after a date."""
    year = unknown_year_of(definition, on)
    if year is not None:
        yield HolidayDoubt(unknown_words, definition.country, year)
    if near := estimated_holidays_of(definition, on):
        yield HolidayDoubt(estimated_words, definition.country, near)
    if disputed := disputed_days_of(definition, on):
        yield HolidayDoubt(disputed_words, definition.country, disputed)
    worked_out = worked_out_year_of(definition, on)
    if worked_out is not None:
        yield HolidayDoubt(worked_out_words, definition.country, worked_out)


def unknown_year_of(definition: CalendarDefinition, on: date) -> int | None:
    """The first unknown year near a date: neither the library nor the calendar's own days cover it."""
    if not definition.observes_holidays:
        return None
    year = unknown_year(definition.country, on)
    return None if any(own.day.year == year for own in definition.own_days) else year


def estimated_holidays_of(definition: CalendarDefinition, on: date) -> tuple[EstimatedHoliday, ...]:
    """Holidays soon after a date that are only estimated, unless an own day next to one shows that it was checked."""
    if not definition.observes_holidays:
        return ()
    until, known = on + LOOK_AHEAD, {own.day for own in definition.own_days}
    days = estimated_days(definition.country, definition.subdivision, range(on.year, until.year + 1))
    near = (EstimatedHoliday(day, name) for day, name in days.items() if on <= day <= until)
    return tuple(holiday for holiday in near if all(abs((holiday.day - day).days) > 1 for day in known))


def disputed_days_of(definition: CalendarDefinition, on: date) -> tuple[date, ...]:
    """The coming days on which library and notices differ, unless an own day settles them."""
    if not definition.observes_holidays:
        return ()
    known = {own.day for own in definition.own_days}
    days = disputed_days(definition.country, range(on.year, on.year + KEPT_YEARS))
    return tuple(day for day in days if day >= on and day not in known)


def worked_out_year_of(definition: CalendarDefinition, on: date) -> int | None:
    """The first coming year whose weekends inside holidays are worked out, unless it has own days."""
    if not definition.observes_holidays:
        return None
    year = worked_out_year(definition.country, range(on.year, on.year + KEPT_YEARS))
    return None if any(own.day.year == year for own in definition.own_days) else year


def estimated_words(country: str, days: Sequence[EstimatedHoliday], names: Sequence[str]) -> str:
    return _(
        "Only estimated for %(country)s: %(days)s; SLAs counted by %(calendars)s may be a "
        "day off. Enter the days as own days once they are announced."
    ) % {
        "country": country_name(country),
        "days": listed(f"{holiday.day} {holiday_name(holiday.name)}" for holiday in days),
        "calendars": listed(names),
    }


def unknown_words(country: str, year: int, names: Sequence[str]) -> str:
    return _(
        "The %(year)s holidays of %(country)s are not known yet; SLAs counted by "
        "%(calendars)s may reach into that year. Update the Python package “holidays” once "
        "they are published, or enter them as own days."
    ) % {"year": year, "country": country_name(country), "calendars": listed(names)}


def disputed_words(country: str, days: Sequence[date], names: Sequence[str]) -> str:
    return _(
        "The Python package “holidays” and the official notices of %(country)s differ on %(days)s; SLAs counted by "
        "%(calendars)s may be wrong by a day. Enter these days as own days."
    ) % {"country": country_name(country), "days": listed(map(str, days)), "calendars": listed(names)}


def worked_out_words(country: str, year: int, names: Sequence[str]) -> str:
    return _(
        "The weekend days inside the %(year)s holidays of %(country)s are worked out from the moved workdays and "
        "count as days off in %(calendars)s. Compare them with the official notice: update this desk, or enter a "
        "day that differs as own day."
    ) % {"year": year, "country": country_name(country), "calendars": listed(names)}

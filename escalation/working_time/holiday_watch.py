"""Warns before a promise extends into a year whose holidays are unknown, or over a holiday that is only estimated."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from customers.phrases import listed
from escalation.models import Calendar
from escalation.working_time.definitions import CalendarDefinition, from_json
from escalation.working_time.holiday_names import holiday_name
from escalation.working_time.public_holidays import LOOK_AHEAD, country_name, estimated_days, unknown_year


@dataclass(frozen=True)
class EstimatedHoliday:
    """A holiday whose date the library only estimates; its name is English."""

    day: date
    name: str


def holiday_warnings(*, on: date) -> Iterator[str]:
    """A sentence for each country and year that is unknown, or that soon has estimated holidays. One query."""
    unknown: dict[tuple[str, int], list[str]] = defaultdict(list)
    estimated: dict[tuple[str, tuple[EstimatedHoliday, ...]], list[str]] = defaultdict(list)
    for calendar in Calendar.objects.filter(always_open=False).exclude(country="").order_by("name"):
        definition = from_json(calendar.definition)
        year = unknown_year_of(definition, on)
        if year is not None:
            unknown[definition.country, year].append(calendar.name)
        if days := estimated_holidays_of(definition, on):
            estimated[definition.country, days].append(calendar.name)
    for (country, year), names in unknown.items():
        yield unknown_words(country, year, names)
    for (country, days), names in estimated.items():
        yield estimated_words(country, days, names)


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

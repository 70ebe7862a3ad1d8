"""Warns before a promise reaches into a year whose holidays are not known yet."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date

from django.utils.translation import gettext as _

from escalation.definitions import CalendarDefinition, from_json
from escalation.holidaydays import country_name, unknown_year
from escalation.models import Calendar


def unknown_holidays(*, on: date) -> Iterator[str]:
    """A sentence for each country and year. One query."""
    found: dict[tuple[str, int], list[str]] = defaultdict(list)
    for calendar in Calendar.objects.filter(always_open=False).exclude(country="").order_by("name"):
        definition = from_json(calendar.definition)
        year = year_to_mend(definition, on)
        if year is not None:
            found[definition.country, year].append(calendar.name)
    for (country, year), names in found.items():
        yield unknown_words(country, year, names)


def year_to_mend(definition: CalendarDefinition, on: date) -> int | None:
    """The year near a date that nobody knows: neither the library, nor whoever entered own days in it."""
    if not definition.observes_holidays:
        return None
    year = unknown_year(definition.country, on)
    return None if any(own.day.year == year for own in definition.own_days) else year


def unknown_words(country: str, year: int, names: Sequence[str]) -> str:
    return _(
        "The holidays of %(year)s for %(country)s are not known yet; promises counted by %(calendars)s may "
        "reach into that year. Update the package “holidays” once they are published, or enter them as own days."
    ) % {"year": year, "country": country_name(country), "calendars": ", ".join(names)}

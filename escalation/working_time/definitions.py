"""The definition of a calendar, as a value and as the JSON that its versions store.

It lists the holidays as single dates, so that a version never changes, whatever the library learns later.
"""

import json
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from escalation.working_time.hours import WorkingHours
from escalation.working_time.public_holidays import exceptions_of, holiday_days, refuse_unknown_place
from escalation.working_time.validation import Interval, WorkTimeError
from escalation.working_time.whole_holidays import NO_HOLIDAYS, HolidayDays

Weekly = tuple[tuple[Interval, ...], ...]
NO_WEEK: Weekly = ((),) * 7


@dataclass(frozen=True)
class OwnDay:
    """A single date that differs: closed if it has no intervals, else worked in these."""

    day: date
    intervals: tuple[Interval, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class CalendarDefinition:
    """An own day wins over a holiday. Round-the-clock hours include holidays: only own days change them."""

    zone: str
    always_open: bool = False
    weekly: Weekly = NO_WEEK
    country: str = ""
    subdivision: str = ""
    own_days: tuple[OwnDay, ...] = ()
    holidays: HolidayDays = NO_HOLIDAYS

    @property
    def observes_holidays(self) -> bool:
        return bool(self.country) and not self.always_open

    def hours(self) -> WorkingHours:
        """The working hours. Raises WorkTimeError, in words for a person, if they are invalid."""
        self._refuse_doubled_days()
        own = {own.day: own.intervals for own in self.own_days}
        if self.always_open:
            return WorkingHours(self.zone, always_open=True, exceptions=own)
        exceptions = {**exceptions_of(self.holidays, self.weekly), **own}
        return WorkingHours(self.zone, weekly=self.weekly, exceptions=exceptions)

    def _refuse_doubled_days(self) -> None:
        days = [own.day for own in self.own_days]
        for day in days:
            if days.count(day) > 1:
                raise WorkTimeError(_("%(day)s is listed twice.") % {"day": day.isoformat()})


def with_holidays(definition: CalendarDefinition, year: int) -> CalendarDefinition:
    """The definition with the holidays from the year before to two years after. Raises WorkTimeError if invalid."""
    if definition.country or definition.subdivision:
        refuse_unknown_place(definition.country, definition.subdivision)
    holidays = NO_HOLIDAYS
    if definition.observes_holidays:
        holidays = holiday_days(definition.country, definition.subdivision, range(year - 1, year + 3))
    complete = replace(definition, holidays=holidays)
    complete.hours()
    return complete


def as_json(definition: CalendarDefinition) -> str:
    """JSON that is equal for equal definitions."""
    own_days = sorted(definition.own_days, key=lambda own: own.day)
    return json.dumps(
        {
            "zone": definition.zone,
            "always_open": definition.always_open,
            "weekly": definition.weekly,
            "country": definition.country,
            "subdivision": definition.subdivision,
            "own_days": [[own.day.isoformat(), own.intervals, own.note] for own in own_days],
            "holidays": sorted(day.isoformat() for day in definition.holidays.closed),
            "make_up_days": sorted(day.isoformat() for day in definition.holidays.make_up),
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )


def from_json(text: str) -> CalendarDefinition:
    values: dict[str, Any] = json.loads(text)
    return CalendarDefinition(
        zone=values["zone"],
        always_open=values["always_open"],
        weekly=tuple(_intervals(day) for day in values["weekly"]),
        country=values["country"],
        subdivision=values["subdivision"],
        own_days=tuple(
            OwnDay(date.fromisoformat(day), _intervals(at), note) for day, at, note in values["own_days"]
        ),
        holidays=HolidayDays(_days(values["holidays"]), _days(values["make_up_days"])),
    )


def _intervals(rows: list[list[int]]) -> tuple[Interval, ...]:
    return tuple((start, end) for start, end in rows)


def _days(texts: list[str]) -> frozenset[date]:
    return frozenset(map(date.fromisoformat, texts))

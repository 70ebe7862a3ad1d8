"""Working hours as a value: a zone, intervals for each weekday, and single dates that differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from zoneinfo import ZoneInfo

from escalation.working_time.validation import (
    MINUTES_A_DAY,
    Interval,
    checked_exceptions,
    checked_week,
    zone_named,
)

ALL_DAY: tuple[Interval, ...] = ((0, MINUTES_A_DAY),)


@dataclass(frozen=True)
class WorkingHours:
    """A calendar as a value: equal calendars share one cache of months.

    `weekly` holds the intervals of Monday to Sunday in minutes after midnight. 1440 is 24:00; an end beyond it
    reaches into the next day (22:00 to 06:00 is 1320 to 1800) and belongs to the day on which it starts. `exceptions`
    replaces the intervals of single dates: empty for a holiday, filled for a make-up day. `never_closes` means hours
    around the clock without an exception, which need no table. Invalid hours raise WorkTimeError.
    """

    zone: str | ZoneInfo
    always_open: bool = False
    weekly: Sequence[Sequence[Interval]] = ((),) * 7
    exceptions: Mapping[date, Sequence[Interval]] = field(default_factory=dict)
    tz: ZoneInfo = field(init=False, repr=False, compare=False)
    never_closes: bool = field(init=False, repr=False, compare=False)
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        tz = zone_named(self.zone)
        weekly = (ALL_DAY,) * 7 if self.always_open else checked_week(self.weekly)
        exceptions = checked_exceptions(self.exceptions)
        values = {"zone": tz.key, "tz": tz, "weekly": weekly, "exceptions": exceptions}
        values["never_closes"] = self.always_open and not exceptions
        values["_hash"] = hash((tz.key, weekly, frozenset(exceptions.items())))
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def __hash__(self) -> int:
        return self._hash

    def intervals_on(self, day: date) -> Sequence[Interval]:
        """The intervals that start on a local date."""
        return self.exceptions[day] if day in self.exceptions else self.weekly[day.weekday()]

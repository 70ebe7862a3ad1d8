"""Whole calendars, with the holidays and make-up days of countries, against an oracle that walks minute by minute.

The oracle asks the holidays library day by day and the wall clock minute by minute; it shares no code with the fast
way. Its first and last pieces are shorter than a minute, so that ends are compared to the second.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import holidays
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from escalation.chains.step_times import due_time
from escalation.choices import ClockKind
from escalation.models import Policy
from escalation.policies.editing import Window, revise_policy
from escalation.policies.terms import terms_for
from escalation.working_time.definitions import CalendarDefinition, OwnDay, with_holidays
from escalation.working_time.due_time import add_working, working_between
from escalation.working_time.editing import create_calendar
from tickets.choices import Priority

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
OFFICE = (((540, 720), (780, 1080)),) * 5 + ((), ())
LATE = (((540, 720), (780, 1440)),) * 6 + ((),)  # to 24:00, Saturdays too
NIGHTS = (((1320, 1800),),) * 5 + ((), ())  # 22:00 to 06:00; the last one ends on Saturday
WEEKS = [OFFICE, LATE, NIGHTS]


@dataclass(frozen=True)
class Place:
    zone: str
    country: str
    subdivision: str
    near: date  # where the wall clock, the holidays or the year turn


PLACES = [
    Place("Asia/Shanghai", "CN", "", date(2025, 9, 30)),
    Place("Asia/Shanghai", "CN", "", date(2022, 9, 30)),
    Place("Asia/Shanghai", "CN", "", date(2026, 2, 14)),
    Place("Asia/Shanghai", "CN", "", date(2025, 12, 31)),
    Place("Europe/Berlin", "DE", "BY", date(2024, 3, 29)),  # Good Friday, then the hour is skipped
    Place("Europe/Berlin", "DE", "BY", date(2026, 10, 24)),
    Place("Europe/Berlin", "DE", "BY", date(2028, 2, 28)),
    Place("America/New_York", "US", "", date(2026, 3, 7)),
    Place("America/New_York", "US", "", date(2026, 10, 31)),
    Place("America/New_York", "US", "", date(2027, 12, 31)),
    Place("Australia/Lord_Howe", "AU", "NSW", date(2026, 10, 3)),  # half an hour skipped, then Labour Day
    Place("Australia/Lord_Howe", "AU", "NSW", date(2026, 4, 3)),  # Good Friday, then half an hour twice
]


class Oracle:
    def __init__(self, place: Place, weekly, own_days) -> None:
        self.zone, self.country = ZoneInfo(place.zone), place.country
        self.weekly, self.own_days = weekly, own_days
        years = range(place.near.year - 1, place.near.year + 3)
        self.known = holidays.country_holidays(place.country, subdiv=place.subdivision or None, years=years)

    def intervals(self, day: date):
        if day in self.own_days:
            return self.own_days[day]
        if day in self.known.weekend_workdays and not self.weekly[day.weekday()]:
            return self.weekly[0]
        return () if day in self.known or self.is_inside_a_holiday(day) else self.weekly[day.weekday()]

    def is_inside_a_holiday(self, day: date) -> bool:
        """True for a weekend day in China that no working day parts from a holiday."""
        return self.country == "CN" and any(self.rests_up_to_a_holiday(day, step) for step in (-1, 1))

    def rests_up_to_a_holiday(self, day: date, step: int) -> bool:
        while day.weekday() >= 5 and day not in self.known.weekend_workdays and day not in self.known:
            day += timedelta(days=step)
        return day in self.known

    def is_open(self, at: datetime) -> bool:
        wall = at.astimezone(self.zone)
        minute = wall.hour * 60 + wall.minute
        today = any(begin <= minute < end for begin, end in self.intervals(wall.date()))
        yesterday = self.intervals(wall.date() - timedelta(days=1))
        return today or any(begin <= minute + 1440 < end for begin, end in yesterday)

    def open_pieces(self, start: datetime) -> Iterator[tuple[datetime, timedelta]]:
        """Open pieces from a moment on, none longer than a minute."""
        while True:
            end = start.replace(second=0, microsecond=0) + MINUTE
            if self.is_open(start):
                yield start, end - start
            start = end

    def between(self, start: datetime, end: datetime) -> timedelta:
        total = timedelta(0)
        while start < end:
            until = min(start.replace(second=0, microsecond=0) + MINUTE, end)
            total += (until - start) * self.is_open(start)
            start = until
        return total

    def add(self, start: datetime, amount: timedelta) -> datetime:
        for begin, length in self.open_pieces(start):
            if length >= amount:
                return begin + amount
            amount -= length
        raise AssertionError


@st.composite
def questions(draw):
    place, weekly = draw(st.sampled_from(PLACES)), draw(st.sampled_from(WEEKS))
    offsets = draw(st.dictionaries(st.integers(-1, 4), st.sampled_from([(), ((600, 660),)]), max_size=2))
    own_days = {place.near + timedelta(days=offset): hours for offset, hours in offsets.items()}
    definition = CalendarDefinition(
        place.zone,
        weekly=weekly,
        country=place.country,
        subdivision=place.subdivision,
        own_days=tuple(OwnDay(day, hours) for day, hours in own_days.items()),
    )
    begin = datetime(place.near.year, place.near.month, place.near.day, tzinfo=UTC)
    start = begin + timedelta(seconds=draw(st.integers(-43_200, 4 * 86_400)))
    return with_holidays(definition, place.near.year).hours(), Oracle(place, weekly, own_days), start


@settings(max_examples=60, deadline=None)
@given(questions(), st.integers(0, 5 * 86_400))
def test_counting_agrees_with_the_oracle_to_the_second(question, seconds):
    hours, oracle, start = question
    end = start + timedelta(seconds=seconds)
    assert working_between(hours, start, end) == oracle.between(start, end)


@settings(max_examples=60, deadline=None)
@given(questions(), st.integers(1, 20 * 3600))
def test_adding_agrees_with_the_oracle_to_the_second(question, seconds):
    hours, oracle, start = question
    amount = timedelta(seconds=seconds)
    assert add_working(hours, start, amount) == oracle.add(start, amount)


def shanghai(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai")).astimezone(UTC)


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        ("2022-09-30 17:30", 4, "2022-10-08 13:30"),  # over National Day into the make-up Saturday
        ("2022-09-30 17:30", 12.5, "2022-10-09 14:00"),  # and into the make-up Sunday
        ("2022-09-30 17:30", 20.5, "2022-10-10 14:00"),
        ("2016-09-30 17:30", 4, "2016-10-08 13:30"),
        ("2025-09-30 17:30", 4, "2025-10-09 13:30"),
        ("2025-10-10 17:30", 4, "2025-10-11 13:30"),  # the make-up Saturday after it
        ("2018-09-28 17:30", 20.5, "2018-10-08 14:00"),  # two make-up days before it
    ],
)
@pytest.mark.django_db
def test_friday_half_past_five_over_national_day_and_make_up_days_is_exact(start, hours, due):
    at = shanghai(start)
    china = CalendarDefinition("Asia/Shanghai", weekly=OFFICE, country="CN")
    calendar = create_calendar(name="China", definition=china, actor=None, at=at)
    window = Window(ClockKind.FIRST_RESPONSE, Priority.P2, int(hours * 60), calendar)
    revise_policy(policy=Policy.objects.get(is_default=True), windows=[window], actor=None, at=at - HOUR)
    target = terms_for(customer=None, kind=ClockKind.FIRST_RESPONSE, priority=Priority.P2, at=at).target
    assert due_time(target.calendar, at, target.minutes) == shanghai(due)

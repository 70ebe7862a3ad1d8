"""Histories of the tickets of one customer, as values alone, and the working time of their promises.

Minutes count from `NOW`, which is 20:00 on a Wednesday in Shanghai. Working time is walked minute by minute.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from enum import StrEnum
from functools import cache

START = datetime(2026, 11, 18, 20, 0, tzinfo=timezone(timedelta(hours=8)))  # in Shanghai, all year
# Minutes of the day, Monday to Friday; midnight is an end.
WORKED = ((9 * 60, 12 * 60), (13 * 60 + 30, 20 * 60 + 20), (22 * 60, 24 * 60))
CLOSED_DAY, WORKED_DAY = date(2026, 11, 20), date(2026, 11, 21)  # a Friday and the Saturday after it
WINDOWS = {0: 30, 1: 4 * 60, 2: 8 * 60, 3: 24 * 60}
UPDATE_EVERY = {0: 60}
# Only where the customer bought it, and not for questions.
RESOLVED_WITHIN = {0: 4 * 60, 1: 10 * 60, 2: 24 * 60}
LONGEST_PAUSE = 5 * 60


class Hours(StrEnum):
    """In which hours a customer's windows are counted; `OFFICE` counts those of a P0 around the clock."""

    PLAIN = "plain"
    OFFICE = "office"
    ALL_OFFICE = "all office"


class Act(StrEnum):
    OPENED = "opened"
    ASKED = "asked"
    REPLIED = "replied"
    CALLED = "called"
    BOUNCED = "bounced"
    VOIDED = "voided"
    PRIORITY = "priority"
    STATUS = "status"
    CLOSED = "closed"
    ASSIGNED = "assigned"
    ABSENT = "absent"
    MERGED = "merged"
    EXCUSED = "excused"
    CONFIRMED = "confirmed"


@dataclass(frozen=True)
class Step:
    """What the desk handles at one minute. No two steps share a minute, so it also names an answer.

    `ticket` is the number of a ticket in the order of their opening; what is said about a merged one is about the one
    it was merged into. `happened` is when a message was received or a call took place, `answer` the minute of the
    answer that is taken back, `then` the status that an answer or a colleague sets, `into` the ticket that stays.
    To be closed is for a reason, also if the customer waits. Whoever has the ticket gives it away, or is absent.
    `promise` is the place of one that a lead wants to excuse, or another lead confirms, among those of the ticket.
    """

    at: int
    act: Act
    ticket: int = 0
    happened: int = 0
    answer: int = 0
    priority: int = 0
    then: str = ""
    into: int = 0
    promise: int = 0


@dataclass(frozen=True)
class History:
    """A first message received at minute 0 and read at `noticed`, what followed, and the minute of the last look.

    A resolution is promised too where the desk `resolves`.
    """

    priority: int
    noticed: int
    steps: tuple[Step, ...]
    end: int
    hours: Hours = Hours.PLAIN
    resolves: bool = False


@dataclass(frozen=True)
class Outcome:
    """How one promise stands."""

    kind: str
    started: int
    due: int
    stopped: int | None
    state: str
    breached: int | None
    waived: bool = False


@dataclass(frozen=True)
class Judgement:
    """`refused` has the minutes of what a colleague may not do."""

    outcomes: list[Outcome]
    refused: list[int]


def in_order(outcomes: Iterable[Outcome]) -> list[Outcome]:
    return sorted(outcomes, key=str)


@cache
def end_of(window: int, start: int, priority: int, hours: Hours) -> int:
    """The minute at which a window ends that is counted from `start`."""
    if hours is Hours.PLAIN or (hours is Hours.OFFICE and priority == 0):
        return start + window
    minute, left = start, window
    while left:
        left -= is_worked(minute)
        minute += 1
    return minute


def worked_between(start: int, end: int, priority: int, hours: Hours) -> int:
    """The minutes of a window between these two that count."""
    if hours is Hours.PLAIN or (hours is Hours.OFFICE and priority == 0):
        return end - start
    return sum(is_worked(minute) for minute in range(start, end))


@cache
def is_worked(minute: int) -> bool:
    moment = START + timedelta(minutes=minute)
    day, number = moment.date(), moment.hour * 60 + moment.minute
    is_working_day = day == WORKED_DAY or (day.weekday() < 5 and day != CLOSED_DAY)
    return is_working_day and any(start <= number < end for start, end in WORKED)

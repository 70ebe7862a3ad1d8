"""Delays: until a colleague answers, until a customer writes again, until people wake up."""

from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from escalation.models import Clock
from tickets.choices import Priority

# Minutes until the customer writes again, minimum and maximum.
CUSTOMER_MINUTES = {
    Priority.P0: (4, 16),
    Priority.P1: (9, 140),
    Priority.P2: (35, 600),
    Priority.P3: (70, 1700),
}
# Minutes until a colleague writes unasked.
UPDATE_MINUTES = {
    Priority.P0: (8, 15),
    Priority.P1: (10, 60),
    Priority.P2: (20, 240),
    Priority.P3: (60, 900),
}
TRIES = 5


def minutes(dice: Random, low: float, high: float) -> timedelta:
    """A random length with seconds, because nobody acts on the full minute."""
    return timedelta(seconds=round(dice.uniform(low, high) * 60))


def answer_at(
    clock: Clock, *, dice: Random, risk: float, zone: str, after: datetime, share: float | None = None
) -> datetime:
    """When somebody answers an open promise: mostly in time and by day, and late with a probability of `risk`.

    `share` fixes the share of the window that passes first.
    """
    window = clock.due_at - clock.started_at
    if share is None and dice.random() < risk:
        share = late_share(dice)
    if share is not None:
        return max(clock.started_at + window * share, after)
    moments = [clock.started_at + window * prompt_share(dice) for _try in range(TRIES)]
    chosen = next((moment for moment in moments if is_day(moment, zone)), moments[0])
    return max(chosen.replace(microsecond=0), after)


def prompt_share(dice: Random) -> float:
    return 0.03 + 0.9 * dice.betavariate(1.5, 3.2)


def late_share(dice: Random) -> float:
    """A share of the window for a late answer: mostly one level up, for some two, for a few the duty manager."""
    return dice.choices(
        (dice.uniform(1.05, 1.42), dice.uniform(1.53, 1.93), dice.uniform(2.05, 2.3)), (70, 21, 9)
    )[0]


def customer_at(at: datetime, *, dice: Random, priority: int, zone: str) -> datetime:
    low, high = CUSTOMER_MINUTES[Priority(priority)]
    moment = at + minutes(dice, low, high)
    if priority <= Priority.P1 or is_day(moment, zone):
        return moment
    return morning_after(moment, zone) + minutes(dice, 5, 150)


def is_day(moment: datetime, zone: str) -> bool:
    return 8 <= moment.astimezone(ZoneInfo(zone)).hour < 22


def morning_after(moment: datetime, zone: str) -> datetime:
    """The next 08:30 of the zone."""
    local = moment.astimezone(ZoneInfo(zone))
    day = local if local.hour < 8 else local + timedelta(days=1)
    return day.replace(hour=8, minute=30, second=0, microsecond=0)

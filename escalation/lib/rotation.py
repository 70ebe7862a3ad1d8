"""Computes who is on duty by the layers of a rota: turns as values, in the local time of the rota's zone.

Hand-overs keep their local time across daylight-saving changes. One at a skipped time happens right after the gap;
one at a repeated time happens the first time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import accumulate
from math import lcm
from zoneinfo import ZoneInfo

from django.db import models
from django.utils.translation import pgettext_lazy

from escalation.lib.intervals import Span, clipped, difference, intersection, union

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HOURS_A_WEEK = 7 * 24
MIDNIGHT = time(0)


class Rotation(models.TextChoices):
    """The unit in which a turn is measured."""

    HOURS = "hours", pgettext_lazy("unit", "hours")
    DAYS = "days", pgettext_lazy("unit", "days")
    WEEKS = "weeks", pgettext_lazy("unit", "weeks")


@dataclass(frozen=True)
class Layer:
    """One rotation. Its people take turns of ``length`` hours, days or weeks, the first of them on ``starts_on``.

    ``weekday`` (0 is Monday) is the day of the hand-over in a weekly rotation. ``weekdays`` and the two times
    restrict the duty; if ``to_time`` is not after ``from_time``, it is on the next day, and the night belongs to
    the day on which it begins. A turn without any time left takes no person. ``ends_on`` is the last day of the
    layer: it ends with the next day's hand-over.
    """

    key: int
    level: int
    people: tuple[int, ...]
    rotation: Rotation
    length: int
    hand_over: time
    starts_on: date
    weekday: int = 0
    ends_on: date | None = None
    weekdays: frozenset[int] = frozenset()
    from_time: time | None = None
    to_time: time | None = None

    @property
    def step(self) -> timedelta:
        return timedelta(**{self.rotation.value: self.length})

    @property
    def anchor(self) -> datetime:
        """The local start of the first turn; in a weekly rotation, the hand-over on or before the first day."""
        back = (self.starts_on.weekday() - self.weekday) % 7 if self.rotation == Rotation.WEEKS else 0
        return datetime.combine(self.starts_on - back * DAY, self.hand_over)

    @property
    def is_restricted(self) -> bool:
        return bool(self.weekdays) or self.from_time is not None


@dataclass(frozen=True)
class Turn:
    """One person's time in a layer (``key``), half open, in UTC."""

    user: int
    key: int
    span: Span


def utc_instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """The UTC time at which the local time of a zone is ``wall``."""
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)


def plan_turns(layers: Iterable[Layer], zone: ZoneInfo, within: Span) -> list[Turn]:
    """The turns of all layers together, in order; where several overlap, the highest level wins."""
    taken: list[Span] = []
    turns: list[Turn] = []
    for layer in sorted(layers, key=lambda layer: (-layer.level, layer.key)):
        of_layer = list(layer_turns(layer, zone, within))
        turns += [
            Turn(turn.user, turn.key, span) for turn in of_layer for span in difference([turn.span], taken)
        ]
        taken = union([*taken, *(turn.span for turn in of_layer)])
    return sorted(turns, key=lambda turn: turn.span)


def layer_turns(layer: Layer, zone: ZoneInfo, within: Span) -> Iterator[Turn]:
    """The turns of one layer alone, in order, cut at the ends of ``within`` (UTC)."""
    in_force = next(clipped([within], _in_force(layer, zone, within)), None)
    if not layer.people or in_force is None:
        return
    open_hours = _open_hours(layer, zone, in_force)
    for number, period in _periods(layer, zone, in_force):
        for span in intersection(clipped([period], in_force), open_hours):
            user = layer.people[_turns_before(layer, number) % len(layer.people)]
            yield Turn(user, layer.key, span)


def _turns_before(layer: Layer, number: int) -> int:
    """How many turns come before a period: those before it that have open hours, as only they take a person.

    A period without any has the number of the turn after it. One that a change of the clock skips counts.
    """
    if not layer.is_restricted:
        return number
    counted, first_is_empty = _turns_in_a_cycle(layer)
    cycles, rest = divmod(number, len(counted) - 1)
    return cycles * counted[-1] + counted[rest] - (first_is_empty and number > 0)


@lru_cache(maxsize=256)
def _turns_in_a_cycle(layer: Layer) -> tuple[Sequence[int], bool]:
    """The turns before each period until weekday and time of the hand-over recur, and whether the first has no hours.

    The first may lack them although later ones have them, as it begins only on the layer's first day.
    """
    hours = layer.step // HOUR
    starts = [layer.anchor + number * layer.step for number in range(lcm(hours, HOURS_A_WEEK) // hours)]
    is_open = [_has_hours(layer, start, start + layer.step) for start in starts]
    begins = datetime.combine(layer.starts_on, layer.hand_over)
    first_is_empty = is_open[0] and not _has_hours(layer, begins, layer.anchor + layer.step)
    return tuple(accumulate(is_open, initial=0)), first_is_empty


def _has_hours(layer: Layer, begins: datetime, ends: datetime) -> bool:
    """True if the layer covers any of this local time."""
    days = (begins.date() + number * DAY for number in range(-1, (ends - begins).days + 2))
    hours = (_local_hours_of(layer, day) for day in days if _is_worked(layer, day))
    return any(since < ends and begins < until for since, until in hours)


def _in_force(layer: Layer, zone: ZoneInfo, within: Span) -> Span:
    begins = utc_instant(datetime.combine(layer.starts_on, layer.hand_over), zone)
    if layer.ends_on is None:
        return begins, max(begins, within[1])
    return begins, max(begins, utc_instant(datetime.combine(layer.ends_on + DAY, layer.hand_over), zone))


def _periods(layer: Layer, zone: ZoneInfo, within: Span) -> Iterator[tuple[int, Span]]:
    """The numbered turns that overlap ``within``, from one hand-over to the next."""
    anchor, step = layer.anchor, layer.step
    first = within[0].astimezone(zone).replace(tzinfo=None)
    number = (first - anchor) // step - 1  # the wall clock may have been set back meanwhile
    begins = utc_instant(anchor + number * step, zone)
    while begins < within[1]:
        number += 1
        ends = utc_instant(anchor + number * step, zone)
        if begins < ends:
            yield number - 1, (begins, ends)
        begins = ends


def _open_hours(layer: Layer, zone: ZoneInfo, within: Span) -> Sequence[Span]:
    """The time that the layer covers under its restrictions; touching hours are merged."""
    if not layer.is_restricted:
        return [within]
    first = within[0].astimezone(zone).date() - DAY
    last = within[1].astimezone(zone).date()
    days = (first + number * DAY for number in range((last - first).days + 1))
    return union(_hours_of(layer, day, zone) for day in days if _is_worked(layer, day))


def _is_worked(layer: Layer, day: date) -> bool:
    return not layer.weekdays or day.weekday() in layer.weekdays


def _hours_of(layer: Layer, day: date, zone: ZoneInfo) -> Span:
    begins, ends = _local_hours_of(layer, day)
    return utc_instant(begins, zone), utc_instant(ends, zone)


def _local_hours_of(layer: Layer, day: date) -> tuple[datetime, datetime]:
    begins, ends = layer.from_time or MIDNIGHT, layer.to_time or MIDNIGHT
    last = day if ends > begins else day + DAY
    return datetime.combine(day, begins), datetime.combine(last, ends)

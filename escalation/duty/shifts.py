"""Generates the shifts of a rota's layers ahead of time. A shift that has begun is never rewritten.

Reasons: .github/decisions/duty.md.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import DatabaseError, transaction
from django.db.models import Max, Q

from escalation.duty.moved_shifts import follow_moved_shifts
from escalation.lib.rotation import Layer, Rotation, Turn, plan_turns
from escalation.models import DutyLayer, DutyRota, DutyShift, ShiftSource
from escalation.models.duty import LAYER_RANK

logger = logging.getLogger(__name__)
AHEAD = timedelta(weeks=8)
# Computed beyond what is stored, so that the last turn is not cut off and need not grow each day.
BEYOND = timedelta(days=9)

Key = tuple[int, int | None, datetime, datetime]


@dataclass(frozen=True)
class Generated:
    """How many shifts were written and deleted."""

    created: int = 0
    removed: int = 0

    def __add__(self, other: "Generated") -> "Generated":
        return Generated(self.created + other.created, self.removed + other.removed)

    def __str__(self) -> str:
        return f"created={self.created} removed={self.removed}"


@transaction.atomic
def generate_shifts(*, rota: DutyRota, at: datetime) -> Generated:
    """Bring the generated shifts after ``at`` (UTC) in line with the layers, eight weeks ahead.

    It locks the rota, so it may run twice, even at the same time. A shift that has begun keeps its person to its end;
    time that no shift of the layers covers is assigned from ``at`` on. Unchanged shifts keep their rows. Overrides
    follow the shifts of a layer whose hand-over moved.
    """
    rota = DutyRota.objects.select_for_update().get(pk=rota.pk)
    since = _held_until(rota, at) or at.replace(second=0, microsecond=0)
    turns = plan_turns(layers_of(rota), rota.zone, (since, at + AHEAD + BEYOND))
    wanted = {_key_of_turn(turn): turn for turn in turns if turn.span[0] < at + AHEAD}
    there = _future(rota, at)
    gone = [row for key, row in there.items() if key not in wanted]
    follow_moved_shifts(rota=rota, removed=gone, turns=turns, since=since, at=at)
    DutyShift.objects.filter(pk__in=[row.pk for row in gone]).delete()
    missing = [_shift(rota, turn) for key, turn in wanted.items() if key not in there]
    DutyShift.objects.bulk_create(missing)
    return Generated(len(missing), len(gone))


def generate_all(*, at: datetime) -> Generated:
    """Generate shifts for each rota that has or had layers, each in its own transaction."""
    layered = Q(layers__isnull=False) | Q(shifts__source=ShiftSource.LAYER, shifts__starts_at__gt=at)
    total = Generated()
    for rota in DutyRota.objects.filter(layered).distinct():
        try:
            total += generate_shifts(rota=rota, at=at)
        except DatabaseError:
            raise
        except Exception:  # if one rota's layers cannot be computed, the others still get their shifts
            logger.exception("The shifts of rota %s could not be generated", rota.pk)
    return total


def layers_of(rota: DutyRota) -> list[Layer]:
    """The layers as values. Two queries."""
    rows = rota.layers.prefetch_related("turns")
    return [_layer(row, [turn.user_id for turn in row.turns.all()]) for row in rows]


def _held_until(rota: DutyRota, at: datetime) -> datetime | None:
    """When the generated shift that is running at ``at`` ends; None if none is running."""
    running = rota.shifts.filter(source=ShiftSource.LAYER, starts_at__lte=at, ends_at__gt=at)
    ends: datetime | None = running.aggregate(ends=Max("ends_at"))["ends"]
    return ends


def _future(rota: DutyRota, at: datetime) -> Mapping[Key, DutyShift]:
    rows = rota.shifts.filter(source=ShiftSource.LAYER, starts_at__gt=at)
    return {(row.user_id, row.layer_id, row.starts_at, row.ends_at): row for row in rows}


def _key_of_turn(turn: Turn) -> Key:
    return (turn.user, turn.key, *turn.span)


def _shift(rota: DutyRota, turn: Turn) -> DutyShift:
    return DutyShift(
        rota=rota,
        user_id=turn.user,
        starts_at=turn.span[0],
        ends_at=turn.span[1],
        source=ShiftSource.LAYER,
        rank=LAYER_RANK,
        layer_id=turn.key,
    )


def _layer(row: DutyLayer, people: Sequence[int]) -> Layer:
    return Layer(
        key=row.pk,
        level=row.level,
        people=tuple(people),
        rotation=Rotation(row.rotation),
        length=row.length,
        hand_over=row.hand_over,
        starts_on=row.starts_on,
        weekday=row.weekday,
        ends_on=row.ends_on,
        weekdays=frozenset(row.weekdays),
        from_time=row.from_time,
        to_time=row.to_time,
    )

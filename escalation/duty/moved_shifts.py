"""Lets overrides and swaps follow the shifts they lie on when the hand-over or the hours of a layer move.

Reasons: .github/decisions/duty.md.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from escalation.duty.assignment_mails import tell_put_on_duty
from escalation.lib.rotation import DAY, Turn, utc_instant
from escalation.models import DutyOverride, DutyRota, DutyShift


@dataclass
class MovedEdges:
    """Where the starts and the ends of shifts went."""

    starts: dict[datetime, datetime] = field(default_factory=dict)
    ends: dict[datetime, datetime] = field(default_factory=dict)


def follow_moved_shifts(
    *, rota: DutyRota, removed: Sequence[DutyShift], turns: Sequence[Turn], since: datetime, at: datetime
) -> None:
    """Move the ends of overrides from where the removed shifts changed to where the turns from ``since`` on do.

    Only for layers whose people and order stayed as they were. What has begun by ``at`` keeps its start. The people
    are mailed. Expects the rota's lock.
    """
    edges = _moved_edges(rota.zone, removed, turns, since)
    if not edges.starts:
        return
    live = rota.overrides.filter(withdrawn_at=None, ends_at__gt=at)
    for override in live.select_related("rota", "user__staff_profile").order_by("pk"):
        starts_at = override.starts_at
        if starts_at > at:
            starts_at = max(edges.starts.get(starts_at, starts_at), at)
        ends_at = edges.ends.get(override.ends_at, override.ends_at)
        if (starts_at, ends_at) != (override.starts_at, override.ends_at) and starts_at < ends_at:
            _move(override, starts_at, ends_at, at)


def _move(override: DutyOverride, starts_at: datetime, ends_at: datetime, at: datetime) -> None:
    override.starts_at, override.ends_at = starts_at, ends_at
    override.save(update_fields=["starts_at", "ends_at"])
    override.shifts.update(starts_at=starts_at, ends_at=ends_at)
    tell_put_on_duty(override, actor=None, at=at)


def _moved_edges(
    zone: ZoneInfo, removed: Sequence[DutyShift], turns: Sequence[Turn], since: datetime
) -> MovedEdges:
    edges = MovedEdges()
    for layer in {shift.layer_id for shift in removed}:
        shifts = [shift for shift in removed if shift.layer_id == layer]
        plan = LayerPlan(zone, since, [turn for turn in turns if turn.key == layer])
        for shift, turn in plan.turns_instead_of(shifts):
            edges.starts[shift.starts_at], edges.ends[shift.ends_at] = turn.span
    return edges


class LayerPlan:
    """The turns of one layer from ``since`` on, compared on the wall clock with the shifts it had before."""

    def __init__(self, zone: ZoneInfo, since: datetime, turns: Iterable[Turn]) -> None:
        self.zone, self.since = zone, since
        self.turns = {(turn.user, turn.span[0]): turn for turn in turns}
        self.starts: dict[int, list[datetime]] = defaultdict(list)
        for user, start in sorted(self.turns):
            self.starts[user].append(self._wall(start))

    def turns_instead_of(self, shifts: Sequence[DutyShift]) -> Sequence[tuple[DutyShift, Turn]]:
        """Each shift with the turn it became, if the whole layer moved by less than a day; else nothing.

        Where several moves explain all shifts, the smallest is taken.
        """
        moves = {move for shift in shifts for move in self._moves(shift)}
        for move in sorted(moves, key=abs):
            left = [shift for shift in shifts if self._utc(shift.ends_at, move) > self.since]
            pairs = [(shift, turn) for shift in left if (turn := self._moved(shift, move)) is not None]
            if len(pairs) == len(left):
                return pairs
        return ()

    def _moves(self, shift: DutyShift) -> Iterator[timedelta]:
        """By how much the shift would have to move to become a turn of the same person."""
        start, starts = self._wall(shift.starts_at), self.starts[shift.user_id]
        near = starts[bisect_right(starts, start - DAY) : bisect_left(starts, start + DAY)]
        return (turn - start for turn in near)

    def _moved(self, shift: DutyShift, move: timedelta) -> Turn | None:
        """The turn after the move; a shift that begins where a higher layer ends does not move at its start."""
        moved = self.turns.get((shift.user_id, max(self._utc(shift.starts_at, move), self.since)))
        return moved or self.turns.get((shift.user_id, shift.starts_at))

    def _wall(self, moment: datetime) -> datetime:
        return moment.astimezone(self.zone).replace(tzinfo=None)

    def _utc(self, moment: datetime, move: timedelta) -> datetime:
        return utc_instant(self._wall(moment) + move, self.zone)

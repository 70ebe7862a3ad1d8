"""Lists the working time in a promise's window: each stretch with its length and the sum so far, and the pauses."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from escalation.working_time.due_time import Stretch, WorkingHours, stretches, working_between

ZERO = timedelta(0)


class StretchKind(StrEnum):
    """``LEFT`` is the part of the window that was unused when the promise ended, or is unused so far."""

    COUNTED = "counted"
    PAUSED = "paused"
    LEFT = "left"


@dataclass(frozen=True)
class CountedStretch:
    """``length`` is working time; ``total`` is the sum up to the end of this stretch, without pauses."""

    part: StretchKind
    start: datetime
    end: datetime
    length: timedelta
    total: timedelta


def count_out(
    hours: WorkingHours, window: Stretch, *, until: datetime, pauses: Sequence[Stretch]
) -> tuple[CountedStretch, ...]:
    """The stretches of a window from its start to its due time; those after `until` are left.

    `pauses` are finished ones, in order: the due time has already moved by them.
    """
    total, pieces = ZERO, []
    for part, span in _parts(window, until, pauses):
        for start, end, length in _stretches_in(hours, part, span):
            total += ZERO if part is StretchKind.PAUSED else length
            pieces.append(CountedStretch(part, start, end, length, total))
    return tuple(pieces)


def total_of(pieces: Sequence[CountedStretch], part: StretchKind) -> timedelta:
    return sum((piece.length for piece in pieces if piece.part is part), ZERO)


def _parts(
    window: Stretch, until: datetime, pauses: Sequence[Stretch]
) -> Iterator[tuple[StretchKind, Stretch]]:
    """Cut the window where a pause begins or ends, and at `until`."""
    cuts = {window.start, window.end, until, *(cut for pause in pauses for cut in (pause.start, pause.end))}
    inside = sorted(cut for cut in cuts if window.start <= cut <= window.end)
    for start, end in pairwise(inside):
        if any(pause.start <= start and end <= pause.end for pause in pauses):
            yield StretchKind.PAUSED, Stretch(start, end)
        else:
            yield StretchKind.COUNTED if end <= until else StretchKind.LEFT, Stretch(start, end)


def _stretches_in(
    hours: WorkingHours, part: StretchKind, span: Stretch
) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """The working stretches inside a part; a pause is one stretch, however many days it lasts."""
    if part is StretchKind.PAUSED:
        yield span.start, span.end, working_between(hours, span.start, span.end)
        return
    for stretch in stretches(hours, span.start, span.end):
        yield stretch.start, stretch.end, stretch.length

"""Counts a window out: each stretch of working time with its length and the sum so far, and the pauses between."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from escalation.working_time.due_time import Stretch, WorkingHours, stretches, working_between

ZERO = timedelta(0)


class StretchKind(StrEnum):
    """``LEFT`` is what of the window had not been used when it ended, or has not yet."""

    COUNTED = "counted"
    PAUSED = "paused"
    LEFT = "left"


@dataclass(frozen=True)
class CountedStretch:
    """``length`` is working time; ``total`` the sum of what counts up to the end of the piece, pauses left out."""

    part: StretchKind
    start: datetime
    end: datetime
    length: timedelta
    total: timedelta


def count_out(
    hours: WorkingHours, window: Stretch, *, until: datetime, pauses: Sequence[Stretch]
) -> tuple[CountedStretch, ...]:
    """The pieces of a window from its start to its due time; what lies after `until` is left.

    `pauses` are those that ended, in their order: the due time has moved by them.
    """
    total, pieces = ZERO, []
    for part, span in _parts(window, until, pauses):
        for start, end, length in _stretched(hours, part, span):
            total += ZERO if part is StretchKind.PAUSED else length
            pieces.append(CountedStretch(part, start, end, length, total))
    return tuple(pieces)


def total_of(pieces: Sequence[CountedStretch], part: StretchKind) -> timedelta:
    return sum((piece.length for piece in pieces if piece.part is part), ZERO)


def _parts(
    window: Stretch, until: datetime, pauses: Sequence[Stretch]
) -> Iterator[tuple[StretchKind, Stretch]]:
    """The window cut wherever a pause begins or ends and where it was used up to."""
    cuts = {window.start, window.end, until, *(cut for pause in pauses for cut in (pause.start, pause.end))}
    inside = sorted(cut for cut in cuts if window.start <= cut <= window.end)
    for start, end in pairwise(inside):
        if any(pause.start <= start and end <= pause.end for pause in pauses):
            yield StretchKind.PAUSED, Stretch(start, end)
        else:
            yield StretchKind.COUNTED if end <= until else StretchKind.LEFT, Stretch(start, end)


def _stretched(
    hours: WorkingHours, part: StretchKind, span: Stretch
) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """A pause is one piece, however many days it lasts."""
    if part is StretchKind.PAUSED:
        yield span.start, span.end, working_between(hours, span.start, span.end)
        return
    for stretch in stretches(hours, span.start, span.end):
        yield stretch.start, stretch.end, stretch.length

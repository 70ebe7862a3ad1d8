"""Arithmetic of half-open intervals (begin, end), of moments as well as of whole numbers.

An interval that does not end after its beginning is empty: it is accepted and left out. Reasons:
.github/decisions/house.md.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TypeVar

Point = TypeVar("Point", datetime, int)
Span = tuple[datetime, datetime]


def union(spans: Iterable[tuple[Point, Point]]) -> list[tuple[Point, Point]]:
    """The covered time in order, with overlapping and touching intervals merged."""
    result: list[tuple[Point, Point]] = []
    for begin, end in sorted(spans):
        if end <= begin:
            continue
        if result and begin <= result[-1][1]:
            if end > result[-1][1]:
                result[-1] = (result[-1][0], end)
        else:
            result.append((begin, end))
    return result


def difference(
    spans: Iterable[tuple[Point, Point]], taken: Iterable[tuple[Point, Point]]
) -> list[tuple[Point, Point]]:
    """The parts of each span that are not in ``taken``, in the order of the spans; touching parts are not merged."""
    cuts = union(taken)
    left = []
    for begin, end in spans:
        for cut_begin, cut_end in cuts:
            if begin < cut_begin < end:
                left.append((begin, cut_begin))
            if cut_begin < end and begin < cut_end:
                begin = cut_end
        if begin < end:
            left.append((begin, end))
    return left


def intersection(
    spans: Iterable[tuple[Point, Point]], others: Iterable[tuple[Point, Point]]
) -> list[tuple[Point, Point]]:
    """The overlap of each span with each of the others, in the order of the spans."""
    among = list(others)
    return [shared for span in spans for shared in clipped(among, span)]


def clipped(
    spans: Iterable[tuple[Point, Point]], window: tuple[Point, Point]
) -> Iterator[tuple[Point, Point]]:
    """The part of each span that lies in the window."""
    first, last = window
    for begin, end in spans:
        if begin < first:
            begin = first
        if end > last:
            end = last
        if begin < end:
            yield begin, end

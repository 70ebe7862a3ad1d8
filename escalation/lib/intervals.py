"""Stretches of time as pairs of moments, half open: joined, cut out of each other, and shared."""

from collections.abc import Iterable
from datetime import datetime

Span = tuple[datetime, datetime]


def joined(spans: Iterable[Span]) -> list[Span]:
    """The same time in order, with what overlaps or touches made one and what is empty left out."""
    result: list[Span] = []
    for begins, ends in sorted(spans):
        if ends <= begins:
            continue
        if result and begins <= result[-1][1]:
            result[-1] = (result[-1][0], max(ends, result[-1][1]))
        else:
            result.append((begins, ends))
    return result


def without(spans: Iterable[Span], taken: Iterable[Span]) -> list[Span]:
    """What of ``spans`` is not in ``taken``."""
    left = list(spans)
    for begins, ends in taken:
        left = [
            part
            for span in left
            for part in ((span[0], min(span[1], begins)), (max(span[0], ends), span[1]))
            if part[0] < part[1]
        ]
    return left


def both(spans: Iterable[Span], others: Iterable[Span]) -> list[Span]:
    """What is in both."""
    among = list(others)
    shared = ((max(one[0], other[0]), min(one[1], other[1])) for one in spans for other in among)
    return [span for span in shared if span[0] < span[1]]

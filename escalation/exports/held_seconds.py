"""How long each holder had a promise, in whole seconds, and what part of its breach is theirs.

Sheets and scorecard take both from here, so that the sum of a column is the figure on the scorecard, to the last digit.
"""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

SECOND = timedelta(seconds=1)
WHOLE = 1_000_000  # a breach, in millionths


def whole_seconds(held: Mapping[int, timedelta]) -> dict[int, int]:
    return {holder_id: time // SECOND for holder_id, time in held.items()}


def shares_of(seconds: Mapping[int, int]) -> dict[int, int]:
    """The millionths of a breach by holder, in proportion to their seconds; the last one takes what rounding leaves."""
    shares, total, left = {}, sum(seconds.values()), WHOLE
    for holder_id, held in seconds.items():
        shares[holder_id] = round(held * WHOLE / total) if total else 0
        left -= shares[holder_id]
    if shares:
        shares[holder_id] += left
    return shares


def share_text(millionths: int) -> str:
    """1, 0.75 or 0.333333"""
    return f"{Decimal(millionths) / WHOLE:f}"

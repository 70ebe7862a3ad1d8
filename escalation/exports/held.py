"""Who held a promise how long: the ledger names the holder after each change."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from escalation.working_time.due_time import WorkingHours, working_between


class Holding(NamedTuple):
    """From `at` on, this person held the ticket."""

    at: datetime
    holder_id: int


Held = dict[int, timedelta]


def held_times(holdings: Sequence[Holding], *, hours: WorkingHours, start: datetime, until: datetime) -> Held:
    """Working time each person held a promise; the first line's holder held it before that line, too.

    `holdings` in the order of time. Somebody who held it in no working time at all has no entry.
    """
    held: Held = {}
    for holder_id, begin, end in _turns(holdings, start, until):
        time = working_between(hours, begin, end)
        if time:
            held[holder_id] = held.get(holder_id, timedelta(0)) + time
    return held


def shares(held: Held) -> dict[int, float]:
    """The held times as parts of one: what of a breach is whose."""
    total = sum(held.values(), timedelta(0))
    return {holder_id: time / total for holder_id, time in held.items()}


def _turns(
    holdings: Sequence[Holding], start: datetime, until: datetime
) -> Iterable[tuple[int, datetime, datetime]]:
    begin = start
    for index, holding in enumerate(holdings):
        following = holdings[index + 1].at if index + 1 < len(holdings) else until
        end = min(max(following, begin), until)
        if end > begin:
            yield holding.holder_id, begin, end
        begin = end

"""What becomes of tickets: how they are spread over the last two years, and who writes in them.

A life is a text of turns: `c` the customer writes, `p` they call, `r` we answer, `l` we answer late, `k` we call back,
`n` a colleague leaves a note, `!` nobody answers in time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from random import Random

from tickets.choices import Priority

SPAN = timedelta(days=730)
OPEN_SHARE = 10  # one ticket in so many waits for an answer
WAITING_SHARE = 25  # and one in so many is not resolved yet
# Turns, and how many of a hundred go so.
ENDED = (("cnr", 44), ("cr", 13), ("crcr", 24), ("cnl", 8), ("pkn", 11))
OPEN = (("c", 60), ("crc", 37), ("c!", 3))
LONG = ("cr" * 25 + "c", "cr" * 250 + "c")  # pages of 50 and of 500 messages
PRIORITIES = ((Priority.P0, 2), (Priority.P1, 8), (Priority.P2, 60), (Priority.P3, 30))


@dataclass(frozen=True, slots=True)
class Life:
    """One ticket's. ``at`` is when it is opened or, if it is open, when its last question came."""

    turns: str
    priority: int
    at: datetime
    is_open: bool
    is_waiting: bool


def lives(tickets: int, *, now: datetime, windows: dict[int, int], dice: Random) -> Iterator[Life]:
    """As many lives, the oldest first; ``windows`` are the minutes promised by priority."""
    still_open = tickets // OPEN_SHARE
    ended = tickets - still_open
    step = (SPAN - timedelta(days=2)) / max(ended, 1)
    for number in range(ended):
        turns = _drawn(ENDED, dice)
        is_waiting = number >= ended - ended // WAITING_SHARE and turns == "cr"
        yield Life(turns, _priority(turns, dice), _whole(now - SPAN + step * number), False, is_waiting)
    for number in range(still_open):
        turns = LONG[number] if number < len(LONG) and still_open > 100 else _drawn(OPEN, dice)
        priority = _priority(turns, dice)
        share = dice.uniform(1.02, 1.3) if turns.endswith("!") else dice.uniform(0.01, 0.7)
        yield Life(turns, priority, _whole(now - share * timedelta(minutes=windows[priority])), True, False)


def _drawn(among: Sequence[tuple[str, int]], dice: Random) -> str:
    return dice.choices([turns for turns, _share in among], [share for _turns, share in among])[0]


_UP_TO = list(accumulate(share for _priority, share in PRIORITIES))


def _priority(turns: str, dice: Random) -> int:
    """P0 only where nothing follows the answer: of a longer one the desk promises updates as well."""
    drawn = int(dice.choices([priority for priority, _share in PRIORITIES], cum_weights=_UP_TO)[0])
    return drawn if turns in ("cr", "c") else max(drawn, Priority.P1)


def _whole(at: datetime) -> datetime:
    return at.replace(microsecond=0)

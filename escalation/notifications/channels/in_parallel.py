"""Sends several parcels at the same time, each in a time limit, so that a slow one holds up no other."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeVar

from escalation.choices import AttemptOutcome
from escalation.notifications.channels.delivery import Courier
from escalation.notifications.channels.outcomes import LATE, AttemptReport
from escalation.notifications.channels.payload import ChannelMessage

Key = TypeVar("Key")

AT_ONCE = 8
TIME_LIMIT = 10.0  # seconds


def send_all(
    parcels: Mapping[Key, ChannelMessage],
    *,
    time_limit: float = TIME_LIMIT,
    at_once: int = AT_ONCE,
    monotonic: Callable[[], float] = time.monotonic,
) -> Iterator[tuple[Key, AttemptReport]]:
    """Each parcel's answer as it comes. One that takes longer is cut off and has timed out."""
    return _Round(time_limit, at_once, monotonic).answers(parcels)


class _Round:
    """Threads and not a pool: one that hangs must keep nobody from ending, this process included."""

    def __init__(self, time_limit: float, at_once: int, monotonic: Callable[[], float]) -> None:
        self.time_limit = time_limit
        self.at_once = at_once
        self.monotonic = monotonic

    def answers(self, parcels: Mapping[Key, ChannelMessage]) -> Iterator[tuple[Key, AttemptReport]]:
        done: SimpleQueue[tuple[Key, AttemptReport]] = SimpleQueue()
        waiting = deque(parcels.items())
        running: dict[Key, tuple[Courier, float]] = {}
        while waiting or running:
            while waiting and len(running) < self.at_once:
                key, parcel = waiting.popleft()
                running[key] = (self._started(key, parcel, done), self.monotonic() + self.time_limit)
            for key, answer in [*self._arrived(done, running), *self._cut_off(running)]:
                if running.pop(key, None) is not None:
                    yield key, answer

    def _started(
        self, key: Key, parcel: ChannelMessage, done: SimpleQueue[tuple[Key, AttemptReport]]
    ) -> Courier:
        courier = Courier(parcel)
        Thread(target=lambda: done.put((key, courier.deliver())), name="courier", daemon=True).start()
        return courier

    def _arrived(
        self, done: SimpleQueue[tuple[Key, AttemptReport]], running: Mapping[Key, tuple[Courier, float]]
    ) -> list[tuple[Key, AttemptReport]]:
        """Waits until the first answer or until the first time is over."""
        patience = min(until for _courier, until in running.values()) - self.monotonic()
        try:
            return [done.get(timeout=max(patience, 0.001))]
        except Empty:
            return []

    def _cut_off(self, running: Mapping[Key, tuple[Courier, float]]) -> list[tuple[Key, AttemptReport]]:
        now = self.monotonic()
        late = [(key, courier) for key, (courier, until) in running.items() if until <= now]
        for _key, courier in late:
            courier.cancel()
        answer = AttemptReport(AttemptOutcome.TIMED_OUT, LATE, round(self.time_limit * 1000))
        return [(key, answer) for key, _courier in late]

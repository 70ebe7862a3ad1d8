"""Work on many rows in one transaction, so that one row that fails does not spoil the others."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db import InterfaceError, OperationalError

from customers.lock_waits import is_row_locked, waiting_briefly

ItemT = TypeVar("ItemT")
ReportT = TypeVar("ReportT")


def work_in_halves(
    batch: Sequence[ItemT],
    work: Callable[[Sequence[ItemT]], ReportT],
    *,
    failed: Callable[[ItemT], ReportT],
    postponed: Callable[[Sequence[ItemT]], ReportT],
    stop_at: float,
) -> Iterator[ReportT]:
    """Yield what ``work`` reports on the batch. If it fails, retry each half, down to the single item that fails.

    ``work`` does all or nothing. ``failed`` reports on an item that fails alone, while its exception is being
    handled; so does ``postponed`` on a part that needs a row which somebody else has locked, if the time is over
    (``stop_at``, of the monotonic clock). Faults of the connection are raised: the next run tries again.
    """
    yield from _Halves(work, failed, postponed, stop_at).work_on(batch)


@dataclass
class _Halves(Generic[ItemT, ReportT]):
    """After the first wait for a lock, the others are short: otherwise each half would wait as long."""

    work: Callable[[Sequence[ItemT]], ReportT]
    failed: Callable[[ItemT], ReportT]
    postponed: Callable[[Sequence[ItemT]], ReportT]
    stop_at: float
    has_waited: bool = False

    def work_on(self, batch: Sequence[ItemT]) -> Iterator[ReportT]:
        try:
            report = self._try(batch)
        except Exception as error:  # whatever is wrong with one item, the others must be done
            is_locked = is_row_locked(error)
            if isinstance(error, (InterfaceError, OperationalError)) and not is_locked:
                raise
            self.has_waited |= is_locked
            if len(batch) == 1:
                report = self.failed(batch[0])
            elif is_locked and time.monotonic() >= self.stop_at:
                report = self.postponed(batch)
            else:
                half = len(batch) // 2
                yield from self.work_on(batch[:half])
                yield from self.work_on(batch[half:])
                return
        yield report

    def _try(self, batch: Sequence[ItemT]) -> ReportT:
        if not self.has_waited:
            return self.work(batch)
        with waiting_briefly():
            return self.work(batch)

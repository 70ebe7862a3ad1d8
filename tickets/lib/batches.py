"""Work on many rows in one transaction, so that one row that fails does not spoil the others."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from django.db import InterfaceError, OperationalError

ItemT = TypeVar("ItemT")
ReportT = TypeVar("ReportT")


def work_in_halves(
    batch: Sequence[ItemT],
    work: Callable[[Sequence[ItemT]], ReportT],
    *,
    failed: Callable[[ItemT], ReportT],
) -> Iterator[ReportT]:
    """Yield what ``work`` reports on the batch. If it fails, retry each half, down to the single item that fails.

    ``work`` does all or nothing. ``failed`` reports on an item that fails alone, while its exception is being
    handled. Database faults are raised: the next run tries again.
    """
    try:
        report = work(batch)
    except (InterfaceError, OperationalError):
        raise
    except Exception:  # whatever is wrong with one item, the others must be done
        if len(batch) == 1:
            report = failed(batch[0])
        else:
            half = len(batch) // 2
            yield from work_in_halves(batch[:half], work, failed=failed)
            yield from work_in_halves(batch[half:], work, failed=failed)
            return
    yield report

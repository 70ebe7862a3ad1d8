"""Work on many rows in one transaction, of which one may fail."""

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
    """What ``work`` reports of the batch; where it fails, of its halves, so that one that fails spoils no other.

    ``work`` does all or nothing. ``failed`` reports of a single one, while its exception is at hand. When the
    database itself is in trouble that is raised: whoever comes next tries again.
    """
    try:
        report = work(batch)
    except (InterfaceError, OperationalError):
        raise
    except Exception:  # whatever is wrong with one of them, the others are done
        if len(batch) == 1:
            report = failed(batch[0])
        else:
            half = len(batch) // 2
            yield from work_in_halves(batch[:half], work, failed=failed)
            yield from work_in_halves(batch[half:], work, failed=failed)
            return
    yield report

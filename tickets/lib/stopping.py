"""Whether the queue that runs this task is about to stop: a task that works for long ends at its next good moment.

The mark is in memory that all processes share which are forked from the one that imported this first: a whole cluster.
"""

from multiprocessing.sharedctypes import RawValue

_ending = RawValue("b", 0)


def end_soon() -> None:
    """Said by the cluster's sentinel; the cluster starts no task any more."""
    _ending.value = 1


def is_ending() -> bool:
    return bool(_ending.value)

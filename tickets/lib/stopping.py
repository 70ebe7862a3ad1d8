"""Tells a long task that its queue is about to stop, so that it ends at its next good moment.

The flag lives in memory shared by all processes that are forked from the first one to import this: a whole cluster.
"""

from multiprocessing.sharedctypes import RawValue

_ending = RawValue("b", 0)


def end_soon() -> None:
    """Called by the cluster's sentinel, which starts no more tasks."""
    _ending.value = 1


def is_ending() -> bool:
    return bool(_ending.value)

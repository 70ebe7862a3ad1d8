"""Tells a long task that its queue is about to stop, so that it ends at its next safe point.

The flag lives in memory shared by all processes forked from the first one that imports this module: a whole cluster.
"""

from multiprocessing.sharedctypes import RawValue

_ending = RawValue("b", 0)


def end_soon() -> None:
    """Called by the cluster's sentinel, which starts no more tasks."""
    _ending.value = 1


def is_ending() -> bool:
    return bool(_ending.value)

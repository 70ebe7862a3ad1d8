"""Asks for CPU time in a way that other processes and the garbage of other tests do not change."""

import gc
import time
from collections.abc import Callable

TRIES = 5


def takes_at_most(seconds: float, work: Callable[[], object]) -> bool:
    """True if one of a few runs of `work` needs no more CPU than that. Code that is slow is slow every time."""
    return any(_cpu_seconds(work) <= seconds for _try in range(TRIES))


def _cpu_seconds(work: Callable[[], object]) -> float:
    gc.disable()
    try:
        started = time.process_time()
        work()
        return time.process_time() - started
    finally:
        gc.enable()

"""Rarer garbage collection for work on rows by the thousand."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

OBJECTS = 50_000


@contextmanager
def rare_garbage_collection() -> Iterator[None]:
    """Collect garbage less often while thousands of rows are built: scanning them costs a few percent of the time."""
    thresholds = gc.get_threshold()
    gc.set_threshold(OBJECTS, *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)

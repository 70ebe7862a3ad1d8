"""A host whose clock is wrong, as the modules of the desk see it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from customers import time_of_record
from customers.time_of_record import TimeKeeper


@contextmanager
def host_clock_off(off: timedelta) -> Iterator[None]:
    """As a process of another host that has just started, with a clock that is ahead by this much, or behind."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(time_of_record, "_keeper", TimeKeeper())
        patched.setattr(time_of_record, "read_host_clock", lambda: datetime.now(UTC) + off)
        yield

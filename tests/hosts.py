"""Clocks of hosts: one that is wrong, and one that stands still."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from customers import time_of_record
from customers.time_of_record import TimeKeeper


@contextmanager
def host_clock_off(off: timedelta) -> Iterator[None]:
    """As a process of another host that has just started, with a clock that is ahead by this much, or behind."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(time_of_record, "_keeper", TimeKeeper())
        patched.setattr(time_of_record, "read_host_clock", lambda: datetime.now(UTC) + off)
        yield


@contextmanager
def stopped_clock(at: datetime) -> Iterator[time_machine.Traveller]:
    """PostgreSQL's clock cannot be stopped, so the time of record is that of the host meanwhile."""
    with pytest.MonkeyPatch.context() as patched, time_machine.travel(at, tick=False) as traveller:
        patched.setattr(time_of_record, "follows_database", lambda: False)
        yield traveller

"""Has django-q2 go by the time of record too: when it starts scheduled tasks, and from when a task may be taken.

Otherwise a host whose clock is ahead starts tasks early and queues them where the others do not see them yet, and one
that is behind runs a daily task again and again until its clock has passed the hour.
"""

from datetime import datetime
from types import SimpleNamespace
from typing import Any

import django_q.brokers.orm
import django_q.models
import django_q.scheduler
from django_q.utils import localtime

from customers import time_of_record


def go_by_time_of_record() -> None:
    """Put our time into the modules of django-q2 that read the clock. They offer no other way."""
    modules: Any = (django_q.brokers.orm, django_q.scheduler, django_q.models)
    for module in modules:
        module.timezone = SimpleNamespace(now=lambda: time_of_record.now())
        module.localtime = local_time_of_record


def local_time_of_record(value: datetime | None = None) -> datetime:
    """The time, or now, in the zone of the queue's schedules."""
    local: datetime = localtime(value or time_of_record.now())
    return local

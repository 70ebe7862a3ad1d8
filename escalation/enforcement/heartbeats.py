"""Heartbeats of recurring tasks."""

from datetime import datetime

from django.db.models import Q

from customers.time_of_record import FUTURE
from escalation.models import Heartbeat


def beat(name: str, *, at: datetime, detail: str = "") -> None:
    """Record that the task ``name`` succeeded at ``at`` (UTC).

    A late write never overwrites a newer heartbeat, but one from the future, which was written while a clock was wrong.
    """
    row = {"at": at, "detail": detail[:300]}
    replaced = Heartbeat.objects.filter(Q(at__lte=at) | Q(at__gt=at + FUTURE), name=name)
    if replaced.update(**row):
        return
    _row, is_first = Heartbeat.objects.get_or_create(name=name, defaults=row)
    if not is_first:  # there is a newer one, or another process has just created an older one
        replaced.update(**row)


def take_over(name: str, *, at: datetime, detail: str) -> None:
    """Record who began last; whoever writes last is that, whatever the times say."""
    if not Heartbeat.objects.filter(name=name).update(at=at, detail=detail):
        beat(name, at=at, detail=detail)

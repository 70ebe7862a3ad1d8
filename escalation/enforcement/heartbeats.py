"""Heartbeats of recurring tasks."""

from datetime import datetime

from escalation.models import Heartbeat


def beat(name: str, *, at: datetime, detail: str = "") -> None:
    """Record that the task ``name`` succeeded at ``at`` (UTC). A late write never overwrites a newer heartbeat."""
    row = {"at": at, "detail": detail[:300]}
    older = Heartbeat.objects.filter(name=name, at__lte=at)
    if older.update(**row):
        return
    _row, is_first = Heartbeat.objects.get_or_create(name=name, defaults=row)
    if not is_first:  # there is a newer one, or another process has just created an older one
        older.update(**row)

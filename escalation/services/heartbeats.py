"""Heartbeats of recurring tasks."""

from datetime import datetime

from escalation.models import Heartbeat


def beat(name: str, *, at: datetime, detail: str = "") -> None:
    """Record that the task ``name`` finished well at ``at`` (UTC); an older beat never overwrites a newer one."""
    changed = Heartbeat.objects.filter(name=name, at__lte=at).update(at=at, detail=detail[:300])
    if not changed:
        Heartbeat.objects.get_or_create(name=name, defaults={"at": at, "detail": detail[:300]})

"""Writes a ticket's timeline."""

from datetime import datetime

from django.contrib.auth.models import User

from tickets.choices import Fact
from tickets.models import Ticket, TimelineEntry


def record(
    ticket: Ticket, fact: Fact, *, at: datetime, actor: User | None, reason: str = "", **data: object
) -> TimelineEntry:
    """Append one entry in the caller's transaction. ``data`` holds the values that its sentence names, as JSON."""
    return TimelineEntry.objects.create(
        ticket=ticket, fact=fact, at=at, actor=actor, reason=reason, data=data
    )

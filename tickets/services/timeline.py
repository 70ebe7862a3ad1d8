"""Writes the timeline."""

from datetime import datetime

from django.contrib.auth.models import User

from tickets.choices import Fact
from tickets.models import Ticket, TimelineEntry


def record(
    ticket: Ticket, fact: Fact, *, at: datetime, actor: User | None, reason: str = "", **data: object
) -> TimelineEntry:
    """Append one line, in the caller's transaction. ``data`` holds what the sentence names, as JSON values."""
    return TimelineEntry.objects.create(
        ticket=ticket, fact=fact, at=at, actor=actor, reason=reason, data=data
    )

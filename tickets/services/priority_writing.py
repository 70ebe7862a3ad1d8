"""Writes a new priority to a locked ticket and its timeline; the caller announces what it means."""

from datetime import datetime

from django.contrib.auth.models import User

from tickets.choices import Fact, Priority
from tickets.models import Ticket
from tickets.services.timeline import record


def write_priority(ticket: Ticket, after: Priority, *, actor: User | None, at: datetime, reason: str) -> int:
    """Save the priority with its line, and return the one before."""
    before = ticket.priority
    ticket.priority = after
    ticket.updated_at = max(at, ticket.updated_at)
    ticket.save(update_fields=["priority", "updated_at"])
    record(ticket, Fact.PRIORITY, at=at, actor=actor, reason=reason, before=before, after=after.value)
    return before

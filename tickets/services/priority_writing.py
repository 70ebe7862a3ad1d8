"""Writes a new priority to a locked ticket and its timeline; the caller announces what it means."""

from datetime import datetime

from django.contrib.auth.models import User

from tickets.choices import Fact, Priority
from tickets.models import Ticket
from tickets.services.timeline import record

FALLS_BACK = "falls_back"  # in the line of a change that only took a proposal back


def write_priority(
    ticket: Ticket,
    after: Priority,
    *,
    actor: User | None,
    at: datetime,
    reason: str,
    **more: object,
) -> int:
    """Save the priority with its line, of which ``more`` becomes part, and return the one before."""
    before = ticket.priority
    ticket.priority = after
    ticket.updated_at = max(at, ticket.updated_at)
    ticket.save(update_fields=["priority", "updated_at"])
    record(ticket, Fact.PRIORITY, at=at, actor=actor, reason=reason, before=before, after=after.value, **more)
    return before


def is_set_by_person(ticket: Ticket) -> bool:
    """True if somebody chose a priority. Rejecting a proposed one chooses none: it takes back what a rule did."""
    changes = ticket.timeline.filter(fact=Fact.PRIORITY, actor__isnull=False).values_list("data", flat=True)
    return any(FALLS_BACK not in data for data in changes)

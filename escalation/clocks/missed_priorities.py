"""The changes of a ticket's priority that a promise missed: while it was thought to be answered, or not yet known.

A promise that begins or runs again in retrospect follows them as if it had run all along.
"""

from collections.abc import Sequence
from datetime import datetime

from escalation.clocks.ledger import ChangeContext
from tickets.choices import Fact
from tickets.models import Ticket, TimelineEntry


def changes_since(
    ticket: Ticket, since: datetime, *, until: datetime | None = None
) -> Sequence[TimelineEntry]:
    """The changes of the priority after ``since`` and by ``until`` (UTC), in their order. One query."""
    changes = ticket.timeline.filter(fact=Fact.PRIORITY, at__gt=since).select_related("actor")
    if until is not None:
        changes = changes.filter(at__lte=until)
    return list(changes.order_by("pk"))


def priority_before(ticket: Ticket, changes: Sequence[TimelineEntry]) -> int:
    """The ticket's priority before these changes, which are all since then."""
    before: int = changes[0].data["before"] if changes else ticket.priority
    return before


def context_of(change: TimelineEntry, recorded: ChangeContext) -> ChangeContext:
    """Who changed the priority, when and why; it is written down now."""
    return ChangeContext(recorded.at, change.actor, change.reason, since=change.at)

"""Changes the status and the priority of a ticket."""

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from tickets.choices import Fact, Priority, Status
from tickets.errors import DeskError
from tickets.events import PriorityChanged, StatusChanged, publish
from tickets.models import Ticket
from tickets.services.locking import lock_ticket
from tickets.services.priority_writing import is_set_by_person, write_priority
from tickets.services.proposals import decide_by_change
from tickets.services.timeline import record, write_gathered
from tickets.services.unanswered import unanswered_since


@transaction.atomic
def set_status(*, ticket: Ticket, status: str, actor: User | None, at: datetime, reason: str = "") -> Ticket:
    """Change the status; setting the same status changes nothing. Locks the ticket.

    Closing or resolving is not an answer: while the customer waits, the promise's handler raises DeskError.
    """
    ticket = lock_ticket(ticket)
    move_to(ticket, Status(status), actor=actor, at=at, reason=reason)
    return ticket


def move_to(ticket: Ticket, after: Status, *, actor: User | None, at: datetime, reason: str) -> None:
    """Like set_status, on a ticket that the caller has locked."""
    before = ticket.status
    if before == after:
        return
    ticket.status = after
    ticket.resolved_at = (ticket.resolved_at or at) if after in (Status.RESOLVED, Status.CLOSED) else None
    ticket.closed_at = at if after == Status.CLOSED else None
    over_a_question = {"unanswered": True} if ticket.resolved_at and ticket.unanswered_since else {}
    record(
        ticket, Fact.STATUS, at=at, actor=actor, reason=reason,
        before=before, after=after.value, **over_a_question,
    )  # fmt: skip
    asks_again = False
    if ticket.resolved_at is not None:
        ticket.unanswered_since = None  # ended with a reason: nobody waits any more
    elif before in (Status.RESOLVED, Status.CLOSED) and ticket.unanswered_since is None:
        # ... but whoever opens it again finds the question
        write_gathered()
        ticket.unanswered_since = unanswered_since(ticket)
        asks_again = ticket.unanswered_since is not None
    ticket.updated_at = at
    ticket.save(update_fields=["status", "resolved_at", "closed_at", "unanswered_since", "updated_at"])
    publish(StatusChanged(ticket, at, actor, before, after.value, reason, asks_again=asks_again))


@transaction.atomic
def change_priority(*, ticket: Ticket, priority: int, actor: User, at: datetime, reason: str) -> Ticket:
    """Change the priority, which also decides about a proposed one. Locks the ticket.

    Raises DeskError without a reason.
    """
    ticket = lock_ticket(ticket)
    after = Priority(priority)
    if ticket.priority == after:
        return ticket
    if not reason.strip():
        raise DeskError(_("Give a reason: the customer's SLA depends on the priority."))
    if decide_by_change(ticket, after, actor=actor, at=at, reason=reason) is None:
        _set_priority(ticket, after, actor=actor, at=at, reason=reason)
    return ticket


@transaction.atomic
def raise_priority(*, ticket: Ticket, priority: int, at: datetime, reason: str) -> Ticket:
    """Raise the priority without a person's decision, as of ``at``; a stricter priority stays. Locks the ticket.

    A priority that a person has set stands, and a ticket that has ended keeps its own. A proposal that was rejected
    stands in the way of nothing else.
    """
    ticket = lock_ticket(ticket)
    ticket.proposals.open().filter(usual__gt=priority).update(usual=priority)  # what it falls back to
    if priority < ticket.priority and ticket.is_active and not is_set_by_person(ticket):
        _set_priority(ticket, Priority(priority), actor=None, at=at, reason=reason)
    return ticket


def _set_priority(ticket: Ticket, after: Priority, *, actor: User | None, at: datetime, reason: str) -> None:
    before = write_priority(ticket, after, actor=actor, at=at, reason=reason)
    publish(
        PriorityChanged(ticket=ticket, at=at, actor=actor, before=before, after=after.value, reason=reason)
    )

"""Answers that did not arrive."""

from datetime import datetime

from django.db import transaction
from django.db.models import Max, Min

from tickets.choices import Fact
from tickets.events import ResponseFailed, publish
from tickets.models import Message, Ticket
from tickets.services.locking import locked
from tickets.services.timeline import record


@transaction.atomic
def fail_response(*, message: Message, at: datetime, answer: str) -> None:
    """Take back a reply that the server refused for good or that bounced; a second report changes nothing.

    ``answer`` is what the server said. Locks the ticket.
    """
    ticket = locked(message.ticket)
    message.refresh_from_db(fields=["failed_at"])
    if message.failed_at is not None:
        return
    message.failed_at = at
    message.failure = answer
    message.save(update_fields=["failed_at", "failure"])
    ticket.unanswered_since = _waiting_since(ticket)
    ticket.save(update_fields=["unanswered_since"])
    record(ticket, Fact.RESPONSE_FAILED, at=at, actor=None, message=message.pk, answer=answer)
    publish(ResponseFailed(ticket=ticket, at=at, actor=None, message=message, answer=answer))


def _waiting_since(ticket: Ticket) -> datetime | None:
    """The receipt of the oldest question after the last answer that arrived."""
    last = ticket.messages.responses().aggregate(last=Max("at"))["last"]
    questions = ticket.messages.questions()
    if last is not None:
        questions = questions.filter(at__gt=last)
    waiting: datetime | None = questions.aggregate(first=Min("at"))["first"]
    return waiting

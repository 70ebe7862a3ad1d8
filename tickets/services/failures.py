"""Answers that did not arrive."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from tickets.choices import Fact, Status
from tickets.events import ResponseFailed, publish
from tickets.mail.scrub import storable
from tickets.models import Message, Ticket
from tickets.services.locking import locked
from tickets.services.state import move_to
from tickets.services.timeline import record
from tickets.services.waiting import waiting_since


@transaction.atomic
def fail_response(*, message: Message, at: datetime, answer: str) -> None:
    """Take back a reply that the server refused for good or that bounced; a second report changes nothing.

    ``answer`` is what the server said. A ticket whose customer waits again is open again. Locks the ticket.
    """
    answer = storable(answer)
    ticket = locked(message.ticket)
    message.refresh_from_db(fields=["failed_at"])
    if message.failed_at is not None:
        return
    message.failed_at = at
    message.failure = answer
    message.save(update_fields=["failed_at", "failure"])
    ticket.unanswered_since = waiting_since(ticket)
    ticket.save(update_fields=["unanswered_since"])
    record(ticket, Fact.RESPONSE_FAILED, at=at, actor=None, message=message.pk, answer=answer)
    publish(ResponseFailed(ticket=ticket, at=at, actor=None, message=message, answer=answer))
    _wait_no_more(ticket, at=at)


def _wait_no_more(ticket: Ticket, *, at: datetime) -> None:
    """Nobody would look at a resolved ticket, or at one that waits for a customer who was never reached."""
    if ticket.unanswered_since is not None and ticket.status not in (Status.NEW, Status.OPEN):
        move_to(ticket, Status.OPEN, actor=None, at=at, reason=_("An answer did not arrive."))

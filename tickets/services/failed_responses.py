"""Takes back answers that do not count: they did not arrive, or a lead voided them."""

from datetime import datetime
from itertools import pairwise

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from tickets.choices import Fact, Status
from tickets.errors import DeskError
from tickets.events import ResponseFailed, ResponseVoided, publish
from tickets.mail.storable_text import storable
from tickets.models import Message, Ticket
from tickets.services.locking import lock_ticket_of
from tickets.services.origins import origins_of
from tickets.services.status_and_priority import move_to
from tickets.services.timeline import record
from tickets.services.unanswered import unanswered_since


@transaction.atomic
def fail_response(*, message: Message, at: datetime, answer: str, actor: User | None = None) -> None:
    """Take back a reply that the server refused for good or that bounced; a second report changes nothing.

    ``answer`` is what the server said, ``actor`` who decided that it did not arrive, if a person had to. If the
    customer waits again, or the ticket was resolved or set to wait with this reply, it is opened again. Locks the
    ticket.
    """
    answer = storable(answer)
    ticket = lock_ticket_of(message, "failed_at")
    if message.failed_at is not None:
        return
    message.failed_at = at
    message.failure = answer
    message.save(update_fields=["failed_at", "failure"])
    waits_again = _count_as_unanswered(ticket)
    record(ticket, Fact.RESPONSE_FAILED, at=at, actor=actor, message=message.pk, answer=answer)
    reopens = _reopens(ticket, message, waits_again=waits_again)
    publish(
        ResponseFailed(ticket=ticket, at=at, actor=actor, message=message, answer=answer, reopens=reopens)
    )
    if reopens:
        move_to(ticket, Status.OPEN, actor=None, at=at, reason=_("A reply was not delivered."))


@transaction.atomic
def void_response(*, message: Message, actor: User, at: datetime, reason: str) -> None:
    """Void an answer that answered nothing: the customer waits as if it had not been given. Locks the ticket.

    Raises DeskError without a reason or the permission, and for a message that is not an answer or was taken back.
    """
    ticket = lock_ticket_of(message)
    if not actor.has_perm("tickets.void_response"):
        raise DeskError(_("Only a lead may void a reply."))
    if not reason.strip():
        raise DeskError(_("Give a reason: the customer's SLA starts running again."))
    if not ticket.messages.responses().filter(pk=message.pk).exists():
        raise DeskError(_("This is not a reply that can be voided."))
    message.voided_at, message.voided_by, message.void_reason = at, actor, reason.strip()
    message.save(update_fields=["voided_at", "voided_by", "void_reason"])
    waits_again = _count_as_unanswered(ticket)
    record(ticket, Fact.RESPONSE_VOIDED, at=at, actor=actor, reason=message.void_reason, message=message.pk)
    reason, reopens = message.void_reason, _reopens(ticket, message, waits_again=waits_again)
    publish(
        ResponseVoided(ticket=ticket, at=at, actor=actor, message=message, reason=reason, reopens=reopens)
    )
    if reopens:
        move_to(ticket, Status.OPEN, actor=None, at=at, reason=_("A reply was voided."))


def _count_as_unanswered(ticket: Ticket) -> bool:
    """True if the customer waits again, or for longer: not if they waited as long when a colleague set the status."""
    before = ticket.unanswered_since
    ticket.unanswered_since = unanswered_since(ticket)
    ticket.save(update_fields=["unanswered_since"])
    return ticket.unanswered_since not in (None, before)


def _reopens(ticket: Ticket, message: Message, *, waits_again: bool) -> bool:
    """True if the customer waits again, or if the ticket was ended or set to wait together with this very answer.

    Nobody looks at a resolved ticket, or at one that waits for a customer whom we never reached.
    """
    if ticket.status in (Status.NEW, Status.OPEN):
        return False
    if waits_again:
        return True
    if ticket.resolved_at is not None:
        return ticket.resolved_at == message.created_at or _ended_merged_one(ticket, message)
    changes = ticket.timeline.filter(fact=Fact.STATUS).order_by("-pk")
    return changes.values_list("at", flat=True).first() == message.created_at


def _ended_merged_one(ticket: Ticket, message: Message) -> bool:
    """True if the answer ended a ticket that was merged into this one, and nothing has been opened since."""
    origins = origins_of(ticket)
    stays = list(origins.stays(message)) if origins is not None else []
    tickets = Ticket.objects.in_bulk([stay.ticket for stay in stays])
    if not stays or tickets[stays[0].ticket].resolved_at != message.created_at:
        return False
    for stay, into in pairwise(stays):
        resolved_at = tickets[into.ticket].resolved_at
        if resolved_at is None or stay.until is None or resolved_at > stay.until:
            return False
    return True

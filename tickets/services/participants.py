"""Who takes part in a ticket beside its contact: whom the customer copied, and whom a colleague accepted."""

from collections.abc import Sequence
from datetime import datetime

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from tickets.choices import Fact, MessageKind, Status
from tickets.errors import DeskError
from tickets.events import SenderAccepted, publish
from tickets.mail.machine_signs import takes_no_answers
from tickets.mail.storable_text import storable_line
from tickets.mail.values import Address
from tickets.models import Message, Participant, Ticket
from tickets.services.locking import lock_ticket_of
from tickets.services.status_and_priority import move_to
from tickets.services.timeline import record
from tickets.services.unanswered import waiting_since_with

LONGEST_ADDRESS = 254
MOST_PARTICIPANTS = 20  # of one ticket; a mail to a whole company adds no more


def may_take_part(address: str) -> bool:
    """True if answers can go to the address, as a copy that the mail server refuses would stop the whole answer.

    Many servers take no address with other than ASCII before its @.
    """
    try:
        validate_email(address)
    except ValidationError:
        return False
    is_ascii = address.rpartition("@")[0].isascii()
    return is_ascii and len(address) <= LONGEST_ADDRESS and not takes_no_answers(address)


def add_participants(
    ticket: Ticket, people: Sequence[Address], *, at: datetime, most: int = MOST_PARTICIPANTS
) -> None:
    """Let those of these people who may take part do so, until the ticket has ``most``. Needs the ticket's lock."""
    willing = [person for person in people if may_take_part(person.email)]
    if not willing:
        return
    there = {address.casefold() for address in ticket.participants.values_list("address", flat=True)}
    new = {person.key: person for person in willing if person.key not in there}
    Participant.objects.bulk_create(
        [
            Participant(ticket=ticket, name=_shown_name(person.name), address=person.email, added_at=at)
            for person in list(new.values())[: max(most - len(there), 0)]
        ]
    )


def _shown_name(name: str) -> str:
    """None that looks like an address, which may impersonate somebody."""
    return "" if "@" in name else storable_line(name)[:200]


def move_participants(source: Ticket, target: Ticket, *, at: datetime) -> None:
    """Let the requester and participants of a merged ticket take part in the one that goes on. Needs both locks."""
    requester = source.contact
    if requester is not None and requester.pk != target.contact_id:
        add_participants(source, [Address(requester.name, requester.email)], at=at)
    there = {address.casefold() for address in target.participants.values_list("address", flat=True)}
    moving = [row for row in source.participants.all() if row.address.casefold() not in there]
    Participant.objects.filter(pk__in=[row.pk for row in moving]).update(ticket=target)


@transaction.atomic
def accept_sender(*, message: Message, actor: User, at: datetime) -> Message:
    """Let the sender of an unconfirmed message take part: all their messages count from their receipt.

    Locks the ticket. Raises DeskError for a message that counts already.
    """
    ticket = lock_ticket_of(message, "is_unconfirmed")
    if not message.is_unconfirmed or message.kind != MessageKind.INBOUND:
        raise DeskError(_("This message counts already."))
    theirs = _unconfirmed_of_sender(ticket, message)
    Message.objects.filter(pk__in=[each.pk for each in theirs]).update(is_unconfirmed=False)
    message.is_unconfirmed = False
    if message.sender_address:
        sender = Address(message.sender_name, message.sender_address)
        add_participants(ticket, [sender], at=at, most=ticket.participants.count() + 1)
    record(ticket, Fact.SENDER_ACCEPTED, at=at, actor=actor, address=message.sender_address)
    _count_from_receipt(ticket, theirs, actor=actor, at=at)
    return message


def _unconfirmed_of_sender(ticket: Ticket, message: Message) -> list[Message]:
    """All of theirs, oldest first; of a sender without an address only this one, as others may be of somebody else."""
    if not message.sender_address:
        return [message]
    waiting = ticket.messages.filter(is_unconfirmed=True, kind=MessageKind.INBOUND)
    return list(waiting.filter(sender_address__iexact=message.sender_address).order_by("at", "pk"))


def _count_from_receipt(ticket: Ticket, messages: Sequence[Message], *, actor: User, at: datetime) -> None:
    ticket.unanswered_since, ticket.updated_at = waiting_since_with(ticket, messages), at
    ticket.save(update_fields=["unanswered_since", "updated_at"])
    if ticket.unanswered_since is not None and ticket.status not in (Status.NEW, Status.OPEN):
        move_to(ticket, Status.OPEN, actor=actor, at=at, reason=_("The sender was accepted."))
    for message in messages:
        message.is_unconfirmed = False
        publish(SenderAccepted(ticket=ticket, at=at, actor=actor, message=message))

"""Words that begin to count after they came, because a person says so: then they count from their receipt."""

from collections.abc import Sequence
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from tickets.choices import Fact, MessageKind, Status
from tickets.errors import DeskError
from tickets.events import MarkedAsPerson, SenderAccepted, publish
from tickets.mail.values import Address, UnreadableMail
from tickets.models import InboundEmail, Message, Ticket
from tickets.search.indexing import index_tickets
from tickets.services.intake.human_mail import apply_rules_to_answer
from tickets.services.intake.incoming_mail import read_mail
from tickets.services.locking import lock_ticket_of
from tickets.services.mail_marks import locked_message, remember_mark, wait_since
from tickets.services.mailboxes import Mailboxes, remember_mailboxes
from tickets.services.participants import add_participants
from tickets.services.spelled_addresses import spelled
from tickets.services.status_and_priority import move_to
from tickets.services.timeline import record
from tickets.services.unanswered import waiting_since_with


@transaction.atomic
def mark_as_person(*, message: Message, actor: User, at: datetime) -> Message:
    """Count a message that was kept as automatic from its receipt on, and remember its shape. Locks the ticket.

    Raises DeskError for any other message.
    """
    ticket, message = locked_message(message)
    if message.kind != MessageKind.AUTOMATIC:
        raise DeskError(_("This message counts already."))
    message.kind = MessageKind.INBOUND
    message.save(update_fields=["kind"])
    index_tickets([ticket.pk])
    remember_mark(message, is_automatic=False, actor=actor, at=at)
    record(ticket, Fact.BY_A_PERSON, at=at, actor=actor, message=message.pk)
    wait_since(waiting_since_with(ticket, [message]), ticket, at=at)
    if ticket.unanswered_since is not None and ticket.status not in (Status.NEW, Status.OPEN):
        move_to(ticket, Status.OPEN, actor=actor, at=at, reason=_("A person wrote this."))
    publish(MarkedAsPerson(ticket=ticket, at=at, actor=actor, message=message))
    _read_by_rules(ticket, [message], at=at)
    return message


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
    _read_by_rules(ticket, theirs, at=at)
    return message


def _unconfirmed_of_sender(ticket: Ticket, message: Message) -> list[Message]:
    """All of theirs, oldest first; of a sender without an address only this one, as others may be of somebody else."""
    if not message.sender_address:
        return [message]
    waiting = ticket.messages.filter(is_unconfirmed=True, kind=MessageKind.INBOUND)
    return list(waiting.filter(spelled("sender_address", message.sender_address)).order_by("at", "pk"))


def _count_from_receipt(ticket: Ticket, messages: Sequence[Message], *, actor: User, at: datetime) -> None:
    wait_since(waiting_since_with(ticket, messages), ticket, at=at)
    if ticket.unanswered_since is not None and ticket.status not in (Status.NEW, Status.OPEN):
        move_to(ticket, Status.OPEN, actor=actor, at=at, reason=_("The sender was accepted."))
    for message in messages:
        message.is_unconfirmed = False
        publish(SenderAccepted(ticket=ticket, at=at, actor=actor, message=message))


def _read_by_rules(ticket: Ticket, messages: Sequence[Message], *, at: datetime) -> None:
    """Let the email rules read those of the messages that wait for an answer. Needs the ticket's lock."""
    if ticket.unanswered_since is None:
        return
    waiting = [message for message in messages if message.at >= ticket.unanswered_since]
    mails = InboundEmail.objects.filter(message__in=waiting).select_related("mailbox")
    by_message = {row.message_id: row for row in mails}
    with remember_mailboxes() as mailboxes:
        for message in waiting:
            row = by_message.get(message.pk)
            if row is not None:
                _read_one(message, row, mailboxes, at=at)


def _read_one(message: Message, row: InboundEmail, mailboxes: Mailboxes, *, at: datetime) -> None:
    try:
        incoming = read_mail(row, mailboxes, now=at, is_released=False)
    except UnreadableMail:  # what was read when it came is on the ticket
        return
    apply_rules_to_answer(incoming, incoming.sender, message)

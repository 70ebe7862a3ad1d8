"""Opens tickets."""

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from customers.models import Contact, Customer
from tickets.choices import Channel, Fact, MessageKind
from tickets.errors import DeskError
from tickets.events import CustomerWrote, TicketOpened, publish
from tickets.message_content import MessageContent
from tickets.models import Mailbox, Message, Ticket
from tickets.services.files import store_files
from tickets.services.first_owner import choose_first_owner
from tickets.services.timeline import record


@transaction.atomic
def open_ticket(
    *,
    subject: str,
    words: MessageContent,
    received_at: datetime,
    at: datetime,
    priority: int,
    actor: User | None = None,
    customer: Customer | None = None,
    contact: Contact | None = None,
    channel: str = Channel.EMAIL,
    mailbox: Mailbox | None = None,
    language: str = "en",
    follows: Ticket | None = None,
    is_drill: bool = False,
) -> Ticket:
    """Open a ticket with the customer's first message. Its promise starts at ``received_at``; both times UTC.

    ``received_at`` is the receipt by our server, or for a call written down by ``actor`` when it happened: before
    ``at``, the moment of writing, or DeskError is raised. Only a fire drill says ``is_drill``.
    """
    received_at = receipt_time(received_at, at=at, actor=actor)
    chosen = choose_first_owner(customer=customer, at=at)
    ticket = Ticket.objects.create(
        subject=subject[:500],
        priority=priority,
        channel=channel,
        customer=customer,
        contact=contact,
        owner=chosen.user,
        mailbox=mailbox,
        language=language,
        follows=follows,
        is_drill=is_drill,
        opened_at=received_at,
        updated_at=at,
        unanswered_since=received_at,
    )
    record(ticket, Fact.OPENED, at=at, actor=actor, owner=chosen.user.pk, rule=chosen.rule.value)
    publish(TicketOpened(ticket=ticket, at=at, actor=actor))
    message = store_customer_message(
        ticket, words, received_at=received_at, at=at, contact=contact, channel=channel, actor=actor
    )
    publish(CustomerWrote(ticket=ticket, at=at, actor=actor, message=message, is_first=True))
    return ticket


def receipt_time(received_at: datetime, *, at: datetime, actor: User | None) -> datetime:
    """When the customer's words reached us: what a person entered must be past, a server's clock may be ahead."""
    if actor is not None and received_at > at:
        raise DeskError(_("The contact cannot lie in the future. Enter when it happened."))
    return min(received_at, at)


def store_customer_message(
    ticket: Ticket,
    words: MessageContent,
    *,
    received_at: datetime,
    at: datetime,
    contact: Contact | None,
    channel: str,
    actor: User | None,
    kind: MessageKind = MessageKind.INBOUND,
) -> Message:
    """The message row with its files; no rule of the conversation is applied. Needs the ticket's lock."""
    message = Message.objects.create(
        ticket=ticket,
        kind=kind,
        channel=channel,
        author=actor,
        contact=contact,
        sender_name=words.sender_name[:200],
        sender_address=words.sender_address[:320],
        at=received_at,
        created_at=at,
        body=words.body,
        quoted=words.quoted,
        html=words.html,
        is_automatic=words.is_automatic,
        is_unconfirmed=words.is_unconfirmed,
        rfc_message_id=words.rfc_message_id[:998],
    )
    store_files(message, words.files)
    return message

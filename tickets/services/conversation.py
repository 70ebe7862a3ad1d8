"""The conversation: messages from the customer, our answers, and notes among colleagues."""

from collections.abc import Sequence
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from customers.models import Contact
from tickets.choices import Channel, Fact, MessageKind, Status
from tickets.errors import DeskError
from tickets.events import CustomerWrote, StaffResponded, publish
from tickets.lib.bulk_insert import NewRow, insert_all
from tickets.lib.single_row import insert_row
from tickets.message_content import KeptFile, MessageContent
from tickets.models import Message, Ticket
from tickets.search.indexing import index_message
from tickets.services.locking import lock_ticket, lock_ticket_with_people
from tickets.services.mailboxes import remember_mailboxes
from tickets.services.outgoing.outbox import next_message_id
from tickets.services.outgoing.reply_mail import queue_reply
from tickets.services.status_and_priority import move_to
from tickets.services.stored_files import attach
from tickets.services.timeline import entries_together, record
from tickets.services.unanswered import unanswered_since


@transaction.atomic
def add_customer_message(
    *,
    ticket: Ticket,
    content: MessageContent,
    received_at: datetime,
    at: datetime,
    contact: Contact | None = None,
    channel: str = Channel.EMAIL,
    actor: User | None = None,
) -> Message:
    """Append a message of the customer and reopen a ticket that was waiting or resolved. Locks the ticket.

    A message of an unconfirmed sender is only stored and shown. ``received_at`` is as in open_ticket.
    """
    received_at = receipt_time(received_at, at=at, actor=actor)
    ticket = lock_ticket(ticket)
    message = store_customer_message(
        ticket, content, received_at=received_at, at=at, contact=contact, channel=channel, actor=actor
    )
    record(ticket, Fact.CUSTOMER_WROTE, at=at, actor=actor, message=message.pk)
    if message.is_unconfirmed:
        return message
    ticket.updated_at = at
    if ticket.unanswered_since is None or received_at < ticket.unanswered_since:
        ticket.unanswered_since = received_at
    ticket.is_history = False  # the customer goes on with it: from here it is promised and counted
    ticket.save(update_fields=["updated_at", "unanswered_since", "is_history"])
    if ticket.status not in (Status.NEW, Status.OPEN):
        move_to(ticket, Status.OPEN, actor=None, at=at, reason=_("The customer wrote."))
    publish(CustomerWrote(ticket=ticket, at=at, actor=actor, message=message))
    return message


@transaction.atomic
def add_automatic_message(
    *,
    ticket: Ticket,
    content: MessageContent,
    received_at: datetime,
    at: datetime,
    contact: Contact | None = None,
) -> Message:
    """Keep an out-of-office or a bounce on the ticket: it changes no clock and reopens nothing. Locks the ticket."""
    ticket = lock_ticket(ticket)
    message = store_customer_message(
        ticket,
        content,
        received_at=received_at,
        at=at,
        contact=contact,
        channel=Channel.EMAIL,
        actor=None,
        kind=MessageKind.AUTOMATIC,
    )
    record(ticket, Fact.AUTOMATIC, at=at, actor=None, message=message.pk)
    return message


def receipt_time(received_at: datetime, *, at: datetime, actor: User | None) -> datetime:
    """When the message reached us. A time that a person entered must be past; a server's time may be ahead of ours."""
    if actor is not None and received_at > at:
        raise DeskError(_("The call or chat cannot be in the future. Enter when it happened."))
    return min(received_at, at)


def store_customer_message(
    ticket: Ticket,
    content: MessageContent,
    *,
    received_at: datetime,
    at: datetime,
    contact: Contact | None,
    channel: str,
    actor: User | None,
    kind: MessageKind = MessageKind.INBOUND,
) -> Message:
    """Store the message with its files, make it findable and do nothing else. Needs the ticket's lock."""
    message = Message(
        ticket=ticket,
        kind=kind,
        channel=channel,
        author=actor,
        contact=contact,
        sender_name=content.sender_name[:200],
        sender_address=content.sender_address[:320],
        reply_to=content.reply_to[:320],
        sent_through=content.sent_through[:320],
        at=received_at,
        created_at=at,
        body=content.body,
        quoted=content.quoted,
        html=content.html,
        is_automatic=content.is_automatic,
        is_unconfirmed=content.is_unconfirmed,
        rfc_message_id=content.rfc_message_id[:998],
    )
    insert_row(message)
    attach(message, content.files)
    names = [each.file.name for each in content.files]
    index_message(message, subject=ticket.subject, files=names)
    return message


@transaction.atomic
def reply(
    *,
    ticket: Ticket,
    actor: User,
    at: datetime,
    body: str,
    files: Sequence[KeptFile] = (),
    then: Status | None = None,
    copies: Sequence[str] = (),
) -> Message:
    """Answer the customer by mail and, if ``then`` is given, set the status afterwards. Locks the ticket.

    The answer counts from ``at`` and is taken back if it does not arrive (failed_responses). Raises DeskError for an
    empty answer, and if there is no address to answer to.
    """
    ticket = lock_ticket_with_people(ticket)
    return reply_on(ticket, actor=actor, at=at, body=body, files=files, then=then, copies=copies)


def reply_on(
    ticket: Ticket,
    *,
    actor: User,
    at: datetime,
    body: str,
    files: Sequence[KeptFile] = (),
    then: Status | None = None,
    copies: Sequence[str] = (),
    references: Sequence[str] | None = None,
) -> Message:
    """Like reply, on a ticket that the caller has locked. ``references`` as for `queue_reply`."""
    with remember_mailboxes():
        message = _store_our_message(
            ticket,
            MessageKind.OUTBOUND,
            Channel.EMAIL,
            actor=actor,
            at=at,
            body=body,
            files=files,
            message_id=next_message_id(ticket),
        )
        queue_reply(message=message, ticket=ticket, at=at, copies=copies, references=references)
    _record_response(ticket, message, actor=actor, at=at, then=then)
    return message


@transaction.atomic
def log_contact(
    *,
    ticket: Ticket,
    actor: User,
    at: datetime,
    happened_at: datetime,
    channel: str,
    reached: str,
    body: str,
    then: Status | None = None,
) -> Message:
    """Record a call or chat message to the customer, which counts as an answer. Locks the ticket.

    ``happened_at`` is between the ticket's receipt and ``at``; ``reached`` names the person. Raises DeskError.
    """
    ticket = lock_ticket(ticket)
    if not reached.strip():
        raise DeskError(_("Enter whom you reached: a call or chat that reached nobody is not a response."))
    if happened_at > at:
        raise DeskError(_("The call or chat cannot be in the future. Enter when it happened."))
    if happened_at < ticket.opened_at and happened_at < _first_receipt(ticket):
        raise DeskError(_("The call or chat cannot be earlier than the ticket."))
    message = _store_our_message(
        ticket,
        MessageKind.CONTACT,
        Channel(channel),
        actor=actor,
        at=at,
        happened_at=happened_at,
        body=body,
        reached=reached,
    )
    _record_response(ticket, message, actor=actor, at=at, then=then)
    return message


def _first_receipt(ticket: Ticket) -> datetime:
    """When the ticket's oldest question was received: it may have been read late, or come with a merged ticket."""
    times = ticket.messages.questions().order_by("at").values_list("at", flat=True)
    return times.first() or ticket.opened_at


@transaction.atomic
def add_note(
    *, ticket: Ticket, actor: User | None, at: datetime, body: str, files: Sequence[KeptFile] = ()
) -> Message:
    """Write an internal note, which is not an answer. Without an actor the desk itself writes it. Locks the ticket."""
    return note_down(lock_ticket(ticket), actor=actor, at=at, body=body, files=files)


def note_down(
    ticket: Ticket, *, actor: User | None, at: datetime, body: str, files: Sequence[KeptFile] = ()
) -> Message:
    """Like add_note, on a ticket that the caller has locked."""
    message = _store_our_message(
        ticket, MessageKind.NOTE, Channel.EMAIL, actor=actor, at=at, body=body, files=files
    )
    ticket.updated_at = at
    ticket.save(update_fields=["updated_at"])
    if actor is not None:
        record(ticket, Fact.NOTED, at=at, actor=actor, message=message.pk)
    return message


def note_down_all(notes: Sequence[tuple[Ticket, str]], *, at: datetime) -> None:
    """Write one note of the desk itself on each of many locked tickets, in one query. The caller saves the tickets."""
    alike = {
        "kind": MessageKind.NOTE,
        "channel": Channel.EMAIL,
        "at": at,
        "created_at": at,
        "is_automatic": True,
    }
    insert_all(
        [NewRow(Message, {**alike, "ticket_id": ticket.pk, "body": body.strip()}) for ticket, body in notes]
    )


def _store_our_message(
    ticket: Ticket,
    kind: MessageKind,
    channel: Channel,
    *,
    actor: User | None,
    at: datetime,
    body: str,
    happened_at: datetime | None = None,
    reached: str = "",
    files: Sequence[KeptFile] = (),
    message_id: str = "",
) -> Message:
    if not body.strip():
        raise DeskError(_("The text is empty. Write something first."))
    message = Message.objects.create(
        ticket=ticket,
        kind=kind,
        channel=channel,
        author=actor,
        contact=None if kind == MessageKind.NOTE else ticket.contact,
        at=happened_at or at,
        created_at=at,
        body=body.strip(),
        reached=reached.strip()[:200],
        is_automatic=actor is None,
        rfc_message_id=message_id,
    )
    attach(message, files)
    index_message(message, subject=ticket.subject, files=[each.file.name for each in files])
    return message


def _record_response(
    ticket: Ticket, message: Message, *, actor: User, at: datetime, then: Status | None
) -> None:
    ticket.updated_at = at
    # A contact that was logged later may have happened before the latest question. Over an ended ticket nobody waits.
    is_backdated = message.at < at and ticket.is_active
    ticket.unanswered_since = unanswered_since(ticket) if is_backdated else None
    if _status_after(ticket, then) == ticket.status:  # else whoever moves it saves both
        ticket.save(update_fields=["updated_at", "unanswered_since"])
    with entries_together():
        record(ticket, Fact.STAFF_RESPONDED, at=at, actor=actor, message=message.pk, kind=message.kind)
        publish(StaffResponded(ticket=ticket, at=at, actor=actor, message=message, then=then))
        # Asked again: what hears of the answer may have ended the ticket, as a drill does.
        move_to(ticket, _status_after(ticket, then), actor=actor, at=at, reason="")


def _status_after(ticket: Ticket, then: Status | None) -> Status:
    return then or (Status.OPEN if ticket.status == Status.NEW else Status(ticket.status))

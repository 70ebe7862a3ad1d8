"""Marks that people put on a mail, "a person wrote this" or "this was automatic", and the later mails they apply to."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from customers.addresses import address_spellings
from tickets.choices import Channel, Fact, MessageKind
from tickets.errors import DeskError
from tickets.events import MarkedAsAutomatic, publish
from tickets.mail.shapes import mail_shape
from tickets.models import InboundEmail, MailMark, Message, Ticket
from tickets.search.indexing import index_tickets
from tickets.services.locking import lock_ticket, lock_ticket_of
from tickets.services.spelled_addresses import spelled
from tickets.services.timeline import record
from tickets.services.unanswered import still_waiting_question

# A marked message is compared with at most this many of the sender's unanswered ones.
MOST_COMPARED = 100


def remembered_mark(*, sender: str, name: str, subject: str, text: str) -> MailMark | None:
    """The mark on this sender's mails of this shape. Takes one query; nearly all senders have none."""
    if not sender:
        return None
    theirs = MailMark.objects.filter(sender__in=address_spellings(sender.casefold()), taken_back_at=None)
    marks = list(theirs.select_related("made_by"))
    shape = mail_shape(subject, text, names=[name]) if marks else ""
    return next((mark for mark in marks if mark.shape == shape), None)


@transaction.atomic
def mark_as_automatic(*, message: Message, actor: User, at: datetime) -> Message:
    """Stop counting a customer's mail, and all of the same shape that wait for an answer; remember the shape.

    Locks each ticket, the lower numbers first. Raises DeskError for a message that is not a mail of the customer.
    """
    alike = _waiting_alike(message)
    tickets = {similar.ticket_id for similar in (message, *alike)}
    list(Ticket.objects.select_for_update().filter(pk__in=tickets).order_by("pk").values_list("pk"))
    ticket, message = locked_message(message)
    if (
        message.kind != MessageKind.INBOUND
        or message.channel != Channel.EMAIL
        or message.author_id is not None
    ):
        raise DeskError(_("Only an email of the customer can be marked as automatic."))
    remember_mark(message, is_automatic=True, actor=actor, at=at)
    _stop_counting(message, ticket, actor=actor, at=at)
    for similar in alike:
        _stop_counting(similar, lock_ticket(similar.ticket), actor=actor, at=at)
    return message


@transaction.atomic
def take_back_mark(*, mark: MailMark, actor: User, at: datetime) -> MailMark:
    """Let signs decide again about later mails of this shape; messages stay as they are. Raises DeskError."""
    mark = MailMark.objects.select_for_update().get(pk=mark.pk)
    if mark.taken_back_at is not None:
        raise DeskError(_("This has already been taken back."))
    mark.taken_back_at, mark.taken_back_by = at, actor
    mark.save(update_fields=["taken_back_at", "taken_back_by"])
    return mark


def locked_message(message: Message) -> tuple[Ticket, Message]:
    """The current message, under its ticket's lock."""
    return lock_ticket_of(message, "kind"), message


def _stop_counting(message: Message, ticket: Ticket, *, actor: User, at: datetime) -> None:
    message.kind = MessageKind.AUTOMATIC
    message.save(update_fields=["kind"])
    index_tickets([ticket.pk])
    record(ticket, Fact.BY_A_MACHINE, at=at, actor=actor, message=message.pk)
    question = still_waiting_question(ticket)
    wait_since(question.at if question is not None else None, ticket, at=at)
    publish(MarkedAsAutomatic(ticket=ticket, at=at, actor=actor, message=message))


def wait_since(since: datetime | None, ticket: Ticket, *, at: datetime) -> None:
    ticket.unanswered_since, ticket.updated_at = since, at
    ticket.save(update_fields=["unanswered_since", "updated_at"])


def _waiting_alike(message: Message) -> list[Message]:
    """Other messages of the same sender and shape that wait for an answer."""
    if not message.sender_address:
        return []
    waiting = Message.objects.filter(
        spelled("sender_address", message.sender_address),
        ticket__in=Ticket.objects.active().exclude(unanswered_since=None),
        kind=MessageKind.INBOUND,
        channel=Channel.EMAIL,
        author=None,
        at__gte=F("ticket__unanswered_since"),
    ).exclude(pk=message.pk)
    shape = _shape_of(message)
    recent = waiting.select_related("ticket").order_by("-at", "-pk")[:MOST_COMPARED]
    return [question for question in recent if _shape_of(question) == shape]


def remember_mark(message: Message, *, is_automatic: bool, actor: User, at: datetime) -> None:
    """Store the mark, unless the sender has no address to recognise them by."""
    if not message.sender_address:
        return
    sender, shape = message.sender_address.casefold(), _shape_of(message)
    earlier = MailMark.objects.filter(sender__in=address_spellings(sender), shape=shape, taken_back_at=None)
    earlier.update(taken_back_at=at, taken_back_by=actor)
    MailMark.objects.create(
        sender=sender,
        shape=shape,
        is_automatic=is_automatic,
        message=message,
        subject=_subject_of(message),
        made_at=at,
        made_by=actor,
    )


def _shape_of(message: Message) -> str:
    return mail_shape(_subject_of(message), message.body, names=[message.sender_name])


def _subject_of(message: Message) -> str:
    """The subject of the mail itself; the ticket only has that of its first mail."""
    subject = InboundEmail.objects.filter(message=message).values_list("subject", flat=True).first()
    return subject or message.ticket.subject

"""Tells the customer the number of their ticket and the promised time, in their language and zone."""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils.translation import gettext as _

from customers.models import Contract
from customers.names import name_of
from customers.times import as_read_by
from escalation.choices import ClockKind, NoticeKind
from escalation.enforcement.receipt_text import Receipt, receipt_text
from escalation.models import Clock
from escalation.policies.terms import window_for
from tickets.choices import Channel, Fact, MailPurpose, Priority
from tickets.errors import DeskError
from tickets.models import Message, OutboundEmail, Ticket
from tickets.services.outgoing.outbox import answer_subject, queue_mail
from tickets.services.timeline import record

MOST_IN_AN_HOUR = 5  # to one contact; a contact who gets more is most likely a machine that answers


def acknowledge_receipt(
    *, ticket: Ticket, message: Message, clock: Clock, at: datetime
) -> OutboundEmail | None:
    """Queue the acknowledgement of a ticket's first mail; None if a machine or nobody would read it."""
    if not _is_welcome(message) or _has_had_enough(ticket, at):
        return None
    with as_read_by(*_reader(ticket, clock.contract)):
        try:
            mail = _queue(ticket, message, clock, at)
        except DeskError:
            return None  # an address nobody can write to; the ticket is opened all the same
    record(ticket, Fact.ACKNOWLEDGED, at=at, actor=None)
    return mail


def _reader(ticket: Ticket, contract: Contract | None) -> tuple[str, str]:
    """Language and zone of the sender: their own, their contract's or company's, else the mail's language."""
    contact = ticket.contact
    if contact is None:
        return ticket.language, settings.DESK_TIME_ZONE
    if contract is not None:
        return contact.language or contract.spoken_language, contact.time_zone or contract.zone
    is_known = contact.language or contact.customer_id
    return contact.preferred_language if is_known else ticket.language, contact.zone


def _hotline(ticket: Ticket, contract: Contract | None) -> str:
    if contract is not None:
        return contract.hotline_to_call
    return ticket.customer.hotline if ticket.customer else ""


def _queue(ticket: Ticket, message: Message, clock: Clock, at: datetime) -> OutboundEmail:
    return queue_mail(
        purpose=MailPurpose.ACKNOWLEDGEMENT,
        recipients=[message.sender_address],
        subject=_subject(ticket, message, clock),
        text=_text(ticket, clock, at),
        at=at,
        ticket=ticket,
        in_reply_to=message.rfc_message_id,
        references=[message.rfc_message_id] if message.rfc_message_id else [],
    )


def _subject(ticket: Ticket, message: Message, clock: Clock) -> str:
    """An answer to the customer's own mail, so that it stands in their thread."""
    if message.rfc_message_id:
        return answer_subject(ticket.subject)
    if clock.priority == Priority.P0:
        return _("Critical incident received: %(subject)s") % {"subject": ticket.subject}
    return _("Received: %(subject)s") % {"subject": ticket.subject}


def _is_welcome(message: Message) -> bool:
    by_mail = message.channel == Channel.EMAIL and bool(message.sender_address)
    failing = message.contact is not None and message.contact.mail_failed_at is not None
    return by_mail and not message.is_automatic and not message.is_unconfirmed and not failing


def _has_had_enough(ticket: Ticket, at: datetime) -> bool:
    sent = OutboundEmail.objects.filter(
        purpose=MailPurpose.ACKNOWLEDGEMENT,
        ticket__contact=ticket.contact_id,
        created_at__gt=at - timedelta(hours=1),
    )
    return ticket.contact_id is not None and sent[:MOST_IN_AN_HOUR].count() >= MOST_IN_AN_HOUR


def _text(ticket: Ticket, clock: Clock, at: datetime) -> str:
    has_manager = ticket.customer is not None and ticket.customer.account_manager_id == ticket.owner_id
    is_critical = clock.priority == Priority.P0
    return receipt_text(
        Receipt(
            number=ticket.number,
            name=ticket.contact.name if ticket.contact else "",
            priority=Priority(clock.priority),
            due_at=clock.due_at if at < clock.due_at else None,
            hotline=_hotline(ticket, clock.contract),
            manager=name_of(ticket.owner) if has_manager else "",
            update_minutes=_update_minutes(clock) if is_critical else 0,
            is_paged=is_critical and ticket.notifications.filter(kind=NoticeKind.PAGED).exists(),
            is_known=ticket.customer is not None,
        )
    )


def _update_minutes(clock: Clock) -> int:
    """How often we promise news of the incident; 0 where we do not."""
    kind = ClockKind.UPDATE
    try:
        found = window_for(contract=clock.contract, kind=kind, priority=clock.priority, at=clock.started_at)
    except DeskError:
        return 0
    return found.minutes

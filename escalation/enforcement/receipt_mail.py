"""Tells the customer the number of their ticket and the promised time, in their language and zone."""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils.translation import gettext as _

from customers.models import Contract
from escalation.models import Clock
from escalation.notifications.wording import as_read_by, moment
from tickets.choices import Channel, Fact, MailPurpose, Priority
from tickets.errors import DeskError
from tickets.models import Message, OutboundEmail, Ticket
from tickets.services.outgoing.outbox import queue_mail
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
        subject=_("Received: %(subject)s") % {"subject": ticket.subject},
        text=_text(ticket, clock, at),
        at=at,
        ticket=ticket,
        in_reply_to=message.rfc_message_id,
        references=[message.rfc_message_id] if message.rfc_message_id else [],
    )


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
    name = ticket.contact.name if ticket.contact else ""
    lines = [
        _("Hello %(name)s,") % {"name": name} if name else _("Hello,"),
        "",
        _("we received your message. Its number is %(number)s.") % {"number": ticket.number},
        _promise(clock, at),
        _("Priority: %(priority)s") % {"priority": Priority(clock.priority).label},
    ]
    hotline = _hotline(ticket, clock.contract)
    if hotline:
        lines.append(_("If it is urgent, call %(phone)s.") % {"phone": hotline})
    lines += ["", _("To add something, just answer this mail."), "", settings.DESK_NAME]
    return "\n".join(lines)


def _promise(clock: Clock, at: datetime) -> str:
    """A mail that reached us hours late may be overdue already: do not promise a time that has passed."""
    if clock.due_at <= at:
        return _("Your message was delayed on its way to us. We answer as soon as we can.")
    return _("We promise you a first answer by %(time)s.") % {"time": moment(clock.due_at)}

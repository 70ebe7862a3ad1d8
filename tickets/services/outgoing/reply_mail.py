"""The mail of an answer: its text, the signature, and below them the customer's last message."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import User
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from customers.addresses import address_key
from customers.names import desk_name, full_name, is_chinese, speaks_chinese
from customers.times import moment
from tickets.choices import MailPurpose
from tickets.erased_text import erased_words_stand_in
from tickets.errors import DeskError
from tickets.mail.machine_signs import takes_no_answers
from tickets.models import Message, OutboundEmail, Ticket
from tickets.services.outgoing.outbox import answer_subject, queue_mail

MOST_QUOTED = 20_000


def queue_reply(
    *,
    message: Message,
    ticket: Ticket,
    at: datetime,
    copies: Iterable[str] = (),
    references: Sequence[str] | None = None,
) -> OutboundEmail:
    """Queue the mail of an answer to the ticket's contact. Raises DeskError.

    It has the Message-ID of ``message``, or gives it one: by it the customer's next mail finds the ticket.
    ``references`` are the `message_ids_before` it, if the caller has them.
    """
    question = ticket.messages.questions().order_by("-at", "-pk").first()
    recipient, copies = recipient_of(ticket, question), list(copies)
    if recipient and all(map(takes_no_answers, (recipient, *copies))):
        raise DeskError(
            _("Nobody reads %(address)s. Add a person in Cc, change the contact, or call and log the call.")
            % {"address": recipient}
        )
    text, html = _texts(message, question, ticket)
    mail = queue_mail(
        purpose=MailPurpose.REPLY,
        recipients=filter(None, [recipient]),
        subject=answer_subject(ticket.subject),
        text=text,
        html=html,
        at=at,
        ticket=ticket,
        message=message,
        copies=copies,
        in_reply_to=question.rfc_message_id if question else "",
        references=message_ids_before(message) if references is None else references,
        message_id=message.rfc_message_id,
    )
    if not message.rfc_message_id:
        message.rfc_message_id = mail.rfc_message_id
        message.save(update_fields=["rfc_message_id"])
    return mail


def message_ids_before(message: Message) -> list[str]:
    """The Message-IDs of the conversation without this message, in the order of their times."""
    others = (
        Message.objects.filter(ticket=message.ticket_id).exclude(rfc_message_id="").exclude(pk=message.pk)
    )
    return list(others.order_by("at", "pk").values_list("rfc_message_id", flat=True))


def recipient_of(ticket: Ticket, question: Message | None) -> str:
    """Who gets an answer: the ticket's contact, or the Reply-To of their last mail; otherwise that mail's sender.

    ``question`` is the customer's newest message. Empty if there is no address.
    """
    contact = ticket.contact.email if ticket.contact else ""
    if question is None:
        return contact
    if question.reply_to and address_key(contact) in ("", address_key(question.sender_address)):
        return question.reply_to
    return contact or question.sender_address


def _texts(message: Message, question: Message | None, ticket: Ticket) -> tuple[str, str]:
    """Text and HTML of an answer, in the customer's language and zone."""
    with translation.override(ticket.language), timezone.override(_zone(ticket)):
        words = {
            "body": message.body,
            "signature": _signature(message, ticket),
            "attribution": _attribution(question, ticket) if question else "",
            "quoted": _quoted(question) if question else "",
        }
        return _plain_text(**words), render_to_string("tickets/mail/reply.html", words)


def _plain_text(*, body: str, signature: str, attribution: str, quoted: str) -> str:
    parts = [body, f"-- \n{signature}"]
    if quoted:
        lines = "\n".join(f"> {line}".rstrip() for line in quoted.splitlines())
        parts.append(f"{attribution}\n{lines}")
    return "\n\n".join(parts) + "\n"


def _signature(message: Message, ticket: Ticket) -> str:
    """The author with their title, then the desk, the customer's hotline and the number to quote."""
    desk = [desk_name(), _hotline(message, ticket), _("Ticket %(number)s") % {"number": ticket.number}]
    return "\n".join(line for line in (_author(message.author), " · ".join(filter(None, desk))) if line)


def _author(author: User | None) -> str:
    """The author's name, with a title in the mail's language; never the login, which outsiders need not know."""
    name = full_name(author.first_name, author.last_name) if author else ""
    profile = getattr(author, "staff_profile", None)
    if not name or profile is None or not profile.title or is_chinese(profile.title) != speaks_chinese():
        return name  # the title is in another language than the mail
    return pgettext("below a mail", "%(name)s, %(title)s") % {"name": name, "title": profile.title}


def _hotline(message: Message, ticket: Ticket) -> str:
    if ticket.customer is None:
        return ""
    contracts = ticket.customer.contracts.order_by("-starts_on", "-pk")
    contract = next((each for each in contracts if each.is_in_force(message.at)), None)
    phone = contract.hotline_to_call if contract is not None else ticket.customer.hotline
    return pgettext("hotline below a mail", "%(phone)s") % {"phone": phone} if phone else ""


def _quoted(question: Message) -> str:
    return question.body[:MOST_QUOTED] if question.erased_at is None else erased_words_stand_in()


def _attribution(question: Message, ticket: Ticket) -> str:
    person = question.sender_name or question.sender_address or str(ticket.contact or "")
    return _("On %(time)s, %(name)s wrote:") % {"time": moment(question.at), "name": person}


def _zone(ticket: Ticket) -> ZoneInfo:
    if ticket.contact is not None:
        return ZoneInfo(ticket.contact.zone)
    return ZoneInfo(ticket.customer.time_zone if ticket.customer else settings.DESK_TIME_ZONE)

"""The mail of an answer: its text, the signature, and below them what the customer wrote last."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from customers.names import full_name
from tickets.choices import MailPurpose
from tickets.models import Message, OutboundEmail, Ticket
from tickets.services.outgoing.outbox import SUBJECT_TAG, queue_mail

MOST_QUOTED = 20_000
# What mail programs put before the subject of an answer or a forward.
_ANSWER_MARKS = re.compile(
    r"^(?:\s*(?:re|aw|sv|antw|回复|答复|回覆|转发|fwd?|wg)\s*[:：])+\s*", re.IGNORECASE
)


def queue_reply(
    *, message: Message, ticket: Ticket, at: datetime, copies: Iterable[str] = ()
) -> OutboundEmail:
    """Queue the mail of an answer to the ticket's contact. Raises DeskError.

    Sets the Message-ID of ``message``, by which the customer's next mail finds the ticket.
    """
    question = ticket.messages.questions().order_by("-at", "-pk").first()
    recipient = (ticket.contact.email if ticket.contact else "") or (
        question.sender_address if question else ""
    )
    text, html = _texts(message, question, ticket)
    with_ids = ticket.messages.exclude(rfc_message_id="").order_by("at", "pk")
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
        references=list(with_ids.values_list("rfc_message_id", flat=True)),
    )
    message.rfc_message_id = mail.rfc_message_id
    message.save(update_fields=["rfc_message_id"])
    return mail


def answer_subject(subject: str) -> str:
    """The subject with one `Re:`, whatever marks it had."""
    return "Re: " + _ANSWER_MARKS.sub("", SUBJECT_TAG.sub("", subject).strip())


def _texts(message: Message, question: Message | None, ticket: Ticket) -> tuple[str, str]:
    """Text and HTML of an answer, in the customer's language and zone."""
    author = full_name(message.author.first_name, message.author.last_name) if message.author else ""
    with translation.override(ticket.language), timezone.override(_zone(ticket)):
        words = {
            "body": message.body,
            "signature": "\n".join(line for line in (author, settings.DESK_NAME) if line),
            "attribution": _attribution(question, ticket) if question else "",
            "quoted": question.body[:MOST_QUOTED] if question else "",
        }
        return _plain_text(**words), render_to_string("tickets/mail/reply.html", words)


def _plain_text(*, body: str, signature: str, attribution: str, quoted: str) -> str:
    parts = [body, f"-- \n{signature}"]
    if quoted:
        lines = "\n".join(f"> {line}".rstrip() for line in quoted.splitlines())
        parts.append(f"{attribution}\n{lines}")
    return "\n\n".join(parts) + "\n"


def _attribution(question: Message, ticket: Ticket) -> str:
    person = question.sender_name or question.sender_address or str(ticket.contact or "")
    time = date_format(timezone.localtime(question.at), "Y-m-d H:i")
    return _("On %(time)s, %(name)s wrote:") % {"time": time, "name": person}


def _zone(ticket: Ticket) -> ZoneInfo:
    if ticket.contact is not None:
        return ZoneInfo(ticket.contact.zone)
    return ZoneInfo(ticket.customer.time_zone if ticket.customer else settings.DESK_TIME_ZONE)

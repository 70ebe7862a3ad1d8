"""The text of an answer as it is mailed: the words, a signature, and below them what the customer wrote."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from customers.names import full_name
from tickets.models import Message, Ticket

MOST_QUOTED = 20_000


@dataclass(frozen=True)
class MailTexts:
    text: str
    html: str


def reply_texts(message: Message, asked: Message | None, ticket: Ticket) -> MailTexts:
    """Text and HTML of an answer, in the customer's language and zone."""
    with translation.override(ticket.language), timezone.override(_zone(ticket)):
        words = {
            "body": message.body,
            "signature": _signature(message),
            "attribution": _attribution(asked, ticket) if asked else "",
            "quoted": asked.body[:MOST_QUOTED] if asked else "",
        }
        return MailTexts(_text(**words), render_to_string("tickets/mail/reply.html", words))


def _text(*, body: str, signature: str, attribution: str, quoted: str) -> str:
    parts = [body, f"-- \n{signature}"]
    if quoted:
        lines = "\n".join(f"> {line}".rstrip() for line in quoted.splitlines())
        parts.append(f"{attribution}\n{lines}")
    return "\n\n".join(parts) + "\n"


def _signature(message: Message) -> str:
    author = full_name(message.author.first_name, message.author.last_name) if message.author else ""
    return "\n".join(line for line in (author, settings.DESK_NAME) if line)


def _attribution(asked: Message, ticket: Ticket) -> str:
    person = asked.sender_name or asked.sender_address or str(ticket.contact or "")
    said_at = date_format(timezone.localtime(asked.at), "Y-m-d H:i")
    return _("On %(time)s, %(name)s wrote:") % {"time": said_at, "name": person}


def _zone(ticket: Ticket) -> ZoneInfo:
    if ticket.contact is not None:
        return ZoneInfo(ticket.contact.zone)
    return ZoneInfo(ticket.customer.time_zone if ticket.customer else settings.DESK_TIME_ZONE)

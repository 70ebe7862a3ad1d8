"""Writes mails to the outbox: each is a row first, in the transaction that causes it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from email.utils import formataddr

from django.utils.translation import gettext as _

from customers.addresses import address_key
from tickets.choices import MailPurpose
from tickets.errors import DeskError
from tickets.lib.single_row import insert_row
from tickets.mail.addresses import EMAIL
from tickets.mail.storable_text import plain_name, storable, storable_line
from tickets.mail.threading import new_message_id, reply_address
from tickets.models import Mailbox, Message, OutboundEmail, Ticket
from tickets.nudges import nudge_delivery
from tickets.services.mailboxes import Mailboxes
from tickets.services.outgoing.unsubscribing import unsubscribe_headers

# [SD#12]: the tag of this ticket, or that of an older mail.
SUBJECT_TAG = re.compile(r"(?<!\s)\s*+\[SD#\d+\]", re.IGNORECASE)
# What mail programs put before the subject of an answer or a forward.
_ANSWER_MARKS = re.compile(
    r"^(?:\s*(?:re|aw|sv|antw|回复|答复|回覆|转发|fwd?|wg)\s*[:：])+\s*", re.IGNORECASE
)
_MESSAGE_ID = re.compile(r"[^<>\s]+")
# Long chains are cut in the middle: the beginning names the thread, the end its newest mails.
FIRST_REFERENCES, LAST_REFERENCES = 2, 18


@dataclass(frozen=True)
class StoredFile:
    """A file in the default storage that goes with a mail: shown name, storage path, content type."""

    name: str
    path: str
    type: str = "application/octet-stream"


def queue_mail(
    *,
    purpose: MailPurpose,
    recipients: Iterable[str],
    subject: str,
    text: str,
    at: datetime,
    html: str = "",
    ticket: Ticket | None = None,
    message: Message | None = None,
    copies: Iterable[str] = (),
    headers: Mapping[str, str] | None = None,
    files: Sequence[StoredFile] = (),
    in_reply_to: str = "",
    references: Sequence[str] = (),
    message_id: str = "",
) -> OutboundEmail:
    """Write a mail to the outbox in the caller's transaction and have it sent after the commit.

    Addresses are bare, as our own rows have them; the desk's own are left out of To and Cc. A ticket's mail carries
    its number in the subject and, unless it is a notification to colleagues, a signed Reply-To. Message-IDs are given
    without angle brackets. Raises DeskError for an address that is not bare, if no recipient is left, and for every
    mail of a fire drill that is not for colleagues. ``message_id`` is one of `next_message_id`, if the caller has it.
    """
    if ticket is not None and ticket.is_drill and purpose != MailPurpose.NOTIFICATION:
        raise DeskError(
            _(
                "This is a fire drill: nothing is sent to a customer. Log a call or chat to "
                "respond, or end the drill."
            )
        )
    mailboxes = Mailboxes.load()
    sender = mailboxes.sender(ticket.mailbox_id if ticket else None)
    to = _addresses(recipients, mailboxes)
    if not to:
        raise DeskError(_("There is no email address to write to. Enter one for the contact first."))
    thread = _thread_headers(in_reply_to, references)
    if ticket is not None and purpose != MailPurpose.NOTIFICATION:
        thread["Reply-To"] = formataddr((plain_name(sender.name), reply_address(sender.address, ticket.pk)))
    if purpose == MailPurpose.ACKNOWLEDGEMENT and ticket is not None:
        thread |= unsubscribe_headers(ticket.contact_id)
    mail = OutboundEmail(
        purpose=purpose,
        ticket=ticket,
        message=message,
        rfc_message_id=message_id or next_message_id(ticket, sender),
        sender=formataddr((plain_name(sender.name), sender.address)),
        recipients=to,
        copies=_addresses([*to, *copies], mailboxes)[len(to) :],
        subject=subject_with_tag(subject, ticket),
        text=storable(text),
        html=storable(html),
        headers={**(headers or {}), **thread},
        files=[asdict(file) for file in files],
        created_at=at,
        next_try_at=at,
    )
    insert_row(mail)
    nudge_delivery()
    return mail


def next_message_id(ticket: Ticket | None, sender: Mailbox | None = None) -> str:
    """A Message-ID, without angle brackets, for a mail about the ticket from its mailbox."""
    sender = sender or Mailboxes.load().sender(ticket.mailbox_id if ticket else None)
    return new_message_id(ticket.pk if ticket else None, sender.address.rpartition("@")[2])


def answer_subject(subject: str) -> str:
    """The subject with a single `Re:`, whatever prefixes it had."""
    return "Re: " + _ANSWER_MARKS.sub("", SUBJECT_TAG.sub("", subject).strip())


def subject_with_tag(subject: str, ticket: Ticket | None) -> str:
    """The subject on one line with the ticket's tag once, at its end."""
    line = storable_line(subject)
    if ticket is None:
        return line[:900]
    return f"{SUBJECT_TAG.sub('', line)[:900].strip()} [{ticket.number}]".strip()


def cut_references(references: Sequence[str]) -> list[str]:
    """Each id once, without the middle of a long chain (RFC 5322, 3.6.4 leaves the length open)."""
    unique = list(dict.fromkeys(filter(_MESSAGE_ID.fullmatch, references)))
    if len(unique) <= FIRST_REFERENCES + LAST_REFERENCES:
        return unique
    return unique[:FIRST_REFERENCES] + unique[-LAST_REFERENCES:]


def _thread_headers(in_reply_to: str, references: Sequence[str]) -> dict[str, str]:
    older = [message_id for message_id in references if message_id != in_reply_to]
    headers = {
        "In-Reply-To": cut_references([in_reply_to]),
        "References": cut_references([*older, in_reply_to]),
    }
    return {name: " ".join(f"<{message_id}>" for message_id in ids) for name, ids in headers.items() if ids}


def _addresses(texts: Iterable[str], mailboxes: Mailboxes) -> list[str]:
    """Each address once, without our own. Raises DeskError for anything but one bare address, and never repairs it."""
    by_key: dict[str, str] = {}
    for address in filter(None, texts):
        if not EMAIL.fullmatch(address):
            shown = repr(address[:200])[1:-1]  # line breaks and invisible characters appear as escapes
            raise DeskError(
                _("“%(address)s” is not an email address. Correct it first.") % {"address": shown}
            )
        if not mailboxes.is_own(address):
            by_key.setdefault(address_key(address), address)
    return list(by_key.values())

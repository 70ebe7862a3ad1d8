"""What a person wrote: appended to its ticket, or opened as a new one."""

from __future__ import annotations

import re
from dataclasses import replace

from django.utils import translation
from django.utils.translation import gettext as _

from tickets.choices import MailPurpose, Priority
from tickets.mail.storable_text import storable_line
from tickets.models import Message, Ticket
from tickets.services.conversation import add_customer_message, add_note
from tickets.services.intake.forwarding import forwarded_sender
from tickets.services.intake.incoming_mail import IncomingMail, IntakeOutcome
from tickets.services.intake.limits import over_limit
from tickets.services.intake.senders import Sender, ensure_contact, find_sender
from tickets.services.intake.ticket_matching import (
    ThreadTarget,
    end_of_merges,
    find_target,
    is_past_grace,
    is_verified_staff,
    may_append,
)
from tickets.services.locking import lock_ticket
from tickets.services.opening import open_ticket
from tickets.services.outgoing.outbox import SUBJECT_TAG, queue_mail

# [P0], and as Chinese monitoring writes it: 【P0 告警】
_PRIORITY_TAG = re.compile(r"[\[【]\s*P([0-3])(?!\d)[^\]】]{0,20}[\]】]", re.IGNORECASE)
LONGEST_TITLE = 80


def receive_person(arrival: IncomingMail) -> IntakeOutcome:
    """Append where the mail belongs and its writer may; else a new ticket, linked when the old one is long over."""
    writer = find_sender(arrival.sender_address, at=arrival.received_at)
    target = find_target(arrival, writer)
    if target is None:
        return _open_forwarded(arrival, writer) or open_new(arrival, writer)
    if is_past_grace(target.ticket, arrival.received_at):
        return open_new(arrival, writer, follows=None if target.is_unconfirmed else target.ticket)
    return _append(arrival, writer, target)


def open_new(arrival: IncomingMail, writer: Sender, *, follows: Ticket | None = None) -> IntakeOutcome:
    """Open a ticket for the writer, who becomes a contact; parked above the hourly limit."""
    refused = over_limit(arrival, writer)
    if refused is not None:
        return refused
    priority = _priority(arrival, writer)
    writer = _with_contact(arrival, writer)
    ticket = open_ticket(
        subject=_title(arrival),
        words=arrival.words(),
        received_at=arrival.received_at,
        at=arrival.now,
        priority=priority,
        customer=writer.customer,
        contact=writer.contact,
        mailbox=arrival.boxes.by_id(arrival.row.mailbox_id),
        language=_language(arrival, writer),
        follows=follows,
    )
    _say_what_is_missing(arrival, writer, ticket)
    return IntakeOutcome.opened(ticket)


def _append(arrival: IncomingMail, writer: Sender, target: ThreadTarget) -> IntakeOutcome:
    """Under the ticket's lock, for it may have been merged since it was found."""
    target = replace(target, ticket=end_of_merges(lock_ticket(target.ticket)))
    if writer.staff is not None and not may_append(target.ticket, writer):
        return _append_of_colleague(arrival, writer, target)
    if not target.is_unconfirmed:
        writer = _with_contact(arrival, writer)
    message = add_customer_message(
        ticket=target.ticket,
        words=arrival.words(is_unconfirmed=target.is_unconfirmed),
        received_at=arrival.received_at,
        at=arrival.now,
        contact=writer.contact,
    )
    return IntakeOutcome.kept(target.ticket, message)


def _append_of_colleague(arrival: IncomingMail, writer: Sender, target: ThreadTarget) -> IntakeOutcome:
    """A colleague's mail is a note among colleagues; when nothing proves that it is theirs, the note says so."""
    words = arrival.words()
    verified = is_verified_staff(arrival, writer)
    doubt = "" if verified else _("By mail from %(address)s, not verified:") % {"address": writer.address}
    message = add_note(
        ticket=target.ticket,
        actor=writer.staff if verified else None,
        at=arrival.now,
        body="\n\n".join(filter(None, [doubt, words.body])) or "-",
        files=words.files,
    )
    return IntakeOutcome.kept(target.ticket, message)


def _open_forwarded(arrival: IncomingMail, writer: Sender) -> IntakeOutcome | None:
    """A mail that a colleague forwarded to the desk is the matter of whoever wrote it first."""
    original = forwarded_sender(arrival.mail) if writer.staff is not None else None
    if original is None or arrival.boxes.is_own(original.email):
        return None
    return open_new(replace(arrival, author=original), find_sender(original.email, at=arrival.received_at))


def _with_contact(arrival: IncomingMail, writer: Sender) -> Sender:
    return ensure_contact(writer, name=arrival.sender_name, language=arrival.mail.language, at=arrival.now)


def _title(arrival: IncomingMail) -> str:
    """The subject without a tag of ours; of a mail without one, the first line of its text."""
    subject = storable_line(SUBJECT_TAG.sub("", arrival.mail.subject))
    first_line = next((line.strip() for line in arrival.mail.text.splitlines() if line.strip()), "")
    return subject or first_line[:LONGEST_TITLE]


def _priority(arrival: IncomingMail, writer: Sender) -> int:
    """As the mailbox says, or as a known contact of an active customer asks for in the subject: [P0] to [P3]."""
    asked = _PRIORITY_TAG.search(arrival.mail.subject)
    if asked and writer.is_known and writer.customer is not None and writer.customer.is_active:
        return Priority(int(asked[1]))
    mailbox = arrival.boxes.by_id(arrival.row.mailbox_id)
    return mailbox.default_priority if mailbox else Priority.P2


def _language(arrival: IncomingMail, writer: Sender) -> str:
    if writer.contact is not None and (writer.customer is not None or writer.contact.language):
        return writer.contact.preferred_language
    return arrival.mail.language


def _say_what_is_missing(arrival: IncomingMail, writer: Sender, ticket: Ticket) -> None:
    if writer.customer is None:
        text = _(
            "No customer is known for %(address)s. Choose one for the contact, or add their mail domain."
        )
        _note(arrival, ticket, text % {"address": writer.address or _("a mail without a sender")})
    if arrival.is_cut:
        megabytes = max(1, round(arrival.row.size / 1_000_000))
        text = _("The mail is too large (%(size)s MB): only its head was kept, its text and files were not.")
        _note(arrival, ticket, text % {"size": megabytes})
        _tell_that_it_was_cut(arrival, ticket)


def _note(arrival: IncomingMail, ticket: Ticket, body: str) -> Message:
    return add_note(ticket=ticket, actor=None, at=arrival.now, body=body)


def _tell_that_it_was_cut(arrival: IncomingMail, ticket: Ticket) -> None:
    """Once per mail, and never to a machine."""
    if arrival.is_automatic or not arrival.sender_address:
        return
    with translation.override(ticket.language):
        queue_mail(
            purpose=MailPurpose.NOTIFICATION,
            recipients=[arrival.sender_address],
            subject=_("Too large: %(subject)s") % {"subject": ticket.subject},
            text=_(
                "Your mail was too large, so that only its subject reached us. Please send it again with smaller "
                "files, or with a link to them, as an answer to this mail."
            ),
            at=arrival.now,
            ticket=ticket,
            in_reply_to=arrival.mail.message_id,
        )

"""Brings a customer's message to the desk: as a raw mail, or through the services as the intake would."""

from __future__ import annotations

from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from random import Random

from customers.models import Contact
from tickets.mail.threading import reply_address
from tickets.message_content import KeptFile, MessageContent, NewFile
from tickets.models import InboundEmail, Mailbox, Ticket
from tickets.services.intake import process, receive_raw

PROCESSING_TAKES = timedelta(seconds=2)
CLIENTS = ("Foxmail 7.2.25[cn]", "Apple Mail (2.3774)", "Microsoft Outlook 16.0", "Mozilla Thunderbird")


class IntakeRefused(RuntimeError):
    """A demo mail became no ticket: its content or the intake has an error."""


def message_of(contact: Contact, body: str, files: list[KeptFile], dice: Random) -> MessageContent:
    return MessageContent(
        body=body,
        rfc_message_id=message_id(contact, dice),
        sender_name=contact.name,
        sender_address=contact.email,
        files=files,
    )


def message_id(contact: Contact, dice: Random) -> str:
    return f"{dice.getrandbits(64):016x}@{contact.email.rpartition('@')[2]}"


def compose_mail(
    contact: Contact, *, to: str, subject: str, body: str, dice: Random, at: datetime
) -> EmailMessage:
    """A mail as the contact's mail program sends it, a few seconds before it arrives."""
    mail = EmailMessage()
    mail["From"] = f"{contact.name} <{contact.email}>"
    mail["To"] = to
    mail["Subject"] = subject
    mail["Date"] = format_datetime(at - timedelta(seconds=dice.randint(2, 20)))
    mail["Message-ID"] = f"<{message_id(contact, dice)}>"
    mail["X-Mailer"] = dice.choice(CLIENTS)
    mail.set_content(body)
    return mail


def attach_files(mail: EmailMessage, files: list[NewFile]) -> None:
    for file in files:
        main, _slash, sub = file.content_type.partition("/")
        mail.add_attachment(file.data, maintype=main, subtype=sub, filename=file.name)


def make_answer(mail: EmailMessage, ticket: Ticket, mailbox: Mailbox) -> EmailMessage:
    """Make the mail a reply to the last mail that the desk sent on the ticket."""
    last = ticket.outbound.exclude(message=None).order_by("-created_at", "-pk").first()
    if last is not None:
        mail["In-Reply-To"] = mail["References"] = f"<{last.rfc_message_id}>"
        mail.replace_header("To", reply_address(mailbox.address, ticket.pk))
    return mail


def deliver_mail(mail: EmailMessage, *, at: datetime) -> InboundEmail:
    """Deliver the mail to the desk at ``at`` and process it. Not inside a transaction."""
    row = receive_raw(
        raw=mail.as_bytes(),
        received_at=at,
        via="smtp",
        envelope_from=mail["From"].addresses[0].addr_spec,
        envelope_to=[mail["To"].addresses[0].addr_spec],
    )
    processed = process(row.pk, now=at + PROCESSING_TAKES) or row
    if processed.error:
        raise IntakeRefused(processed.error)
    return processed


def ticket_of(row: InboundEmail) -> Ticket:
    if row.ticket is None:
        raise IntakeRefused(f"{row.subject}: {row.reason}")
    return row.ticket

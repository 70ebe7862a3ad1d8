"""Values of one mail on its way in: what was read in it, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr

from django.conf import settings

from tickets.choices import IntakeState
from tickets.mail.classify import Classification, classify
from tickets.mail.parse import parse
from tickets.mail.threading import signing_keys
from tickets.mail.values import Address, ParsedMail
from tickets.message_content import MessageContent, NewFile
from tickets.models import InboundEmail, Mailbox, Message, Ticket
from tickets.services.mailboxes import Mailboxes

NOBODY = Address("", "")
_WITH_ENVELOPE = ("lmtp", "smtp")


@dataclass(frozen=True)
class IncomingMail:
    """A stored mail, parsed and classified.

    ``author`` wrote it: its sender, or the original sender of a mail that a colleague forwarded; NOBODY when the mail
    names nobody. ``now`` is the time of processing, ``received_at`` never lies after it.
    """

    row: InboundEmail
    mail: ParsedMail
    author: Address
    classification: Classification
    mailboxes: Mailboxes
    mailbox: Mailbox
    received_at: datetime
    now: datetime
    is_released: bool = False

    def content(self, *, is_unconfirmed: bool = False) -> MessageContent:
        """The message to store. It counts as automatic when nobody would read an acknowledgement of it."""
        new_text, quoted_text = self.mail.new_text.strip(), self.mail.quoted_text.strip()
        return MessageContent(
            body=new_text or quoted_text,
            quoted=quoted_text if new_text else "",
            html=self.mail.html or "",
            rfc_message_id=self.mail.message_id,
            sender_name=self.author.name,
            sender_address=self.author.email,
            is_automatic=not self.classification.may_be_acknowledged,
            is_unconfirmed=is_unconfirmed,
            files=[
                NewFile(file.name, file.data, file.content_type, file.content_id, file.is_inline)
                for file in self.mail.attachments
            ],
        )


def read_mail(row: InboundEmail, mailboxes: Mailboxes, *, now: datetime, is_released: bool) -> IncomingMail:
    """Parse and classify a stored mail. Raises UnreadableMail."""
    mail = parse(bytes(row.raw))
    classification = classify(
        mail,
        own_addresses=mailboxes.addresses,
        secrets=signing_keys(),
        envelope_from=row.envelope_from if row.via in _WITH_ENVELOPE else None,
        loop_name=parseaddr(settings.DESK_ADDRESS)[1],
    )
    return IncomingMail(
        row=row,
        mail=mail,
        author=mail.sender or NOBODY,
        classification=classification,
        mailboxes=mailboxes,
        mailbox=mailboxes.by_id(row.mailbox_id) or row.mailbox,
        received_at=min(row.received_at, now),
        now=now,
        is_released=is_released,
    )


@dataclass(frozen=True)
class IntakeOutcome:
    """Where a mail went. ``reason`` is a sentence for the list of mails.

    Of a new ticket the message is its first one and is not named here.
    """

    state: IntakeState
    reason: str = ""
    ticket: Ticket | None = None
    message: Message | None = None
    is_new_ticket: bool = False

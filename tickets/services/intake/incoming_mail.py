"""Values of one mail on its way in: what arrived, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tickets.choices import IntakeState
from tickets.mail.classify import Classification, MailKind
from tickets.mail.values import Address, ParsedAttachment, ParsedMail
from tickets.message_content import MessageContent, NewFile
from tickets.models import InboundEmail, Message, Ticket
from tickets.services.mailboxes import Mailboxes


@dataclass(frozen=True)
class IncomingMail:
    """A stored mail, read and classified. ``now`` is the time of processing, ``received_at`` never lies after it.

    ``author`` wrote it: its sender, or whoever wrote the mail that a colleague forwarded.
    """

    row: InboundEmail
    mail: ParsedMail
    author: Address | None
    found: Classification
    boxes: Mailboxes
    now: datetime
    is_released: bool = False

    @property
    def received_at(self) -> datetime:
        return min(self.row.received_at, self.now)

    @property
    def sender_address(self) -> str:
        return self.author.email if self.author else ""

    @property
    def sender_name(self) -> str:
        return self.author.name if self.author else ""

    @property
    def kind(self) -> MailKind:
        return self.found.kind

    @property
    def is_automatic(self) -> bool:
        """Nobody is there to read an acknowledgement, as after mail of machines and of lists."""
        return not self.found.may_be_acknowledged

    @property
    def is_cut(self) -> bool:
        """Too large: only the head was kept."""
        return self.row.size > len(self.row.raw)

    def words(self, *, is_unconfirmed: bool = False) -> MessageContent:
        new, quoted = self.mail.new_text.strip(), self.mail.quoted_text.strip()
        return MessageContent(
            body=new or quoted,
            quoted=quoted if new else "",
            html=self.mail.html or "",
            rfc_message_id=self.mail.message_id,
            sender_name=self.sender_name,
            sender_address=self.sender_address,
            is_automatic=self.is_automatic,
            is_unconfirmed=is_unconfirmed,
            files=[_file(attachment) for attachment in self.mail.attachments],
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

    @classmethod
    def opened(cls, ticket: Ticket) -> IntakeOutcome:
        return cls(IntakeState.PROCESSED, ticket=ticket, is_new_ticket=True)

    @classmethod
    def parked(cls, reason: str) -> IntakeOutcome:
        return cls(IntakeState.PARKED, reason)

    @classmethod
    def kept(cls, ticket: Ticket | None, message: Message | None, reason: str = "") -> IntakeOutcome:
        return cls(IntakeState.PROCESSED, reason, ticket, message)


def _file(attachment: ParsedAttachment) -> NewFile:
    return NewFile(
        attachment.name,
        attachment.data,
        attachment.content_type,
        attachment.content_id,
        attachment.is_inline,
    )

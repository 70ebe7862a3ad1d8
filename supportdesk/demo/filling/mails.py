"""The rows of mail: what came with its raw bytes, what left, and what the search knows of both."""

from __future__ import annotations

import zlib
from base64 import b64encode
from datetime import datetime, timedelta
from random import Random

from supportdesk.demo.filling.staffing import FilledCompany
from supportdesk.demo.filling.story import TicketStory, WrittenMessage
from supportdesk.demo.filling.tables import RowSink, TableRows, json_text
from supportdesk.demo.filling.texts import Text, Texts
from tickets.choices import IntakeState, MailPurpose, OutboxState
from tickets.models import InboundEmail, InboundTokens, OutboundEmail, OutboundTokens, RawMail
from tickets.models.ticket import ticket_number
from tickets.services.intake.sender_turns import turn_of
from tickets.services.intake.storing import fingerprint_of

DOMAIN = "desk.example"
# A number of seven digits would be one of a telephone to the search.
LETTERS = str.maketrans("0123456789", "ghijklmnop")
DELIVERED_IN = timedelta(seconds=3)
RAW = (
    "From: {name} <{address}>\r\nTo: support@{domain}\r\nSubject: {subject}\r\nDate: {date}\r\n"
    "Message-ID: <{mail_id}>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
    "Content-Transfer-Encoding: 8bit\r\n\r\n{body}\r\n"
)


class Mails:
    def __init__(self, sink: RowSink, texts: Texts, dice: Random, mailbox: int) -> None:
        self.sink, self.texts, self.dice, self.mailbox = sink, texts, dice, mailbox
        self.turns: dict[str, int] = {}
        self.addresses: dict[str, str] = {}
        self.inbound = TableRows(
            sink, InboundEmail, "id", "mailbox_id", "raw", "is_moved", "size", "fingerprint", "rfc_message_id", "turn",
            "via", "envelope_from", "received_at", "stored_at", "state", "kind", "attempts", "sender", "subject",
            "ticket_id", "message_id",
        )  # fmt: skip
        self.raw = TableRows(sink, RawMail, "mail_id", "data", "is_packed")
        self.inbound_tokens = TableRows(sink, InboundTokens, "mail_id", "tokens")
        self.outbound = TableRows(
            sink, OutboundEmail, "id", "purpose", "ticket_id", "message_id", "rfc_message_id", "sender", "recipients",
            "subject", "text", "headers", "state", "created_at", "next_try_at", "attempts", "accepted_at", "answer",
            "work_id",
        )  # fmt: skip
        self.outbound_tokens = TableRows(sink, OutboundTokens, "mail_id", "tokens")
        self.tables = [self.inbound, self.raw, self.inbound_tokens, self.outbound, self.outbound_tokens]

    def customers_id(self, company: FilledCompany) -> str:
        return f"{self._token()}@{company.address.partition('@')[2]}"

    def our_id(self, ticket: int) -> str:
        return f"sd.{ticket}.{self._token()}@{DOMAIN}"

    def _token(self) -> str:
        return f"{self.dice.getrandbits(64):016x}".translate(LETTERS)

    def received(self, story: TicketStory, message: WrittenMessage, text: Text, mail_id: str) -> None:
        company, key, at = story.company, self.inbound.key(), message.at
        raw = RAW.format(
            name=_encoded(company.contact_name), address=company.address, domain=DOMAIN,
            subject=_encoded(story.subject.text), date=f"{at:%d %b %Y %H:%M:%S} +0000",
            mail_id=mail_id, body=text.text.replace("\n", "\r\n"),
        ).encode()  # fmt: skip
        self.inbound.write(
            key, self.mailbox, b"", True, len(raw), fingerprint_of(raw), mail_id, self._turn(company), "smtp",
            company.address, at, at + timedelta(seconds=1), IntakeState.PROCESSED, "person", 1, company.address,
            story.subject.text, story.ticket, message.key,
        )  # fmt: skip
        self.raw.write(key, _packed(raw), True)
        words = f"{self._address(company.address)} {story.subject.tokens} {self._id_words(mail_id)}"
        self.inbound_tokens.write(key, words)

    def sent(
        self, story: TicketStory, at: datetime, purpose: MailPurpose, *, to: str, subject: str, text: str,
        message: int | None = None, mail_id: str = "", prefix: str = "",
    ) -> int:  # fmt: skip
        """The key of the mail, which a server took some seconds later."""
        key, mail_id = self.outbound.key(), mail_id or self.our_id(story.ticket)
        number, reached_at = ticket_number(story.ticket), at + DELIVERED_IN
        answers = story.mail_ids[-1:] if purpose != MailPurpose.NOTIFICATION else []
        headers = {"In-Reply-To": f"<{answers[0]}>", "References": f"<{answers[0]}>"} if answers else {}
        line = f"{prefix}{subject} [{number}]"
        self.outbound.write(
            key, purpose, story.ticket, message, mail_id, f"Support desk <support@{DOMAIN}>", json_text([to]), line,
            f"{text}\n\n-- \nSupport desk · {number}", json_text(headers), OutboxState.ACCEPTED, at, reached_at, 1,
            reached_at, "250 2.0.0 Ok: queued", "",
        )  # fmt: skip
        own = self.texts.filled(f"{prefix} [SD#{{0}}]", str(story.ticket))
        words = f"{story.subject.tokens} {own.tokens} {self._address(to)} {self._id_words(mail_id)}"
        self.outbound_tokens.write(key, words)
        return key

    def _turn(self, company: FilledCompany) -> int:
        if company.address not in self.turns:
            self.turns[company.address] = turn_of(company.address.encode())
        return self.turns[company.address]

    def _address(self, address: str) -> str:
        if address not in self.addresses:
            self.addresses[address] = self.texts.text(address).tokens
        return self.addresses[address]

    def _id_words(self, mail_id: str) -> str:
        local, _at, domain = mail_id.partition("@")
        first, *more = local.split(".")
        if more:
            return self.texts.filled(f"{first}.{{0}}.{{1}}@{domain}", *more).tokens
        return self.texts.filled(f"{{0}}@{domain}", first).tokens


def _encoded(text: str) -> str:
    """The text as one encoded word, which is longer than the 75 characters of RFC 2047 at times; programs read it."""
    return text if text.isascii() else f"=?utf-8?b?{b64encode(text.encode()).decode()}?="


def _packed(raw: bytes) -> bytes:
    """With a small window, which is made many times as quickly."""
    packing = zlib.compressobj(1, zlib.DEFLATED, 10, 3)
    return packing.compress(raw) + packing.flush()

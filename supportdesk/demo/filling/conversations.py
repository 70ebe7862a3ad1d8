"""The rows of what is said in a ticket: the ticket, its messages with their tokens, its timeline."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from random import Random

from supportdesk.demo.filling.story import TicketStory, WrittenMessage
from supportdesk.demo.filling.tables import RowSink, TableRows, json_text
from supportdesk.demo.filling.texts import Text, Texts
from tickets.choices import Channel, Fact, MessageKind, OwnerRule, Status
from tickets.models import Message, MessageTokens, Ticket, TimelineEntry
from tickets.search.indexing import SPANS, span_token
from tickets.words_digest import SALT_BYTES, digest_of

CLOSED_AFTER = timedelta(days=3)
SPAN_BITS = SPANS[0]


class Conversations:
    def __init__(self, sink: RowSink, texts: Texts, dice: Random, mailbox: int) -> None:
        self.sink, self.texts, self.dice, self.mailbox = sink, texts, dice, mailbox
        self.spans: dict[int, str] = {}
        self.writers: dict[tuple[str, str], str] = {}
        self.tickets = TableRows(
            sink, Ticket, "id", "subject", "status", "priority", "channel", "customer_id", "contact_id", "owner_id",
            "mailbox_id", "language", "opened_at", "updated_at", "unanswered_since", "resolved_at", "closed_at",
        )  # fmt: skip
        self.messages = TableRows(
            sink, Message, "id", "ticket_id", "kind", "channel", "author_id", "contact_id", "sender_name",
            "sender_address", "at", "created_at", "body", "reached", "is_automatic", "rfc_message_id", "salt",
        )  # fmt: skip
        self.tokens = TableRows(sink, MessageTokens, "message_id", "ticket_id", "tokens")
        self.timeline = TableRows(
            sink, TimelineEntry, "id", "ticket_id", "at", "fact", "actor_id", "data", "reason"
        )
        self.tables = [self.tickets, self.messages, self.tokens, self.timeline]

    def asked(self, story: TicketStory, at: datetime, text: Text, *, mail_id: str) -> WrittenMessage:
        """The customer wrote or, without a mail, called somebody who wrote it down."""
        company = story.company
        if mail_id:
            sender = (company.contact_name, company.address)
            message = self._message(story, MessageKind.INBOUND, at, text.text, sender=sender, mail_id=mail_id)
        else:
            message = self._message(story, MessageKind.INBOUND, at, text.text, author=company.manager)
        self._find(
            story, message, text.tokens, (company.contact_name, company.address) if mail_id else ("", "")
        )
        return message

    def answered(
        self, story: TicketStory, at: datetime, text: Text, *, author: int, mail_id: str
    ) -> WrittenMessage:
        kind = MessageKind.OUTBOUND if mail_id else MessageKind.CONTACT
        reached = "" if mail_id else story.company.contact_name
        message = self._message(story, kind, at, text.text, author=author, mail_id=mail_id, reached=reached)
        self._find(story, message, text.tokens, ("", reached))
        self.tell(story, at, Fact.STAFF_RESPONDED, author, {"message": message.key, "kind": str(kind)})
        return message

    def noted(self, story: TicketStory, at: datetime, text: Text, *, author: int) -> None:
        message = self._message(story, MessageKind.NOTE, at, text.text, author=author)
        self._find(story, message, text.tokens, ("", ""))
        self.tell(story, at, Fact.NOTED, author, {"message": message.key})

    def handed_over(self, story: TicketStory, at: datetime, *, before: int, text: str, reason: str) -> None:
        """The desk's own note, which nobody looks for, and the line about the new owner."""
        self._message(story, MessageKind.NOTE, at, text, is_automatic=True)
        data = {"before": before, "after": story.owner, "rule": OwnerRule.ESCALATION.value}
        self.tell(story, at, Fact.OWNER, None, data, reason)

    def set_status(
        self, story: TicketStory, at: datetime, status: str, actor: int | None, reason: str = ""
    ) -> None:
        if status != story.status:
            data = {"before": str(story.status), "after": str(status)}
            self.tell(story, at, Fact.STATUS, actor, data, reason)
            story.status = status

    def tell(
        self,
        story: TicketStory,
        at: datetime,
        fact: str,
        actor: int | None,
        data: Mapping[str, object],
        reason: str = "",
    ) -> None:
        story.last_at = at
        self.timeline.write(self.timeline.key(), story.ticket, at, fact, actor, json_text(data), reason)

    def end(self, story: TicketStory) -> None:
        """The ticket itself, as it is now: resolved with its last answer and closed some days later, if it ended."""
        resolved_at = closed_at = None
        if story.status == Status.RESOLVED:
            resolved_at = story.last_at
            if resolved_at is not None and resolved_at + CLOSED_AFTER < story.now:
                closed_at = resolved_at + CLOSED_AFTER
                self.set_status(story, closed_at, Status.CLOSED, story.owner)
        owed = story.promise
        self.tickets.write(
            story.ticket, story.subject.text, story.status, int(story.life.priority), story.channel,
            story.company.customer, story.company.contact, story.owner, self.mailbox, str(story.company.language),
            story.opened_at, story.last_at, owed.started_at if owed is not None else None, resolved_at, closed_at,
        )  # fmt: skip

    def _message(
        self, story: TicketStory, kind: str, at: datetime, body: str, *, author: int | None = None,
        sender: tuple[str, str] = ("", ""), mail_id: str = "", reached: str = "", is_automatic: bool = False,
    ) -> WrittenMessage:  # fmt: skip
        salt, key, iso = self.dice.randbytes(SALT_BYTES), self.messages.key(), at.isoformat()
        contact = None if kind == MessageKind.NOTE else story.company.contact
        channel = Channel.EMAIL if mail_id or kind == MessageKind.NOTE else story.channel
        self.messages.write(
            key,
            story.ticket,
            kind,
            channel,
            author,
            contact,
            *sender,
            at,
            at,
            body,
            reached,
            is_automatic,
            mail_id,
            salt,
        )  # fmt: skip
        story.last_at = at
        digest = digest_of(salt, body, "", "", reached, sender[1], iso, iso if author is None else "")
        return WrittenMessage(key, at, digest)

    def _find(self, story: TicketStory, message: WrittenMessage, words: str, writer: tuple[str, str]) -> None:
        if writer not in self.writers:
            self.writers[writer] = self.texts.text("\n".join(writer)).tokens
        span = message.key >> SPAN_BITS
        if span not in self.spans:
            self.spans[span] = self.sink.tokens([span_token(bits, message.key >> bits) for bits in SPANS])
        tokens = f"{story.subject.tokens} {words} {self.writers[writer]} {self.spans[span]}"
        self.tokens.write(message.key, story.ticket, tokens)

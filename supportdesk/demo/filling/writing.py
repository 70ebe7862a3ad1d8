"""Writes all rows of one ticket after another, turn by turn, as the services would have."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from supportdesk.demo.filling.conversations import Conversations
from supportdesk.demo.filling.lives import Life
from supportdesk.demo.filling.mails import Mails
from supportdesk.demo.filling.promises import DeskTerms, Promises
from supportdesk.demo.filling.staffing import FilledCompany, Staffing
from supportdesk.demo.filling.story import TicketStory
from supportdesk.demo.filling.tables import AT_ONCE, RowSink, TableRows
from supportdesk.demo.filling.texts import Texts
from tickets.choices import Channel, Fact, MailPurpose, OwnerRule, Status

SLOW = 0.25  # of the answers come after the first reminder
CUSTOMER_WROTE = "The customer wrote."  # as tickets.services gives it, to be translated for the reader
ACKNOWLEDGEMENT = (
    "Thank you for your message. It is ticket SD#{ticket}, and we will reply by {due:%Y-%m-%d %H:%M} UTC."
)


class TicketWriter:
    def __init__(
        self, sink: RowSink, terms: DeskTerms, people: Staffing, dice: Random, *, mailbox: int, now: datetime
    ) -> None:
        self.terms, self.people, self.dice, self.now = terms, people, dice, now
        self.texts = Texts(dice, sink.tokens)
        self.conversations = Conversations(sink, self.texts, dice, mailbox)
        self.mails = Mails(sink, self.texts, dice, mailbox)
        self.promises = Promises(sink, terms, people, self.conversations, self.mails)
        # Rows refer to those of tables before theirs.
        self.tables: list[TableRows] = [*self.conversations.tables, *self.mails.tables, *self.promises.tables]

    def write(self, life: Life, company: FilledCompany) -> None:
        story = self._story(life, company)
        for turn, at in zip(life.turns, self._times(story), strict=False):
            match turn:
                case "c" | "p":
                    self._ask(story, at, is_call=turn == "p")
                case "r" | "l" | "k":
                    self._answer(story, at, is_call=turn == "k")
                case "n":
                    text = self.dice.choice(self.texts.pools[company.language].notes)
                    self.conversations.noted(story, at, text, author=story.owner)
        self.promises.leave_open(story)
        if not (life.is_open or life.is_waiting) and story.last_at is not None:
            self.conversations.set_status(story, story.last_at, Status.RESOLVED, story.owner)
        self.conversations.end(story)
        if len(self.conversations.messages.rows) >= AT_ONCE:
            self.flush()

    def flush(self) -> None:
        for table in self.tables:
            table.flush()

    def _story(self, life: Life, company: FilledCompany) -> TicketStory:
        window = timedelta(minutes=self.terms.minutes[life.priority])
        subject = self.texts.subject(company.language)
        ticket = self.conversations.tickets.key()
        return TicketStory(ticket, company, life, subject, window, company.manager, life.at, self.now)

    def _times(self, story: TicketStory) -> list[datetime]:
        """When each turn takes place. The last question of an open ticket came at the life's time."""
        life = story.life
        offsets = list(self._offsets(life.turns, story.window))
        last = len(life.turns.rstrip("!")) - 1
        story.opened_at = life.at - offsets[last] if life.is_open else life.at
        return [story.opened_at + offset for offset in offsets]

    def _offsets(self, turns: str, window: timedelta) -> Iterator[timedelta]:
        at = asked = timedelta()
        pause = 40 if len(turns) > 20 else 1_500  # minutes until the customer writes again
        for place, turn in enumerate(turns):
            match turn:
                case "c" | "p":
                    at += (
                        timedelta(minutes=round(self.dice.uniform(0.1, 1) * pause)) if place else timedelta()
                    )
                    asked = at
                case "r" | "k":
                    share = (
                        self.dice.uniform(0.5, 0.9)
                        if self.dice.random() < SLOW
                        else self.dice.uniform(0.05, 0.48)
                    )
                    at = asked + timedelta(seconds=round(share * window.total_seconds()))
                case "l":
                    at = asked + timedelta(
                        seconds=round(self.dice.uniform(1.05, 1.4) * window.total_seconds())
                    )
                case "n":
                    at += timedelta(seconds=round(0.02 * window.total_seconds()))
            yield at

    def _ask(self, story: TicketStory, at: datetime, *, is_call: bool) -> None:
        company, is_first = story.company, story.last_at is None
        story.channel = Channel.PHONE if is_call else Channel.EMAIL
        text = self.texts.with_tail(
            self.dice.choice(self.texts.pools[company.language].questions), company.language
        )
        mail_id = "" if is_call else self.mails.customers_id(company)
        asked = self.conversations.asked(story, at, text, mail_id=mail_id)
        if is_first:
            data = {"owner": story.owner, "rule": OwnerRule.ACCOUNT_MANAGER.value, "message": asked.key}
            self.conversations.tell(story, at, Fact.OPENED, company.manager if is_call else None, data)
        else:
            self.conversations.tell(story, at, Fact.CUSTOMER_WROTE, None, {"message": asked.key})
            self.conversations.set_status(story, at, Status.OPEN, None, CUSTOMER_WROTE)
        if mail_id:
            story.mail_ids = [mail_id]
            self.mails.received(story, asked, text, mail_id)
        self.promises.begin(story, asked)
        if is_first and mail_id:
            self._acknowledge(story, at)

    def _acknowledge(self, story: TicketStory, at: datetime) -> None:
        text = ACKNOWLEDGEMENT.format(ticket=story.ticket, due=at + story.window)
        self.mails.sent(
            story, at, MailPurpose.ACKNOWLEDGEMENT, to=story.company.address, subject=story.subject.text, text=text,
            prefix="Re: ",
        )  # fmt: skip
        self.conversations.tell(story, at, Fact.ACKNOWLEDGED, None, {})

    def _answer(self, story: TicketStory, at: datetime, *, is_call: bool) -> None:
        company = story.company
        if story.promise is not None:
            self.promises.pass_time(story, story.promise, until=at)
        text = self.texts.with_tail(
            self.dice.choice(self.texts.pools[company.language].answers), company.language
        )
        author, mail_id = story.owner, "" if is_call else self.mails.our_id(story.ticket)
        answer = self.conversations.answered(story, at, text, author=author, mail_id=mail_id)
        if mail_id:
            self.mails.sent(
                story, at, MailPurpose.REPLY, to=company.address, subject=story.subject.text, text=text.text,
                message=answer.key, mail_id=mail_id, prefix="Re: ",
            )  # fmt: skip
        self.promises.answer(story, answer, author)
        self.conversations.set_status(story, at, Status.WAITING, author)

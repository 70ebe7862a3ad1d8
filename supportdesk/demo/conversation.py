"""One conversation from its first words to its end: a script, acted by whoever owns the ticket at the time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from django.contrib.auth.models import User

from customers.models import Contact, Customer
from escalation.models import Clock
from supportdesk.demo import letters, pace, replies
from supportdesk.demo.agenda import Act
from supportdesk.demo.files import made
from supportdesk.demo.replies import Answer
from supportdesk.demo.scripts import Script, Speaker, Turn
from supportdesk.demo.triage import perhaps_triage
from supportdesk.demo.wording import Wording
from supportdesk.demo.world import World
from tickets.choices import Channel, Priority, Status
from tickets.models import Ticket
from tickets.services.conversation import add_customer_message, add_note
from tickets.services.opening import open_ticket
from tickets.services.ownership import assign
from tickets.services.state import set_status
from tickets.words import NewFile

WRITTEN_DOWN_AFTER = timedelta(minutes=3)  # a call or group message, by hand
NEVER_ANSWERS_AGAIN = 0.1
IS_CLOSED = 0.75
CHANNELS = {Speaker.CALL: Channel.PHONE, Speaker.GROUP: Channel.GROUP}


@dataclass(frozen=True)
class Opening:
    """Who asks what. `risk` is the chance of each late answer; `share` fixes when the first one comes.

    With `is_left_alone` nobody at the desk does anything.
    """

    at: datetime
    script: Script
    priority: int
    contact: Contact
    channel: Channel = Channel.EMAIL
    risk: float = 0.07
    share: float | None = None
    is_left_alone: bool = False


class Conversation:
    """Its acts are put on the agenda one after the other, each from the one before."""

    def __init__(self, opening: Opening, world: World, dice: Random) -> None:
        self.opening, self.world, self.dice = opening, world, dice
        contact = opening.contact
        self.wording = Wording(
            opening.script,
            dice,
            first_name=first_name(contact, opening.script),
            full_name=contact.name,
            company=contact.customer.name if contact.customer else "",
        )
        self.place = 0
        self.ticket_id = 0

    def begin(self, at: datetime) -> None:
        """The customer's first words."""
        body = self.wording.ask(self.opening.channel)
        ticket = self._by_mail(body, at) if self._is_raw(at) else self._by_service(body, at)
        self.ticket_id = ticket.pk
        if not self.opening.is_left_alone:
            perhaps_triage(self.world.agenda, ticket, self.wording, at=at)
            self._go_on(at)

    @property
    def customer(self) -> Customer | None:
        return self.opening.contact.customer

    def _is_raw(self, at: datetime) -> bool:
        return self.opening.channel == Channel.EMAIL and at >= self.world.raw_since

    def _by_mail(self, body: str, at: datetime) -> Ticket:
        box = self.world.boxes[self.opening.priority]
        mail = letters.written(
            self.opening.contact, to=box.address, subject=self.wording.subject, body=body,
            dice=self.dice, at=at,
        )  # fmt: skip
        letters.enclose(mail, made(self.opening.script.file, self.dice))
        return letters.ticket_of(letters.post(mail, at=at))

    def _by_service(self, body: str, at: datetime) -> Ticket:
        is_mail = self.opening.channel == Channel.EMAIL
        words = letters.words_of(
            self.opening.contact, body, made(self.opening.script.file, self.dice), self.dice
        )
        return open_ticket(
            subject=self.wording.subject,
            words=words,
            received_at=at if is_mail else at - WRITTEN_DOWN_AFTER,
            at=at,
            priority=self.opening.priority,
            actor=None if is_mail else self._who_notes(at),
            customer=self.customer,
            contact=self.opening.contact,
            channel=self.opening.channel,
            mailbox=self.world.boxes[self.opening.priority] if is_mail else None,
            language=self.opening.script.language,
        )

    def _who_notes(self, at: datetime) -> User:
        """Whoever picks up the phone or reads the group."""
        on_duty = self.world.rota.shifts.filter(starts_at__lte=at, ends_at__gt=at).select_related("user")
        if self.opening.channel == Channel.PHONE and (shift := on_duty.first()) is not None:
            return shift.user
        manager = self.customer.account_manager if self.customer else None
        return manager or self.world.users["aisha.rahman"]

    def _go_on(self, at: datetime) -> None:
        """Put the next act on the agenda."""
        turns = self.opening.script.turns
        if self.place >= len(turns):
            self._end(at)
            return
        match turns[self.place].by:
            case Speaker.CUSTOMER:
                self._await_customer(at)
            case Speaker.NOTE:
                self._later(at + pace.minutes(self.dice, 3, 25), self._note)
            case _:
                self._later(self._answer_time(at), self._answer)

    def _later(self, at: datetime, act: Act) -> None:
        self.world.agenda.add(at, act)

    def _await_customer(self, at: datetime) -> None:
        if self.opening.priority >= Priority.P2 and self.dice.random() < NEVER_ANSWERS_AGAIN:
            self._later(at + timedelta(days=self.dice.uniform(4, 6)), self._give_up)
            return
        zone = self.opening.contact.zone
        moment = pace.customer_at(at, dice=self.dice, priority=self.opening.priority, zone=zone)
        self._later(moment, self._hear)

    def _answer_time(self, at: datetime) -> datetime:
        clock = Clock.objects.open().filter(ticket=self.ticket_id).order_by("due_at").first()
        if clock is None:
            return at + pace.minutes(self.dice, *pace.UPDATE_MINUTES[Priority(self.opening.priority)])
        share = self.opening.share if self.place == 0 else None
        after = at + pace.minutes(self.dice, 1, 4)
        return pace.answer_at(
            clock, dice=self.dice, risk=self.opening.risk, zone=self._zone(), after=after, share=share
        )

    def _zone(self) -> str:
        return self._ticket().owner.staff_profile.time_zone

    def _ticket(self) -> Ticket:
        people = ("owner__staff_profile", "customer", "contact")
        return Ticket.objects.select_related(*people).get(pk=self.ticket_id)

    def _turn(self) -> Turn:
        self.place += 1
        return self.opening.script.turns[self.place - 1]

    def _hear(self, at: datetime) -> None:
        """The customer writes again, the way they wrote first; after a phone call by mail."""
        ticket, turn = self._ticket(), self._turn()
        files = made(turn.file, self.dice)
        if self._is_noted:
            self._hear_by_hand(ticket, self.wording.plain(turn), files, at)
        elif at >= self.world.raw_since:
            self._hear_by_mail(ticket, self.wording.customer(turn), files, at)
        else:
            contact = self.opening.contact
            words = letters.words_of(contact, self.wording.customer(turn), files, self.dice)
            add_customer_message(ticket=ticket, words=words, received_at=at, at=at, contact=contact)
        self._go_on(at)

    @property
    def _is_noted(self) -> bool:
        """The conversation goes on in a group or chat, and a colleague writes it down."""
        return self.opening.channel in (Channel.GROUP, Channel.CHAT)

    def _hear_by_hand(self, ticket: Ticket, body: str, files: list[NewFile], at: datetime) -> None:
        contact = self.opening.contact
        add_customer_message(
            ticket=ticket,
            words=letters.words_of(contact, body, files, self.dice),
            received_at=at - WRITTEN_DOWN_AFTER,
            at=at,
            contact=contact,
            channel=self.opening.channel,
            actor=self._who_notes(at),
        )

    def _hear_by_mail(self, ticket: Ticket, body: str, files: list[NewFile], at: datetime) -> None:
        box = self.world.boxes[self.opening.priority]
        subject = f"Re: {ticket.subject}"
        mail = letters.written(
            self.opening.contact, to=box.address, subject=subject, body=body, dice=self.dice, at=at
        )
        letters.answering(mail, ticket, box)
        letters.enclose(mail, files)
        letters.post(mail, at=at)

    def _answer(self, at: datetime) -> None:
        """Whoever owns the ticket now answers, or their deputy while they are away."""
        ticket, turn = self._ticket(), self._turn()
        replies.give(
            self._words(ticket, turn, at), ticket, author=self.world.present(ticket.owner, at), at=at
        )
        self._perhaps_give_back(ticket, at)
        self._go_on(at)

    def _words(self, ticket: Ticket, turn: Turn, at: datetime) -> Answer:
        then, reached = turn.then or self._state_after(), self.opening.contact.name
        if turn.by != Speaker.STAFF:
            return Answer(self.wording.plain(turn), CHANNELS[turn.by], reached, then)
        if self._is_noted:
            return Answer(self.wording.plain(turn), self.opening.channel, reached, then)
        late = Clock.objects.open().filter(ticket=ticket, due_at__lt=at).exists()
        body = self.wording.staff(turn, late=late)
        enclosed = turn.file or ("advice" if promises_a_file(body) else "")
        return Answer(body, Channel.EMAIL, reached, then, made(enclosed, self.dice))

    def _state_after(self) -> Status:
        turns = self.opening.script.turns
        if self.opening.script.is_last_answer(self.place - 1):
            return Status.RESOLVED
        return Status.WAITING if turns[self.place].by == Speaker.CUSTOMER else Status.OPEN

    def _note(self, at: datetime) -> None:
        ticket, turn = self._ticket(), self._turn()
        add_note(
            ticket=ticket, actor=self.world.present(ticket.owner, at), at=at, body=self.wording.plain(turn)
        )
        self._go_on(at)

    def _perhaps_give_back(self, ticket: Ticket, at: datetime) -> None:
        """Whoever was escalated to hands the ticket back to the account manager when the fire is out."""
        manager = ticket.customer.account_manager if ticket.customer else None
        if manager is None or manager == ticket.owner or self.dice.random() < 0.4:
            return
        if self.place < len(self.opening.script.turns) and ticket.priority != Priority.P0:
            back = self.world.present(manager, at)
            reason = self.wording.one_of("give_back")
            assign(ticket=ticket, to=back, actor=self.world.present(ticket.owner, at), at=at, reason=reason)

    def _give_up(self, at: datetime) -> None:
        ticket = self._ticket()
        reason = self.wording.one_of("silence")
        set_status(ticket=ticket, status=Status.RESOLVED, actor=ticket.owner, at=at, reason=reason)
        self._end(at)

    def _end(self, at: datetime) -> None:
        if self.dice.random() < IS_CLOSED:
            self._later(at + timedelta(days=self.dice.uniform(3, 7)), self._close)

    def _close(self, at: datetime) -> None:
        ticket = self._ticket()
        if not pace.is_day(at, ticket.owner.staff_profile.time_zone):
            morning = pace.morning_after(at, ticket.owner.staff_profile.time_zone)
            self._later(morning + pace.minutes(self.dice, 5, 200), self._close)
        elif ticket.status == Status.RESOLVED:
            set_status(ticket=ticket, status=Status.CLOSED, actor=ticket.owner, at=at)


def promises_a_file(body: str) -> bool:
    return "附件" in body or "attached" in body or "I attach" in body


def first_name(contact: Contact, script: Script) -> str:
    """How the desk addresses a person; shared addresses and Chinese names are said in full."""
    local = contact.email.partition("@")[0]
    is_shared = local in ("ops", "alert", "voice-ops")
    return contact.name if is_shared or script.language != "en" else contact.name.partition(" ")[0]

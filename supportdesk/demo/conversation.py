"""One conversation from its first message to its end: a script, played by whoever owns the ticket at the time."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from random import Random

from django.contrib.auth.models import User

from escalation.models import Clock
from supportdesk.demo import replies, reply_delays
from supportdesk.demo.agenda import Act
from supportdesk.demo.customer_side import CustomerSide
from supportdesk.demo.files import make_file
from supportdesk.demo.openings import DemoQuestion
from supportdesk.demo.replies import DemoReply
from supportdesk.demo.scripts import ScriptLine, Speaker
from supportdesk.demo.triage import maybe_triage
from supportdesk.demo.world import World
from tickets.choices import Channel, Priority, Status
from tickets.models import Message, Ticket
from tickets.services.conversation import add_note, reply
from tickets.services.failed_responses import void_response
from tickets.services.ownership import assign
from tickets.services.status_and_priority import set_status

NEVER_ANSWERS_AGAIN = 0.1
IS_CLOSED = 0.75
IN_A_HURRY = 0.02
CHANNELS = {Speaker.CALL: Channel.PHONE, Speaker.GROUP: Channel.GROUP}


class DemoConversation:
    """A conversation whose acts are put on the agenda one after the other."""

    def __init__(self, opening: DemoQuestion, world: World, dice: Random) -> None:
        self.opening, self.world, self.dice = opening, world, dice
        self.customer_side = CustomerSide(opening, world, dice)
        self.wording = self.customer_side.wording
        self.place = 0
        self.ticket_id = 0

    def begin(self, at: datetime) -> None:
        """Send the customer's first message."""
        ticket = self.customer_side.first_words(at)
        self.ticket_id = ticket.pk
        if not self.opening.is_left_alone:
            maybe_triage(self.world.agenda, ticket, self.wording, at=at)
            self._begin_to_answer(at)

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
                self._later(at + reply_delays.minutes(self.dice, 3, 25), self._note)
            case _:
                self._later(self._answer_time(at), self._answer)

    def _begin_to_answer(self, at: datetime) -> None:
        """Start with an answer; now and then with a hasty reply that a lead voids."""
        is_usual = self.opening.priority == Priority.P0 or self.opening.is_noted
        if is_usual or not reply_delays.is_day(at, self._zone()) or self.dice.random() > IN_A_HURRY:
            self._go_on(at)
        else:
            self._later(at + reply_delays.minutes(self.dice, 4, 20), self._hurry)

    def _hurry(self, at: datetime) -> None:
        ticket = self._ticket()
        author = self.world.present(ticket.owner, at)
        hasty = reply(ticket=ticket, actor=author, at=at, body=self.wording.hasty())
        self._later(at + reply_delays.minutes(self.dice, 6, 25), partial(self._void, hasty))

    def _void(self, hasty: Message, at: datetime) -> None:
        boss = hasty.author.staff_profile.reports_to if hasty.author else None
        lead = User.objects.get(pk=(boss or self.world.users["priya.nair"]).pk)
        void_response(message=hasty, actor=lead, at=at, reason=self.wording.one_of("void"))
        self._go_on(at)

    def _later(self, at: datetime, act: Act) -> None:
        self.world.agenda.add(at, act)

    def _await_customer(self, at: datetime) -> None:
        if self.opening.priority >= Priority.P2 and self.dice.random() < NEVER_ANSWERS_AGAIN:
            self._later(at + timedelta(days=self.dice.uniform(4, 6)), self._give_up)
            return
        zone = self.opening.contact.zone
        moment = reply_delays.customer_at(at, dice=self.dice, priority=self.opening.priority, zone=zone)
        self._later(moment, self._hear)

    def _answer_time(self, at: datetime) -> datetime:
        clock = Clock.objects.open().filter(ticket=self.ticket_id).order_by("due_at").first()
        if clock is None:
            return at + reply_delays.minutes(
                self.dice, *reply_delays.UPDATE_MINUTES[Priority(self.opening.priority)]
            )
        share = self.opening.share if self.place == 0 else None
        after = at + reply_delays.minutes(self.dice, 1, 4)
        return reply_delays.answer_at(
            clock, dice=self.dice, risk=self.opening.risk, zone=self._zone(), after=after, share=share
        )

    def _zone(self) -> str:
        return self._ticket().owner.staff_profile.time_zone

    def _ticket(self) -> Ticket:
        people = ("owner__staff_profile", "customer", "contact")
        return Ticket.objects.select_related(*people).get(pk=self.ticket_id)

    def _turn(self) -> ScriptLine:
        self.place += 1
        return self.opening.script.turns[self.place - 1]

    def _hear(self, at: datetime) -> None:
        self.customer_side.next_words(self._ticket(), self._turn(), at)
        self._go_on(at)

    def _answer(self, at: datetime) -> None:
        """Answer as the ticket's current owner or, while they are away, their deputy."""
        ticket, turn = self._ticket(), self._turn()
        replies.send_reply(
            self._words(ticket, turn, at), ticket, author=self.world.present(ticket.owner, at), at=at
        )
        self._perhaps_give_back(ticket, at)
        self._go_on(at)

    def _words(self, ticket: Ticket, turn: ScriptLine, at: datetime) -> DemoReply:
        then, reached = turn.then or self._state_after(), self.opening.contact.name
        if turn.by != Speaker.STAFF:
            return DemoReply(self.wording.plain(turn), CHANNELS[turn.by], reached, then)
        if self.opening.is_noted:
            return DemoReply(self.wording.plain(turn), self.opening.channel, reached, then)
        late = Clock.objects.open().filter(ticket=ticket, due_at__lt=at).exists()
        body = self.wording.staff(turn, late=late)
        enclosed = turn.file or ("advice" if promises_a_file(body) else "")
        return DemoReply(body, Channel.EMAIL, reached, then, make_file(enclosed, self.dice))

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
        """After an escalation is over, sometimes hand the ticket back to the account manager."""
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
        if not reply_delays.is_day(at, ticket.owner.staff_profile.time_zone):
            morning = reply_delays.morning_after(at, ticket.owner.staff_profile.time_zone)
            self._later(morning + reply_delays.minutes(self.dice, 5, 200), self._close)
        elif ticket.status == Status.RESOLVED:
            set_status(ticket=ticket, status=Status.CLOSED, actor=ticket.owner, at=at)


def promises_a_file(body: str) -> bool:
    return "附件" in body or "attached" in body or "I attach" in body

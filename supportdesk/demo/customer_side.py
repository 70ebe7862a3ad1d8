"""The customer's side of a conversation: as raw mail, through the services, or entered by a colleague."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from django.contrib.auth.models import User

from customers.models import Contact
from supportdesk.demo import customer_mail
from supportdesk.demo.files import make_file
from supportdesk.demo.openings import DemoQuestion
from supportdesk.demo.scripts import Script, ScriptLine
from supportdesk.demo.wording import Wording
from supportdesk.demo.world import World
from tickets.choices import Channel
from tickets.message_content import NewFile
from tickets.models import Ticket
from tickets.services.conversation import add_customer_message
from tickets.services.opening import open_ticket
from tickets.services.stored_files import stored

WRITTEN_DOWN_AFTER = timedelta(minutes=3)  # a call or a group message, entered by hand


class CustomerSide:
    """What one contact writes, and how it reaches the desk."""

    def __init__(self, opening: DemoQuestion, world: World, dice: Random) -> None:
        self.opening, self.world, self.dice = opening, world, dice
        contact = opening.contact
        self.customer = contact.customer
        self.wording = Wording(
            opening.script,
            dice,
            first_name=first_name(contact, opening.script),
            full_name=contact.name,
            company=contact.customer.name if contact.customer else "",
        )

    def first_words(self, at: datetime) -> Ticket:
        body = self.wording.ask(self.opening.channel)
        is_raw = self.opening.channel == Channel.EMAIL and at >= self.world.raw_since
        return self._by_mail(body, at) if is_raw else self._by_service(body, at)

    def next_words(self, ticket: Ticket, turn: ScriptLine, at: datetime) -> None:
        """Send the contact's next message through the same channel as the first, or by mail after a phone call."""
        files = make_file(turn.file, self.dice)
        if self.opening.is_noted:
            self._hear_by_hand(ticket, self.wording.plain(turn), files, at)
        elif at >= self.world.raw_since:
            self._hear_by_mail(ticket, self.wording.customer(turn), files, at)
        else:
            contact = self.opening.contact
            words = self.wording.customer(turn)
            with stored(files, at=at) as kept:
                content = customer_mail.message_of(contact, words, kept, self.dice)
                add_customer_message(ticket=ticket, content=content, received_at=at, at=at, contact=contact)

    def _by_mail(self, body: str, at: datetime) -> Ticket:
        box = self.world.boxes[self.opening.priority]
        mail = customer_mail.compose_mail(
            self.opening.contact, to=box.address, subject=self.wording.subject, body=body,
            dice=self.dice, at=at,
        )  # fmt: skip
        customer_mail.attach_files(mail, make_file(self.opening.script.file, self.dice))
        return customer_mail.ticket_of(customer_mail.deliver_mail(mail, at=at))

    def _by_service(self, body: str, at: datetime) -> Ticket:
        is_mail = self.opening.channel == Channel.EMAIL
        with stored(make_file(self.opening.script.file, self.dice), at=at) as files:
            return open_ticket(
                subject=self.wording.subject,
                content=customer_mail.message_of(self.opening.contact, body, files, self.dice),
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

    def _hear_by_hand(self, ticket: Ticket, body: str, files: list[NewFile], at: datetime) -> None:
        contact = self.opening.contact
        with stored(files, at=at) as kept:
            add_customer_message(
                ticket=ticket,
                content=customer_mail.message_of(contact, body, kept, self.dice),
                received_at=at - WRITTEN_DOWN_AFTER,
                at=at,
                contact=contact,
                channel=self.opening.channel,
                actor=self._who_notes(at),
            )

    def _hear_by_mail(self, ticket: Ticket, body: str, files: list[NewFile], at: datetime) -> None:
        box = self.world.boxes[self.opening.priority]
        subject = f"Re: {ticket.subject}"
        mail = customer_mail.compose_mail(
            self.opening.contact, to=box.address, subject=subject, body=body, dice=self.dice, at=at
        )
        customer_mail.make_answer(mail, ticket, box)
        customer_mail.attach_files(mail, files)
        customer_mail.deliver_mail(mail, at=at)

    def _who_notes(self, at: datetime) -> User:
        """The colleague who answers the phone or reads the group."""
        on_duty = self.world.rota.shifts.filter(starts_at__lte=at, ends_at__gt=at).select_related("user")
        if self.opening.channel == Channel.PHONE and (shift := on_duty.first()) is not None:
            return shift.user
        manager = self.customer.account_manager if self.customer else None
        return manager or self.world.users["aisha.rahman"]


def first_name(contact: Contact, script: Script) -> str:
    """How the desk addresses a person; shared addresses and Chinese names are used in full."""
    local = contact.email.partition("@")[0]
    is_shared = local in ("ops", "alert", "voice-ops")
    return contact.name if is_shared or script.language != "en" else contact.name.partition(" ")[0]

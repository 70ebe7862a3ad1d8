"""Answers go to Reply-To, and a no-reply address is answered by nobody."""

import pytest

from escalation.models import Clock
from tests.factories import (
    NOW,
    AdminFactory,
    ContactFactory,
    CustomerFactory,
    MailboxFactory,
    set_desk,
    staff,
)
from tests.rawmail import rawmail
from tickets.choices import MailPurpose
from tickets.errors import DeskError
from tickets.models import Message, OutboundEmail, Ticket
from tickets.services.conversation import reply
from tickets.services.intake import process, receive_raw

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def desk():
    set_desk(intake_owner=AdminFactory())
    MailboxFactory(address="support@desk.example")


def arrived(sender: str, reply_to: str = "", **more: str) -> Ticket:
    headers = {"Reply-To": reply_to} if reply_to else {}
    row = process(
        receive_raw(raw=rawmail(sender=sender, headers=headers, **more), received_at=NOW, via="imap").pk,
        now=NOW,
    )
    assert row is not None
    assert row.ticket is not None, row.error
    return row.ticket


def first(ticket: Ticket) -> Message:
    return ticket.messages.questions().get()


def answer_recipients(ticket: Ticket, *copies: str) -> list[str]:
    reply(ticket=ticket, actor=staff(), at=NOW, body="Try again.", copies=copies)
    return OutboundEmail.objects.get(purpose=MailPurpose.REPLY).recipients


@pytest.mark.parametrize("local", ["no-reply", "noreply", "do_not_reply", "tickets-noreply", "nao-responda"])
def test_a_person_behind_a_no_reply_address_of_their_company_is_the_author(local):
    jo = ContactFactory(email="jo@company.example", customer=CustomerFactory())
    ticket = arrived(f"Company tickets <{local}@mail.company.example>", "Jo Doe <jo@company.example>")
    assert (ticket.contact, ticket.customer) == (jo, jo.customer)
    message = first(ticket)
    assert (message.sender_address, message.sender_name) == ("jo@company.example", "Jo Doe")
    assert (message.sent_through, message.reply_to) == (f"{local}@mail.company.example", "")
    assert answer_recipients(ticket) == ["jo@company.example"]


def test_nobody_becomes_a_contact_of_another_company_by_reply_to():
    ContactFactory(email="jo@company.example", customer=CustomerFactory())
    ticket = arrived("no-reply@evil.example", "jo@company.example")
    message = first(ticket)
    assert (ticket.customer, message.sender_address) == (None, "no-reply@evil.example")
    assert (message.reply_to, message.answers_leave_the_company) == ("jo@company.example", True)


def test_two_people_at_a_public_provider_are_no_company():
    message = first(arrived("noreply@gmail.com", "jo@gmail.com"))
    assert (message.sender_address, message.reply_to) == ("noreply@gmail.com", "jo@gmail.com")


def test_answers_and_acknowledgements_go_to_a_contacts_reply_to_address():
    contact = ContactFactory(email="jo@company.example", customer=CustomerFactory())
    ticket = arrived("jo@company.example", "team@company.example")
    assert (ticket.contact, first(ticket).answers_leave_the_company) == (contact, False)
    assert OutboundEmail.objects.get(purpose=MailPurpose.ACKNOWLEDGEMENT).recipients == [
        "team@company.example"
    ]
    assert answer_recipients(ticket) == ["team@company.example"]


@pytest.mark.parametrize(
    "reply_to", ["support@desk.example", "jo@company.example", "nonsense", "Support+t1@desk.example"]
)
def test_a_reply_to_header_naming_us_the_sender_or_nobody_is_ignored(reply_to):
    message = first(arrived("jo@company.example", reply_to))
    assert (message.sender_address, message.reply_to, message.sent_through) == ("jo@company.example", "", "")


def test_an_answer_that_nobody_would_read_is_refused_and_counts_for_nothing():
    ticket = arrived("no-reply@company.example")
    with pytest.raises(DeskError, match=r"Nobody reads no-reply@company\.example"):
        answer_recipients(ticket)
    assert not OutboundEmail.objects.exists()
    assert Clock.objects.get().is_open
    assert answer_recipients(ticket, "jo@company.example") == ["no-reply@company.example"]

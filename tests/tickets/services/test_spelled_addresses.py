"""A person whose mail program spells their domain in ASCII or in letters (IDN) is one person."""

from typing import Any

import pytest

from customers.models import Contact
from tests.factories import (
    AdminFactory,
    ContactFactory,
    CustomerFactory,
    MailboxFactory,
    UserFactory,
    set_desk,
)
from tests.rawmail import bounce, rawmail
from tests.talk import answered, minute
from tickets.choices import MessageKind
from tickets.models import InboundEmail, MailMark, OutboundEmail
from tickets.services.intake import process, receive_raw
from tickets.services.intake.senders import find_sender
from tickets.services.late_words import accept_sender
from tickets.services.mail_marks import mark_as_automatic

pytestmark = pytest.mark.django_db

BOTH = ("li@bücher.example", "li@xn--bcher-kva.example")
ORDERS = pytest.mark.parametrize(("stored", "written"), [BOTH, BOTH[::-1]])


@pytest.fixture(autouse=True)
def desk():
    set_desk(intake_owner=AdminFactory())
    MailboxFactory(address="support@desk.example")


def arrive(at: float = 0, **mail: Any) -> InboundEmail:
    row = process(receive_raw(raw=rawmail(**mail), received_at=minute(at), via="imap").pk, now=minute(at))
    assert row is not None
    assert row.error == ""
    return row


@ORDERS
def test_a_contact_and_a_colleague_are_found_by_the_other_spelling(stored, written):
    contact = ContactFactory(email=stored)
    ann = UserFactory(email=stored)
    sender = find_sender(written, at=minute(0), now=minute(0))
    assert (sender.contact, sender.staff) == (contact, ann)
    arrive(sender=written)
    assert Contact.objects.count() == 1


def test_of_two_older_contacts_the_one_as_written_is_found():
    contacts = {email: ContactFactory(email=email) for email in BOTH}
    for email in BOTH:
        assert find_sender(email, at=minute(0), now=minute(0)).contact == contacts[email]


@ORDERS
def test_a_participant_is_one_in_either_spelling(stored, written):
    ContactFactory(email="anna@company.example", customer=CustomerFactory())
    ticket = arrive(sender="anna@company.example", headers={"Cc": stored}).ticket
    arrive(
        1,
        sender="anna@company.example",
        message_id="<2@company.example>",
        headers={"Cc": written, "In-Reply-To": "<one@company.example>"},
    )
    assert ticket.participants.count() == 1
    row = arrive(2, sender=written, subject=f"Re: [{ticket.number}]", message_id="<3@x.example>")
    assert (row.ticket, row.message.is_unconfirmed) == (ticket, False)


@ORDERS
def test_a_stranger_s_words_and_marks_are_theirs_in_either_spelling(stored, written):
    ContactFactory(email="anna@company.example", customer=CustomerFactory())
    ticket = arrive(sender="anna@company.example").ticket
    headers = {"In-Reply-To": "<one@company.example>"}
    for number, address in enumerate((stored, written)):
        arrive(number, sender=address, message_id=f"<{number}@x.example>", headers=headers)
    accept_sender(message=ticket.messages.get(sender_address=stored), actor=AdminFactory(), at=minute(9))
    assert not ticket.messages.filter(is_unconfirmed=True).exists()
    mark_as_automatic(message=ticket.messages.get(sender_address=stored), actor=AdminFactory(), at=minute(10))
    assert MailMark.objects.count() == 1
    row = arrive(11, sender=written, message_id="<9@x.example>", headers=headers)
    assert row.message.kind == MessageKind.AUTOMATIC


@ORDERS
def test_a_bounce_names_its_recipient_in_either_spelling(stored, written):
    ContactFactory(email=stored, customer=CustomerFactory())
    ticket = arrive(sender=stored).ticket
    answered(ticket, 5)
    mail = OutboundEmail.objects.get(purpose="reply")
    OutboundEmail.objects.filter(pk=mail.pk).update(state="accepted")
    raw = bounce(original_id=mail.rfc_message_id, recipient=written)
    process(receive_raw(raw=raw, received_at=minute(6), via="imap").pk, now=minute(6))
    assert Contact.objects.get(email=stored).mail_failed_at == minute(6)

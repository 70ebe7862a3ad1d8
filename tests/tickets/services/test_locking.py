"""An act on a message that a merge moved meanwhile happens on the ticket that goes on."""

import pytest

from tests.factories import AdminFactory, ContactFactory, CustomerFactory, set_desk
from tests.talk import answered, asked, bounced, minute, opened, words
from tickets.models import Message, Ticket
from tickets.services.conversation import add_automatic_message, add_customer_message
from tickets.services.failed_responses import void_response
from tickets.services.late_words import accept_sender, mark_as_person
from tickets.services.mail_marks import mark_as_automatic
from tickets.services.merging import merge

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin():
    admin = AdminFactory()
    set_desk(intake_owner=admin)
    return admin


@pytest.fixture
def moved(admin):
    """Merges a message's ticket into another one, and returns the message as it was read before and the other."""
    contact = ContactFactory(customer=CustomerFactory())
    source, target = opened(contact=contact), opened(contact=contact)
    answered(target, 1)

    def move(make) -> tuple[Message, Ticket]:
        message = make(source)
        assert message.ticket == source
        merge(ticket=source, into=target, actor=admin, at=minute(20))
        return message, target

    return move


def asked_and_answered(ticket: Ticket) -> Message:
    asked(ticket, 2)
    return answered(ticket, 3)


def waits_since(ticket: Ticket):
    return Ticket.objects.get(pk=ticket.pk).unanswered_since


def test_a_sender_is_accepted(moved, admin):
    message, target = moved(
        lambda ticket: add_customer_message(
            ticket=ticket, content=words(is_unconfirmed=True), received_at=minute(9), at=minute(9)
        )
    )
    accept_sender(message=message, actor=admin, at=minute(30))
    assert target.participants.get().address == "li@company.example"
    assert not target.messages.filter(is_unconfirmed=True).exists()


def test_a_message_is_marked_as_a_persons(moved, admin):
    message, target = moved(
        lambda ticket: (
            answered(ticket, 5),
            add_automatic_message(
                ticket=ticket, content=words("Dead again."), received_at=minute(9), at=minute(9)
            ),
        )[1]
    )
    mark_as_person(message=message, actor=admin, at=minute(30))
    assert waits_since(target) == minute(9)


def test_a_message_is_marked_as_automatic(moved, admin):
    message, target = moved(lambda ticket: ticket.messages.get())
    assert waits_since(target) == minute(0)
    mark_as_automatic(message=message, actor=admin, at=minute(30))
    assert waits_since(target) is None


def test_an_answer_bounces(moved):
    message, target = moved(asked_and_answered)
    bounced(message, 30)
    assert waits_since(target) == minute(0)  # nobody else answered what was asked in its ticket


def test_an_answer_is_voided(moved, admin):
    message, target = moved(asked_and_answered)
    void_response(message=message, actor=admin, at=minute(30), reason="said nothing")
    assert waits_since(target) == minute(0)

"""Answers that were not delivered: marked, announced, and the ticket is somebody's business again."""

import pytest

from tests.factories import ContactFactory, CustomerFactory, staff
from tests.talk import answered, asked, bounced, called, minute, opened
from tickets import events
from tickets.choices import Fact, Priority, Status
from tickets.events import ResponseFailed
from tickets.models import Ticket
from tickets.services.failed_responses import fail_response

pytestmark = pytest.mark.django_db


@pytest.fixture
def ticket() -> Ticket:
    contact = ContactFactory(customer=CustomerFactory(account_manager=staff("ann")))
    return opened(priority=Priority.P2, contact=contact)


def fresh(ticket: Ticket) -> Ticket:
    return Ticket.objects.get(pk=ticket.pk)


def test_the_message_says_when_and_why_it_failed(ticket):
    message = answered(ticket, 20)
    bounced(message, 50)
    message.refresh_from_db()
    assert (message.failed_at, message.failure) == (minute(50), "550 no such user")
    assert ticket.timeline.get(fact=Fact.RESPONSE_FAILED).data["message"] == message.pk


def test_a_second_report_of_the_same_failure_changes_nothing(ticket, monkeypatch):
    heard = []
    monkeypatch.setitem(events._handlers, ResponseFailed, [heard.extend])
    message = answered(ticket, 20)
    bounced(message, 50)
    bounced(message, 55)
    message.refresh_from_db()
    assert message.failed_at == minute(50)
    assert len(heard) == 1


def test_the_customer_waits_again_since_their_question(ticket):
    message = answered(ticket, 20)
    bounced(message, 50)
    assert fresh(ticket).unanswered_since == minute(0)


def test_another_answer_that_arrived_leaves_the_turn_with_the_customer(ticket):
    message = answered(ticket, 20)
    called(ticket, 30)
    bounced(message, 50)
    assert fresh(ticket).unanswered_since is None


def test_after_a_failed_answer_only_questions_since_the_last_delivered_one_wait(ticket):
    answered(ticket, 10)
    asked(ticket, 15)
    message = answered(ticket, 20)
    asked(ticket, 25)
    bounced(message, 50)
    assert fresh(ticket).unanswered_since == minute(15)


@pytest.mark.parametrize("then", [Status.RESOLVED, Status.CLOSED, Status.WAITING])
def test_a_failed_answer_reopens_the_ticket_that_it_ended(ticket, then):
    message = answered(ticket, 20, then=then)
    bounced(message, 50)
    ticket = fresh(ticket)
    assert (ticket.status, ticket.resolved_at, ticket.closed_at) == (Status.OPEN, None, None)
    line = ticket.timeline.filter(fact=Fact.STATUS).last()
    assert (line.actor, line.at) == (None, minute(50))


def test_a_resolved_ticket_stays_resolved_when_another_answer_arrived(ticket):
    message = answered(ticket, 20)
    called(ticket, 30, then=Status.RESOLVED)
    bounced(message, 50)
    assert fresh(ticket).status == Status.RESOLVED


def test_control_characters_in_a_servers_refusal_can_be_stored(ticket):
    message = answered(ticket, 20)
    fail_response(message=message, at=minute(50), answer="550 \x00no\r\nsuch user")
    message.refresh_from_db()
    assert message.failure == "550 no\nsuch user"

"""Answers that a lead voids: the customer waits as if they had never been given."""

import pytest

from escalation.choices import ClockState, NoticeKind
from escalation.clocks.ledger_verification import verify
from escalation.models import Clock, Notification
from tests.factories import ContactFactory, CustomerFactory, staff
from tests.talk import answered, asked, bounced, called, dispatched, minute, noted, opened
from tickets.choices import Fact, Status
from tickets.errors import DeskError
from tickets.models import Message, Ticket
from tickets.services.failed_responses import void_response

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead():
    return staff("lead", groups=["Team lead"])


@pytest.fixture
def ticket(lead) -> Ticket:
    manager = staff("ann", reports_to=lead, groups=["Account manager"])
    return opened(contact=ContactFactory(customer=CustomerFactory(account_manager=manager)))


def void_at(message: Message, at: float, by, reason: str = "It only says hello.") -> None:
    void_response(message=message, actor=by, at=minute(at), reason=reason)


def clock_of(ticket: Ticket) -> Clock:
    return Clock.objects.get(ticket=ticket, kind="first_response")


def test_voiding_an_answer_restores_the_promise_with_its_old_due_time(ticket, lead):
    void_at(answered(ticket, 5), 10, lead)
    clock = clock_of(ticket)
    assert (clock.state, clock.due_at, clock.stopped_at) == (ClockState.RUNNING, minute(30), None)
    assert verify(ticket=ticket.pk).mismatches == ()


def test_voiding_an_answer_after_the_due_time_breaches_the_promise_at_the_due_time(ticket, lead):
    void_at(answered(ticket, 20), 50, lead)
    clock = clock_of(ticket)
    assert (clock.state, clock.breached_at, clock.detected_at) == (
        ClockState.BREACHED,
        minute(30),
        minute(50),
    )
    assert clock.is_open


def test_a_later_answer_takes_the_place_of_a_voided_one(ticket, lead):
    first = answered(ticket, 5)
    second = called(ticket, 20)
    void_at(first, 25, lead)
    clock = clock_of(ticket)
    assert (clock.state, clock.answered_by) == (ClockState.MET, second)


def test_who_voided_it_and_why_stands_on_the_message_and_in_the_ledger(ticket, lead):
    message = answered(ticket, 5)
    void_at(message, 10, lead, " No real answer. ")
    message.refresh_from_db()
    assert (message.voided_at, message.voided_by, message.void_reason) == (
        minute(10),
        lead,
        "No real answer.",
    )
    line = clock_of(ticket).events.get(change="revoked")
    assert (line.actor, line.cause) == (lead, "No real answer.")
    entry = ticket.timeline.get(fact=Fact.RESPONSE_VOIDED)
    assert (entry.actor, entry.reason) == (lead, "No real answer.")


def test_the_holder_and_the_author_are_told_why(ticket, lead):
    author = staff("bea")
    void_at(answered(ticket, 5, actor=author), 10, lead)
    dispatched(10)
    notifications = Notification.objects.filter(kind=NoticeKind.RESPONSE_VOIDED)
    assert {notice.recipient for notice in notifications} == {ticket.owner, author}
    assert all("It only says hello." in notice.mail.text for notice in notifications)


def test_voiding_the_answer_that_resolved_a_ticket_reopens_it(ticket, lead):
    message = answered(ticket, 5, then=Status.RESOLVED)
    void_at(message, 10, lead)
    ticket.refresh_from_db()
    assert (ticket.status, ticket.unanswered_since) == (Status.OPEN, minute(0))


def test_only_a_lead_may_void(ticket):
    message = answered(ticket, 5)
    with pytest.raises(DeskError, match="Only a lead"):
        void_at(message, 10, ticket.owner)
    assert clock_of(ticket).state == ClockState.MET


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_reason_is_required(ticket, lead, reason):
    with pytest.raises(DeskError, match="reason"):
        void_at(answered(ticket, 5), 10, lead, reason)


def test_only_a_delivered_and_unvoided_answer_can_be_voided(ticket, lead):
    failed = answered(ticket, 3)
    bounced(failed, 4)
    twice = answered(ticket, 5)
    void_at(twice, 6, lead)
    for message in (noted(ticket, 7), asked(ticket, 8), failed, twice):
        with pytest.raises(DeskError, match="not a reply that can be voided"):
            void_at(message, 10, lead)

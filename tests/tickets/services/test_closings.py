"""Questions over which a ticket was ended wait for nobody, until somebody opens the ticket again."""

import pytest

from tests.factories import AdminFactory, ContactFactory, CustomerFactory, staff
from tests.talk import answered, asked, bounced, called, minute, opened
from tickets.choices import Priority, Status
from tickets.models import Ticket
from tickets.services.closings import closings_of
from tickets.services.merging import merge
from tickets.services.status_and_priority import set_status
from tickets.services.unanswered import oldest_unanswered_question, waiting_questions

pytestmark = pytest.mark.django_db


@pytest.fixture
def contact():
    manager = staff("ann", reports_to=staff("boss", groups=["Team lead"]))
    return ContactFactory(customer=CustomerFactory(account_manager=manager))


@pytest.fixture
def ticket(contact):
    return opened(contact=contact, priority=Priority.P2)


def changed(ticket: Ticket, status: Status, at: float) -> None:
    set_status(ticket=ticket, status=status, actor=AdminFactory(), at=minute(at), reason="They are gone.")


def waiting(ticket: Ticket) -> list[tuple[float, float]]:
    """When the questions that wait were received, and since when they wait."""
    start = minute(0)
    minutes = [(each.message.at - start, each.since - start) for each in waiting_questions(ticket)]
    return [(received.total_seconds() / 60, since.total_seconds() / 60) for received, since in minutes]


def test_a_closed_ticket_has_no_question_that_waits(ticket):
    changed(ticket, Status.CLOSED, 10)
    assert oldest_unanswered_question(ticket) is None
    assert closings_of(ticket, None).over(ticket.messages.get()) == [minute(10)]


def test_opened_by_hand_its_question_waits_since_then(ticket):
    changed(ticket, Status.CLOSED, 10)
    changed(ticket, Status.WAITING, 20)
    assert waiting(ticket) == [(0, 20)]


def test_opened_by_the_customer_only_their_new_words_wait(ticket):
    changed(ticket, Status.CLOSED, 10)
    asked(ticket, 30)
    assert waiting(ticket) == [(30, 30)]


def test_what_could_not_be_read_by_then_was_not_given_up(ticket):
    changed(ticket, Status.CLOSED, 10)
    asked(ticket, 5, noticed=30)
    assert waiting(ticket) == [(5, 5)]


def test_an_end_while_nobody_waited_gives_up_nothing(ticket):
    reply = answered(ticket, 5)
    changed(ticket, Status.CLOSED, 10)
    bounced(reply, 20)
    ticket.refresh_from_db()
    assert (waiting(ticket), ticket.status) == ([(0, 0)], Status.OPEN)


def test_a_reply_on_the_closed_ticket_that_bounces_leaves_it_closed(ticket):
    changed(ticket, Status.CLOSED, 10)
    bounced(answered(ticket, 20), 30)
    ticket.refresh_from_db()
    assert (waiting(ticket), ticket.status, ticket.unanswered_since) == ([], Status.CLOSED, None)


def test_a_call_that_opens_the_ticket_is_seen_by_the_same_act(ticket):
    answered(ticket, 5)
    asked(ticket, 10)
    changed(ticket, Status.CLOSED, 20)
    called(ticket, 30, happened=8, then=Status.OPEN)
    ticket.refresh_from_db()
    assert (waiting(ticket), ticket.unanswered_since) == ([(10, 30)], minute(10))


@pytest.mark.parametrize("into_the_open_one", [True, False])
def test_a_merge_with_an_open_ticket_asks_again(contact, ticket, into_the_open_one):
    other = opened(5, contact=contact, priority=Priority.P2)
    answered(other, 10)
    changed(ticket, Status.CLOSED, 20)
    source, target = (ticket, other) if into_the_open_one else (other, ticket)
    merged = merge(ticket=source, into=target, actor=AdminFactory(), at=minute(30))
    merged.refresh_from_db()
    assert (waiting(merged), merged.unanswered_since) == ([(0, 30)], minute(0))

"""Where the messages of merged tickets were written, by their timelines."""

import pytest

from tests.factories import AdminFactory, ContactFactory, set_desk, staff
from tests.talk import answered, minute, opened
from tickets.models import Message
from tickets.services.merging import merge
from tickets.services.origins import Stay, origins_of, staying

pytestmark = pytest.mark.django_db


@pytest.fixture
def three():
    """The first was merged into the second at 20, and that into the third at 30."""
    set_desk(duty_manager=staff("boss"), intake_owner=staff("intake"))
    contact = ContactFactory()
    tickets = [opened(number, contact=contact) for number in range(3)]
    answered(tickets[0], 10)
    merge(ticket=tickets[0], into=tickets[1], actor=AdminFactory(), at=minute(20))
    answered(tickets[1], 25)
    merge(ticket=tickets[1], into=tickets[2], actor=AdminFactory(), at=minute(30))
    return tickets


def said_at(at: float) -> Message:
    return Message.objects.get(at=minute(at), is_automatic=False)


def test_a_ticket_into_which_nothing_was_merged_has_none(three, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert origins_of(three[0]) is None


def test_a_message_was_in_each_ticket_that_the_merges_moved_it_to(three):
    first, second, third = (ticket.pk for ticket in three)
    origins = origins_of(three[2])
    assert origins is not None
    assert list(origins.stays(said_at(0))) == [
        Stay(first, None, minute(20)),
        Stay(second, minute(20), minute(30)),
        Stay(third, minute(30), None),
    ]
    assert [stay.ticket for stay in origins.stays(said_at(25))] == [second, third]
    assert [stay.ticket for stay in origins.stays(said_at(2))] == [third]


@pytest.mark.parametrize(("answer", "question", "are_together"), [
    (10, 0, True), (10, 1, False), (25, 0, True), (25, 1, True), (25, 2, False),
])  # fmt: skip
def test_an_answer_belongs_to_what_was_in_its_ticket_by_then(three, answer, question, are_together):
    origins = origins_of(three[2])
    assert origins is not None
    assert origins.are_together(said_at(answer), said_at(question)) is are_together


def test_the_ticket_that_stays_is_the_last_one(three):
    for ticket in three:
        ticket.refresh_from_db()
    assert [staying(ticket) for ticket in three] == [three[2]] * 3

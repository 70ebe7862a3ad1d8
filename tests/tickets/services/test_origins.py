"""Where the messages of merged tickets were written, by their timelines."""

import pytest

from tests.factories import AdminFactory, ContactFactory, set_desk, staff
from tests.talk import answered, bounced, minute, opened, promised
from tickets.choices import Fact
from tickets.models import Message, Ticket, TimelineEntry
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


def opened_together() -> list[Ticket]:
    """Three tickets of mails that came in the same second and were processed in one transaction."""
    set_desk(duty_manager=staff("boss"), intake_owner=staff("intake"))
    contact = ContactFactory()
    return [opened(0, contact=contact) for _number in range(3)]


def forget_first_messages(*tickets: Ticket) -> None:
    """What the timelines said before they named the first message."""
    for entry in TimelineEntry.objects.filter(ticket__in=tickets, fact=Fact.OPENED):
        entry.data.pop("message", None)
        entry.save(update_fields=["data"])


@pytest.mark.parametrize("are_old", [False, True])
def test_an_answer_to_a_mail_answers_none_that_came_in_the_same_second(are_old):
    """The answer given since the merge bounces, so the customer of the ticket that stays waits from the start."""
    stays, goes, _other = opened_together()
    if are_old:
        forget_first_messages(stays, goes)
    answered(goes, 12)
    merge(ticket=goes, into=stays, actor=AdminFactory(), at=minute(20))
    bounced(answered(stays, 25), 28)
    stays.refresh_from_db()
    assert stays.unanswered_since == minute(0)
    assert promised().open().get(ticket=stays).started_at == minute(0)


@pytest.mark.parametrize(("old", "are_together"), [
    ([], [False, True, False]), ([0], [False, True, False]), ([1], [False, True, False]),
    ([0, 1], [False, False, False]), ([1, 2], [False, False, False]), ([0, 1, 2], [False, False, False]),
])  # fmt: skip
def test_where_several_tickets_may_be_meant_a_question_counts_as_unanswered(old, are_together):
    """Nobody is forgotten: neither whose ticket stays nor those whose tickets were merged into it."""
    tickets = opened_together()
    questions = [ticket.messages.get() for ticket in tickets]
    forget_first_messages(*(tickets[number] for number in old))
    answer = answered(tickets[1], 12)
    for ticket in tickets[1:]:
        merge(ticket=ticket, into=tickets[0], actor=AdminFactory(), at=minute(20))
    later = answered(tickets[0], 25)
    origins = origins_of(tickets[0])
    assert origins is not None
    assert [origins.are_together(answer, question) for question in questions] == are_together
    assert all(origins.are_together(later, question) for question in questions)


def test_the_times_of_an_old_first_message_tell_its_ticket_if_no_other_has_them(three):
    forget_first_messages(*three)
    origins = origins_of(three[2])
    assert origins is not None
    assert [next(origins.stays(said_at(number))).ticket for number in range(3)] == [each.pk for each in three]

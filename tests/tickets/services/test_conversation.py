"""The conversation: who said what when, whose turn it is, and what is refused with a sentence.

Tests unanswered, timeline and locking too.
"""

import pytest

from tests.factories import ContactFactory, CustomerFactory, MessageFactory, staff
from tests.talk import answered, asked, called, lying, minute, noted, opened, words
from tickets import events
from tickets.choices import Channel, Fact, MailPurpose, MessageKind, Priority, Status
from tickets.errors import DeskError
from tickets.events import StaffResponded
from tickets.message_content import NewFile
from tickets.models import Message, OutboundEmail, Ticket
from tickets.services.conversation import add_automatic_message, add_note, reply
from tickets.services.status_and_priority import set_status

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann():
    return staff("ann")


@pytest.fixture
def ticket(ann) -> Ticket:
    contact = ContactFactory(customer=CustomerFactory(account_manager=ann))
    return opened(priority=Priority.P2, contact=contact)


def fresh(ticket: Ticket) -> Ticket:
    return Ticket.objects.get(pk=ticket.pk)


def test_an_answer_queues_a_mail_and_leaves_the_turn_to_the_customer(ticket, ann):
    message = answered(ticket, 10)
    assert (message.kind, message.author, message.at) == (MessageKind.OUTBOUND, ann, minute(10))
    assert not message.is_automatic
    mail = OutboundEmail.objects.get(message=message)
    assert mail.recipients == [ticket.contact.email]
    assert message.rfc_message_id == mail.rfc_message_id
    assert fresh(ticket).unanswered_since is None
    assert fresh(ticket).status == Status.OPEN
    assert fresh(ticket).updated_at == minute(10)


def test_an_answer_takes_its_files_and_copies_along(ticket, ann):
    message = reply(
        ticket=ticket,
        actor=ann,
        at=minute(1),
        body="See the log.",
        files=lying(NewFile(name="log.txt", data=b"x")),
        copies=["boss@company.example"],
    )
    assert [file.name for file in message.attachments.all()] == ["log.txt"]
    assert message.outbound.copies == ["boss@company.example"]


@pytest.mark.parametrize("then", [Status.WAITING, Status.RESOLVED])
def test_an_answer_can_set_the_status_too(ticket, then):
    answered(ticket, 10, then=then)
    assert fresh(ticket).status == then


@pytest.mark.parametrize("body", ["", " \n\t "])
def test_an_empty_answer_is_refused(ticket, ann, body):
    with pytest.raises(DeskError, match="text is empty"):
        reply(ticket=ticket, actor=ann, at=minute(1), body=body)
    assert not OutboundEmail.objects.filter(purpose=MailPurpose.REPLY).exists()


def test_an_answer_without_a_recipient_is_refused_and_leaves_no_trace(ann):
    ticket = opened(priority=Priority.P2, contact=ContactFactory(email=""))
    Message.objects.update(sender_address="")
    with pytest.raises(DeskError, match="no email address"):
        answered(ticket, 1)
    assert not Message.objects.filter(kind=MessageKind.OUTBOUND).exists()
    assert fresh(ticket).unanswered_since is not None


@pytest.mark.parametrize("status", [Status.WAITING, Status.RESOLVED, Status.CLOSED])
def test_a_message_from_the_customer_reopens_the_ticket(ticket, ann, status):
    answered(ticket, 5, then=status)
    asked(ticket, 20, noticed=22)
    ticket = fresh(ticket)
    assert (ticket.status, ticket.unanswered_since, ticket.updated_at) == (
        Status.OPEN,
        minute(20),
        minute(22),
    )
    assert (ticket.resolved_at, ticket.closed_at) == (None, None)


def test_a_new_ticket_stays_new_while_only_the_customer_talks(ticket):
    asked(ticket, 5)
    assert fresh(ticket).status == Status.NEW
    assert fresh(ticket).unanswered_since == minute(0)


def test_an_earlier_question_that_arrives_late_moves_the_start_of_waiting_back(ticket):
    answered(ticket, 1)
    asked(ticket, 30)
    asked(ticket, 20, noticed=40)
    assert fresh(ticket).unanswered_since == minute(20)


def test_a_strangers_message_is_kept_and_changes_no_status(ticket):
    answered(ticket, 5, then=Status.RESOLVED)
    message = asked(ticket, 20, words=words("I am Li, really.", is_unconfirmed=True))
    assert message.is_unconfirmed
    assert fresh(ticket).status == Status.RESOLVED
    assert fresh(ticket).unanswered_since is None


def test_an_out_of_office_is_kept_and_moves_nothing(ticket):
    answered(ticket, 5, then=Status.RESOLVED)
    message = add_automatic_message(
        ticket=ticket, content=words("I am away.", is_automatic=True), received_at=minute(6), at=minute(7)
    )
    assert (message.kind, message.at) == (MessageKind.AUTOMATIC, minute(6))
    assert fresh(ticket).status == Status.RESOLVED
    assert fresh(ticket).unanswered_since is None
    assert ticket.timeline.filter(fact=Fact.AUTOMATIC).count() == 1


def test_a_logged_call_says_whom_it_reached_and_answers(ticket, ann):
    message = called(ticket, 20, happened=12, reached="  Li Wei ", channel=Channel.GROUP)
    assert (message.kind, message.at, message.reached) == (MessageKind.CONTACT, minute(12), "Li Wei")
    assert (message.author, message.channel) == (ann, Channel.GROUP)
    assert fresh(ticket).unanswered_since is None
    assert fresh(ticket).updated_at == minute(20)


@pytest.mark.parametrize(("happened", "why"), [(21, "future"), (-1, "earlier than the ticket")])
def test_a_call_before_the_ticket_or_in_the_future_is_refused(ticket, happened, why):
    with pytest.raises(DeskError, match=why):
        called(ticket, 20, happened=happened)


@pytest.mark.parametrize("happened", [0, 20])
def test_a_call_at_the_opening_or_right_now_is_accepted(ticket, happened):
    assert called(ticket, 20, happened=happened).at == minute(happened)


@pytest.mark.parametrize("reached", ["", "  "])
def test_a_call_that_reached_nobody_is_no_answer(ticket, reached):
    with pytest.raises(DeskError, match="reached nobody"):
        called(ticket, 20, reached=reached)
    assert fresh(ticket).unanswered_since == minute(0)


def test_a_call_before_the_latest_question_leaves_that_one_waiting(ticket):
    asked(ticket, 15)
    called(ticket, 20, happened=10)
    assert fresh(ticket).unanswered_since == minute(15)


def test_a_call_in_the_minute_of_the_latest_question_answers_that_one_too(ticket):
    asked(ticket, 15)
    called(ticket, 20, happened=15)
    assert fresh(ticket).unanswered_since is None


def test_a_call_entered_by_hand_cannot_lie_in_the_future(ticket, ann):
    with pytest.raises(DeskError, match="future"):
        asked(ticket, 30, noticed=20, actor=ann, channel=Channel.PHONE)


def test_a_note_stays_among_colleagues_and_answers_nothing(ticket, monkeypatch):
    heard = []
    monkeypatch.setitem(events._handlers, StaffResponded, [heard.extend])
    mails = OutboundEmail.objects.count()
    note = noted(ticket, 5)
    assert (note.kind, note.contact) == (MessageKind.NOTE, None)
    assert (fresh(ticket).unanswered_since, fresh(ticket).status) == (minute(0), Status.NEW)
    assert heard == []
    assert OutboundEmail.objects.count() == mails


def test_a_note_written_by_the_desk_is_marked_as_automatic(ticket):
    note = add_note(ticket=ticket, actor=None, at=minute(5), body="Handover")
    assert note.is_automatic
    assert not ticket.timeline.filter(fact=Fact.NOTED).exists()


def test_what_the_desk_wrote_itself_is_no_response(ticket):
    MessageFactory(ticket=ticket, kind=MessageKind.OUTBOUND, is_automatic=True)
    assert not ticket.messages.responses().exists()


def test_the_timeline_lists_every_fact_in_order(ticket, ann):
    answered(ticket, 5)
    asked(ticket, 6)
    noted(ticket, 7)
    set_status(ticket=ticket, status=Status.WAITING, actor=ann, at=minute(8))
    facts = [line.fact for line in ticket.timeline.all() if line.fact != Fact.ACKNOWLEDGED]
    assert facts == [
        Fact.OPENED, Fact.STAFF_RESPONDED, Fact.STATUS, Fact.CUSTOMER_WROTE, Fact.NOTED, Fact.STATUS,
    ]  # fmt: skip

"""Marking a mail as a person's or as automatic: what becomes of promises, and which later mails the mark covers."""

import pytest

from customers.names import name_of
from escalation.choices import ClockKind, ClockState
from escalation.clocks.ledger_verification import verify
from escalation.models import Clock
from tests.factories import (
    AdminFactory,
    ContactFactory,
    CustomerFactory,
    MailboxFactory,
    OutboundEmailFactory,
    set_desk,
    staff,
)
from tests.rawmail import bounce, rawmail
from tests.talk import answered, asked, minute, opened, words
from tickets.choices import Channel, Fact, IntakeState, MailPurpose, MessageKind, OutboxState, Status
from tickets.errors import DeskError
from tickets.mail.threading import reply_address
from tickets.message_content import MessageContent
from tickets.models import InboundEmail, MailMark, Message, Ticket
from tickets.services.conversation import add_automatic_message
from tickets.services.intake import process, receive_raw
from tickets.services.late_words import mark_as_person
from tickets.services.mail_marks import mark_as_automatic, take_back_mark
from tickets.services.status_and_priority import set_status

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _desk() -> None:
    set_desk(intake_owner=AdminFactory())
    MailboxFactory(address="support@desk.example")


@pytest.fixture
def ann():
    return staff("ann", groups=["Account manager"])


@pytest.fixture
def ticket(ann) -> Ticket:
    contact = ContactFactory(customer=CustomerFactory(account_manager=ann), email="li@company.example")
    return opened(contact=contact)


def automatic_answer(ticket: Ticket, at: float, body: str = "Still broken for all our hosts") -> Message:
    return add_automatic_message(
        ticket=ticket, content=words(body, is_automatic=True), received_at=minute(at), at=minute(at)
    )


def open_clocks(ticket: Ticket) -> list[tuple[str, object]]:
    return list(Clock.objects.open().filter(ticket=ticket).order_by("kind").values_list("kind", "started_at"))


def is_proven(ticket: Ticket) -> bool:
    return verify(ticket=ticket.pk).mismatches == ()


# A person wrote this


def test_a_mail_marked_as_written_by_a_person_counts_from_its_receipt_and_reopens_the_ticket(ticket, ann):
    answered(ticket, 5, then=Status.RESOLVED)
    message = automatic_answer(ticket, 10)
    mark_as_person(message=message, actor=ann, at=minute(60))
    ticket.refresh_from_db()
    message.refresh_from_db()
    assert (ticket.status, ticket.unanswered_since) == (Status.OPEN, minute(10))
    assert message.kind == MessageKind.INBOUND
    clock = Clock.objects.open().get(ticket=ticket, kind=ClockKind.NEXT_RESPONSE)
    assert (clock.started_at, clock.started_by) == (minute(10), message)
    assert clock.events.get(change="started").actor == ann
    assert is_proven(ticket)
    assert ticket.timeline.get(fact=Fact.BY_A_PERSON).actor == ann


def test_the_promise_of_a_later_question_begins_with_an_earlier_mail_that_is_marked_as_a_persons(ticket, ann):
    answered(ticket, 5)
    message = automatic_answer(ticket, 10)
    asked(ticket, 20)
    mark_as_person(message=message, actor=ann, at=minute(25))
    clock = Clock.objects.open().get(ticket=ticket, kind=ClockKind.NEXT_RESPONSE)
    assert (clock.started_at, clock.started_by) == (minute(10), message)
    assert [event.actor for event in clock.events.filter(change="begun_earlier")] == [ann]
    assert is_proven(ticket)


def test_marking_a_mail_answered_since_as_a_persons_starts_no_promise(ticket, ann):
    message = automatic_answer(ticket, 3)
    answered(ticket, 5, then=Status.RESOLVED)
    mark_as_person(message=message, actor=ann, at=minute(10))
    ticket.refresh_from_db()
    assert (ticket.status, ticket.unanswered_since) == (Status.RESOLVED, None)
    assert not Clock.objects.open().filter(ticket=ticket).exists()


def test_marking_a_mail_behind_an_open_question_as_a_persons_changes_no_promise(ticket, ann):
    message = automatic_answer(ticket, 3)
    before = open_clocks(ticket)
    mark_as_person(message=message, actor=ann, at=minute(10))
    assert open_clocks(ticket) == before


def test_marking_a_persons_mail_as_a_persons_is_refused(ticket, ann):
    with pytest.raises(DeskError):
        mark_as_person(message=ticket.messages.get(), actor=ann, at=minute(1))


# This was automatic


def test_marking_a_mail_as_automatic_cancels_its_promise_with_the_cause(ticket, ann):
    message = ticket.messages.get()
    mark_as_automatic(message=message, actor=ann, at=minute(5))
    ticket.refresh_from_db()
    message.refresh_from_db()
    assert (message.kind, ticket.unanswered_since) == (MessageKind.AUTOMATIC, None)
    clocks = Clock.objects.filter(ticket=ticket)
    assert {clock.state for clock in clocks} == {ClockState.CANCELLED}
    for clock in clocks:
        line = clock.events.get(change="cancelled")
        assert (line.actor, line.cause) == (ann, "This was automatic.")
    assert is_proven(ticket)
    assert ticket.timeline.get(fact=Fact.BY_A_MACHINE).actor == ann


def test_a_later_question_gets_its_own_promise_when_the_earlier_mail_is_marked_as_automatic(ticket, ann):
    question = asked(ticket, 7)
    mark_as_automatic(message=ticket.messages.get(at=minute(0)), actor=ann, at=minute(10))
    clock = Clock.objects.open().get(ticket=ticket, started_by=question, kind=ClockKind.NEXT_RESPONSE)
    assert clock.started_at == minute(7)
    assert is_proven(ticket)


def test_marking_a_mail_as_automatic_leaves_promises_of_other_messages_alone(ticket, ann):
    later = asked(ticket, 7)
    before = open_clocks(ticket)
    mark_as_automatic(message=later, actor=ann, at=minute(10))
    assert open_clocks(ticket) == before


def test_marking_a_mail_as_automatic_cancels_every_promise_started_by_the_same_shape(ticket, ann):
    report = words("Nightly report of 5 June: 41 streams failed.")
    first = opened(contact=ticket.contact, words=report)
    same_shape = opened(contact=ticket.contact, words=words("Nightly report of 9 July: 3 streams failed."))
    with_a_request = opened(
        contact=ticket.contact, words=words("Nightly report of 9 July: 3 streams failed. Please call.")
    )
    other_sender = opened(words=MessageContent(body=report.body, sender_address="bo@other.example"))
    mark_as_automatic(message=first.messages.get(), actor=ann, at=minute(5))
    assert open_clocks(first) == open_clocks(same_shape) == []
    assert open_clocks(with_a_request)
    assert open_clocks(other_sender)
    assert is_proven(same_shape)


def test_a_call_and_a_note_are_no_automatic_mail(ticket, ann):
    call = asked(ticket, 3, channel=Channel.PHONE, actor=ann)
    for message in (call, automatic_answer(ticket, 4)):
        with pytest.raises(DeskError):
            mark_as_automatic(message=message, actor=ann, at=minute(5))


# What is remembered


def arrive(ticket: Ticket, body: str, number: int, *, at: float = 30, **headers: str) -> InboundEmail:
    raw = rawmail(
        to=reply_address("support@desk.example", ticket.pk),
        subject="Re: Black screen",
        body=body,
        message_id=f"<m{number}@company.example>",
        headers=headers,
    )
    row = process(receive_raw(raw=raw, received_at=minute(at), via="imap").pk, now=minute(at))
    assert row is not None
    assert row.error == ""
    return row


AWAY = {"Auto-Submitted": "auto-replied"}


def test_a_person_s_mark_holds_for_later_mails_of_the_shape(ticket, ann):
    first = arrive(ticket, "Room 5 broken since 10:04", 1, **AWAY)
    assert (first.kind, first.message.kind) == ("auto_reply", MessageKind.AUTOMATIC)
    mark_as_person(message=first.message, actor=ann, at=minute(31))
    same = arrive(ticket, "Room 7 broken since 11:30", 2, at=32, **AWAY)
    assert same.message.kind == MessageKind.INBOUND
    assert same.signs[0] == f"marked as written by a person by: {name_of(ann)}"
    other_shape = arrive(ticket, "Room 7 broken since 11:30. I am away.", 3, at=33, **AWAY)
    assert other_shape.message.kind == MessageKind.AUTOMATIC


def test_an_automatic_mark_holds_until_it_is_taken_back(ticket, ann):
    first = arrive(ticket, "We have received your answer 41.", 1)
    mark_as_automatic(message=first.message, actor=ann, at=minute(31))
    again = arrive(ticket, "We have received your answer 42.", 2, at=32)
    assert (again.kind, again.message.kind) == ("auto_reply", MessageKind.AUTOMATIC)
    mark = MailMark.objects.get()
    take_back_mark(mark=mark, actor=ann, at=minute(33))
    assert arrive(ticket, "We have received your answer 43.", 3, at=34).message.kind == MessageKind.INBOUND
    with pytest.raises(DeskError):
        take_back_mark(mark=mark, actor=ann, at=minute(35))


def test_a_newer_mark_takes_the_older_one_back(ticket, ann):
    message = arrive(ticket, "We have received your answer 41.", 1).message
    mark_as_automatic(message=message, actor=ann, at=minute(31))
    mark_as_person(message=message, actor=ann, at=minute(32))
    marks = list(MailMark.objects.order_by("made_at").values_list("is_automatic", "taken_back_at"))
    assert marks == [(True, minute(32)), (False, None)]


def test_a_mark_does_not_apply_to_other_mails_of_the_sender(ticket, ann):
    first = arrive(ticket, "We have received your answer 41.", 1)
    mark_as_automatic(message=first.message, actor=ann, at=minute(31))
    assert arrive(ticket, "The room is black again.", 2).message.kind == MessageKind.INBOUND


def test_a_new_mail_of_a_shape_marked_as_automatic_is_parked_and_names_who_marked_it(ann):
    first = rawmail(body="Our nightly report of 5 June", message_id="<r1@company.example>")
    row = process(receive_raw(raw=first, received_at=minute(0), via="imap").pk, now=minute(0))
    mark_as_automatic(message=row.message, actor=ann, at=minute(1))
    second = rawmail(body="Our nightly report of 6 June", message_id="<r2@company.example>")
    row = process(receive_raw(raw=second, received_at=minute(2), via="imap").pk, now=minute(2))
    assert row.state == IntakeState.PARKED
    assert row.signs[0] == f"marked as automatic by: {name_of(ann)}"


def test_a_report_of_a_mail_server_stays_one_whatever_was_marked(ticket, ann):
    sent = OutboundEmailFactory(ticket=ticket, purpose=MailPurpose.REPLY, state=OutboxState.ACCEPTED)
    raw = bounce(original_id=sent.rfc_message_id, recipient="li@company.example")
    row = process(receive_raw(raw=raw, received_at=minute(2), via="imap").pk, now=minute(2))
    mark_as_person(message=row.message, actor=ann, at=minute(3))
    again = raw.replace(b"<bounce@", b"<again@")
    row = process(receive_raw(raw=again, received_at=minute(4), via="imap").pk, now=minute(4))
    assert (row.kind, row.message.kind) == ("bounce", MessageKind.AUTOMATIC)


def test_a_question_that_the_ticket_was_closed_over_is_promised_nothing_when_the_next_was_automatic(
    ticket, ann
):
    set_status(ticket=ticket, status=Status.CLOSED, actor=ann, at=minute(5), reason="solved by phone")
    again = asked(ticket, 10)
    mark_as_automatic(message=again, actor=ann, at=minute(20))
    ticket.refresh_from_db()
    assert ticket.unanswered_since is None
    assert open_clocks(ticket) == []


def test_a_person_who_wrote_to_a_closed_ticket_is_promised_an_answer_from_their_message(ticket, ann):
    set_status(ticket=ticket, status=Status.CLOSED, actor=ann, at=minute(5), reason="solved by phone")
    message = automatic_answer(ticket, 10)
    mark_as_person(message=message, actor=ann, at=minute(20))
    assert open_clocks(ticket) == [(ClockKind.NEXT_RESPONSE, minute(10))]

"""Whom the customer copies takes part: their words count, answers reach them, and a stranger can be accepted."""

import pytest

from escalation.models import Clock
from tests.factories import (
    AdminFactory,
    ContactFactory,
    CustomerFactory,
    MailboxFactory,
    UserFactory,
    set_desk,
)
from tests.rawmail import rawmail
from tests.talk import answered, minute, opened, promised, words
from tickets.choices import Fact, MailPurpose, MessageKind, Status
from tickets.errors import DeskError
from tickets.message_content import MessageContent
from tickets.models import InboundEmail, Message, OutboundEmail, Participant, Ticket
from tickets.services.conversation import add_customer_message
from tickets.services.intake import process, receive_raw
from tickets.services.late_words import accept_sender
from tickets.services.merging import merge
from tickets.services.participants import MOST_PARTICIPANTS
from tickets.services.status_and_priority import set_status

pytestmark = pytest.mark.django_db

ANSWER = {"In-Reply-To": "<one@company.example>"}


@pytest.fixture(autouse=True)
def li():
    set_desk(intake_owner=AdminFactory())
    MailboxFactory(address="support@desk.example")
    return ContactFactory(email="li@company.example", customer=CustomerFactory(name="Company"))


def arrive(at: float = 0, **mail) -> InboundEmail:
    row = receive_raw(raw=rawmail(**mail), received_at=minute(at), via="imap")
    return process(row.pk, now=minute(at))


def copied(cc: str, **headers: str) -> Ticket:
    return arrive(headers={"Cc": cc, **headers}).ticket


def addresses(ticket: Ticket) -> list[str]:
    return [participant.address for participant in ticket.participants.all()]


def test_whom_the_customer_copies_takes_part(li):
    ticket = copied('"Jo Chen" <jo@partner.example>, Ops <ops@company.example>')
    assert addresses(ticket) == ["jo@partner.example", "ops@company.example"]
    assert ticket.participants.first().name == "Jo Chen"


def test_to_counts_like_cc():
    ticket = arrive(to="support@desk.example, jo@partner.example").ticket
    assert addresses(ticket) == ["jo@partner.example"]


def test_nobody_is_added_who_takes_no_part_as_a_customer():
    """We, colleagues, the writer again, no-reply addresses and what is no address."""
    UserFactory(is_staff=True, email="Ann@desk-staff.example")
    ticket = copied(
        "support+t1-abc@desk.example, ann@desk-staff.example, LI@company.example, no-reply@company.example, "
        "undisclosed-recipients:;"
    )
    assert addresses(ticket) == []


@pytest.mark.parametrize(
    "copy",
    [
        "\u017fam@partner.example",
        "\u212aim@partner.example",
        "j\u00f6@partner.example",
        ".jo@partner.example",
        "jo@partner..example",
        f"{'x' * 64}@{'y' * 60}.{'z' * 60}.{'y' * 60}.example",
    ],
)
def test_nobody_takes_part_whose_address_would_stop_an_answer(copy):
    """A server without SMTPUTF8 refuses the whole answer for one such copy."""
    assert addresses(copied(f"{copy}, kim@partner.example")) == ["kim@partner.example"]


@pytest.mark.parametrize("header", ["Delivered-To", "X-Original-To"])
def test_an_alias_that_the_mail_was_delivered_to_is_ours(header):
    ticket = arrive(
        to="Help@alias.example, jo@partner.example", headers={header: "help@alias.example"}
    ).ticket
    assert addresses(ticket) == ["jo@partner.example"]


def test_an_alias_in_the_envelope_is_ours():
    row = receive_raw(
        raw=rawmail(to="Help@alias.example, jo@partner.example"),
        received_at=minute(0),
        via="lmtp",
        envelope_from="li@company.example",
        envelope_to=["help@alias.example"],
    )
    assert addresses(process(row.pk, now=minute(0)).ticket) == ["jo@partner.example"]


def test_a_name_that_looks_like_an_address_is_not_shown():
    ticket = copied('"ceo@bank.example" <eve@other.example>')
    assert ticket.participants.get().name == ""


@pytest.mark.parametrize(
    "headers",
    [
        {"List-Id": "<ops.company.example>"},
        {"Auto-Submitted": "auto-generated"},
        {"Authentication-Results": "mx.desk.example; dmarc=fail header.from=company.example"},
    ],
    ids=["through a list", "written by a machine", "failed DMARC"],
)
def test_only_a_persons_own_mail_brings_anybody_in(headers):
    row = arrive(headers={"Cc": "jo@partner.example", **headers})
    assert row.state == "processed"
    assert not Participant.objects.exists()


def test_the_list_ends_somewhere():
    ticket = copied(", ".join(f"p{number}@partner.example" for number in range(300)))
    assert len(addresses(ticket)) == MOST_PARTICIPANTS
    arrive(5, message_id="<two@company.example>", headers={**ANSWER, "Cc": "jo@partner.example"})
    assert len(addresses(ticket)) == MOST_PARTICIPANTS


def test_a_later_mail_adds_each_person_once(li):
    ticket = copied("jo@partner.example")
    arrive(
        5,
        message_id="<two@company.example>",
        headers={**ANSWER, "Cc": "JO@partner.example, kim@partner.example"},
    )
    assert addresses(ticket) == ["jo@partner.example", "kim@partner.example"]


def test_the_words_of_a_participant_are_the_customers_and_start_the_promise(li):
    ticket = copied("jo@partner.example")
    answered(ticket, 5)
    arrive(
        10,
        sender="Jo <jo@partner.example>",
        message_id="<three@partner.example>",
        body="Total outage now.",
        headers=ANSWER,
    )
    message = ticket.messages.get(body="Total outage now.")
    assert not message.is_unconfirmed
    assert Clock.objects.open().filter(ticket=ticket, started_by=message).exists()


def test_the_acknowledgement_goes_to_the_writer_alone(li):
    copied("jo@partner.example")
    mail = OutboundEmail.objects.get(purpose=MailPurpose.ACKNOWLEDGEMENT)
    assert (mail.recipients, mail.copies) == (["li@company.example"], [])


def test_participants_of_a_merged_ticket_take_part_in_the_other(li):
    source = copied("jo@partner.example, kim@partner.example")
    target = arrive(
        1, message_id="<other@company.example>", subject="Again", headers={"Cc": "kim@partner.example"}
    ).ticket
    merge(ticket=source, into=target, actor=AdminFactory(), at=minute(2))
    assert sorted(addresses(target)) == ["jo@partner.example", "kim@partner.example"]


def crowd(name: str) -> str:
    return ", ".join(f"{name}{number}@partner.example" for number in range(MOST_PARTICIPANTS))


def test_a_merge_loses_nobody_and_says_how_many_an_answer_reaches(li):
    source = copied(crowd("a"))
    target = arrive(
        1,
        sender="jo@company.example",
        message_id="<other@company.example>",
        subject="Again",
        headers={"Cc": crowd("b")},
    ).ticket
    merge(ticket=source, into=target, actor=AdminFactory(), at=minute(2))
    assert len(addresses(target)) == 2 * MOST_PARTICIPANTS + 1
    assert "li@company.example" in addresses(target)
    notes = target.messages.filter(kind=MessageKind.NOTE).values_list("body", flat=True)
    assert any(body.startswith("Merged, the ticket has 41 participants") for body in notes)


@pytest.fixture
def strangers_words(li):
    """A message on an answered and resolved ticket whose sender proves the thread and takes no part in it."""
    ticket = arrive().ticket
    answered(ticket, 5, then=Status.RESOLVED)
    arrive(
        10,
        sender="Eve <eve@other.example>",
        message_id="<e1@other.example>",
        body="Still dead.",
        headers=ANSWER,
    )
    message = ticket.messages.get(body="Still dead.")
    assert message.is_unconfirmed
    return message


def test_an_accepted_strangers_words_count_from_their_receipt(strangers_words):
    actor = AdminFactory()
    accept_sender(message=strangers_words, actor=actor, at=minute(30))
    ticket = Ticket.objects.get(pk=strangers_words.ticket_id)
    clock = Clock.objects.open().get(ticket=ticket)
    assert (clock.started_at, clock.started_by) == (minute(10), strangers_words)
    assert (ticket.status, ticket.unanswered_since) == (Status.OPEN, minute(10))
    assert addresses(ticket) == ["eve@other.example"]
    assert ticket.timeline.get(fact=Fact.SENDER_ACCEPTED).actor == actor


def test_all_that_an_accepted_stranger_wrote_counts_from_the_first(strangers_words):
    arrive(
        20, sender="Eve <EVE@other.example>", message_id="<e2@other.example>", body="Hello?", headers=ANSWER
    )
    second = strangers_words.ticket.messages.get(body="Hello?")
    accept_sender(message=second, actor=AdminFactory(), at=minute(30))
    assert not strangers_words.ticket.messages.filter(is_unconfirmed=True).exists()
    assert Clock.objects.open().get(ticket=strangers_words.ticket).started_by == strangers_words


def test_the_next_mail_of_an_accepted_stranger_counts_at_once(strangers_words):
    accept_sender(message=strangers_words, actor=AdminFactory(), at=minute(30))
    arrive(40, sender="Eve <eve@other.example>", message_id="<e3@other.example>", body="And?", headers=ANSWER)
    assert not strangers_words.ticket.messages.get(body="And?").is_unconfirmed


def test_accepting_twice_or_a_confirmed_sender_is_refused(strangers_words):
    accept_sender(message=strangers_words, actor=AdminFactory(), at=minute(30))
    with pytest.raises(DeskError):
        accept_sender(message=strangers_words, actor=AdminFactory(), at=minute(31))


def test_words_before_our_answer_start_nothing_when_accepted(li):
    ticket = opened(contact=li)
    eve = ticket.messages.create(
        kind="inbound", at=minute(2), created_at=minute(2), body="Me too.", is_unconfirmed=True,
        sender_address="eve@other.example",
    )  # fmt: skip
    answered(ticket, 5)
    accept_sender(message=eve, actor=AdminFactory(), at=minute(10))
    assert not Clock.objects.open().filter(ticket=ticket, started_by=eve).exists()


@pytest.mark.parametrize("closed_at", [7, 20])
def test_a_question_that_the_ticket_was_closed_over_waits_no_more_when_a_stranger_is_accepted(li, closed_at):
    """Before the stranger wrote, or afterwards: their words start their own promise, and nobody else's."""
    ticket = opened(contact=li)
    admin = AdminFactory()
    if closed_at < 10:
        set_status(ticket=ticket, status=Status.CLOSED, actor=admin, at=minute(closed_at), reason="by phone")
    eve = add_customer_message(
        ticket=ticket,
        content=words("Still dead.", is_unconfirmed=True),
        received_at=minute(10),
        at=minute(10),
    )
    if closed_at > 10:
        set_status(ticket=ticket, status=Status.CLOSED, actor=admin, at=minute(closed_at), reason="by phone")
    accept_sender(message=eve, actor=admin, at=minute(30))
    ticket.refresh_from_db()
    assert (ticket.status, ticket.unanswered_since) == (Status.OPEN, minute(10))
    assert [clock.started_by for clock in promised().open().filter(ticket=ticket)] == [eve]


def test_whom_a_person_accepts_takes_part_however_many_do_already(li):
    ticket = copied(", ".join(f"p{number}@partner.example" for number in range(MOST_PARTICIPANTS)))
    eve = unconfirmed(ticket, "eve@other.example")
    accept_sender(message=eve, actor=AdminFactory(), at=minute(10))
    assert addresses(ticket)[MOST_PARTICIPANTS:] == ["eve@other.example"]


@pytest.mark.parametrize(
    "address", [f"{'e' * 300}@other.example", "e\u00e9@other.example", "no-reply@other.example"]
)
def test_words_are_accepted_of_an_address_that_no_answer_can_go_to(li, address):
    ticket = opened(contact=li)
    accept_sender(message=unconfirmed(ticket, address), actor=AdminFactory(), at=minute(10))
    assert not ticket.messages.filter(is_unconfirmed=True).exists()
    assert addresses(ticket) == []


def test_of_nobodys_messages_only_the_accepted_one_counts(li):
    ticket = opened(contact=li)
    first, second = unconfirmed(ticket, ""), unconfirmed(ticket, "")
    accept_sender(message=first, actor=AdminFactory(), at=minute(10))
    assert list(ticket.messages.filter(is_unconfirmed=True)) == [second]


def unconfirmed(ticket: Ticket, sender: str) -> Message:
    content = MessageContent(body="Me too.", sender_address=sender, is_unconfirmed=True)
    return add_customer_message(ticket=ticket, content=content, received_at=minute(2), at=minute(2))


def test_a_mail_to_thousands_is_taken_and_remarked_on():
    row = arrive(headers={"Cc": ", ".join(f"x{number}@company.example" for number in range(5_000))})
    row.refresh_from_db()
    assert row.notes == ["recipients_left_out"]
    assert len(addresses(row.ticket)) == MOST_PARTICIPANTS
    assert b"x4999@company.example" in bytes(row.raw)


def test_a_mail_to_as_many_as_may_take_part_is_not_remarked_on():
    row = arrive(headers={"Cc": crowd("a")})
    row.refresh_from_db()
    assert (row.notes, len(addresses(row.ticket))) == ([], MOST_PARTICIPANTS)

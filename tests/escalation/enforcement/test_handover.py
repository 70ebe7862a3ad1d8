"""The handover summary: what a new owner must know at a glance."""

from contextlib import nullcontext

import pytest

from escalation.clocks.lifecycle import open_response_clocks
from escalation.enforcement.handover import (
    EXCERPT,
    LAST_MESSAGES,
    LAST_WORDS,
    Handover,
    HandoverCause,
    handover_facts,
    handover_text,
    write_handover_notes,
)
from escalation.models import Notification
from tests.factories import (
    ClockFactory,
    ContactFactory,
    ContractFactory,
    CustomerFactory,
    EscalationFactory,
    MessageFactory,
    NotificationFactory,
    UserFactory,
    staff,
)
from tests.talk import answered, asked, called, clock_of, minute, noted, opened, words
from tickets.choices import MessageKind

pytestmark = pytest.mark.django_db


@pytest.fixture
def ticket():
    ann = staff("ann")
    customer = CustomerFactory(name="Aurora Live", account_manager=ann)
    return opened(contact=ContactFactory(customer=customer), words=words("Black since noon."))


def handover_of(clock, escalation):
    before, after = escalation.from_owner, escalation.to_owner
    return Handover(clock, before, after, actor=escalation.by, reason=escalation.reason)


def written(clock, escalation, at):
    """The note that the desk writes when the escalation moves the ticket."""
    write_handover_notes([handover_of(clock, escalation)], at=minute(at))
    return clock.ticket.messages.filter(kind=MessageKind.NOTE, is_automatic=True).latest("pk")


def note(ticket, to=None):
    [clock] = open_response_clocks(ticket)
    escalation = EscalationFactory(
        clock=clock, from_owner=UserFactory(first_name="Ann"), to_owner=to or UserFactory(first_name="Bob")
    )
    return written(clock, escalation, 31)


def test_a_handover_note_is_written_by_the_desk_with_all_essentials(ticket):
    message = note(ticket, staff("bob", time_zone="Europe/Berlin"))
    assert (message.kind, message.author, message.at) == (MessageKind.NOTE, None, minute(31))
    for piece in (
        "from Ann to",
        "Aurora Live",
        "Wednesday 18 November 2026, 13:00 (UTC+1, Berlin)",
        "Wednesday 18 November 2026, 13:30 (UTC+1, Berlin)",
        "Black since noon.",
    ):
        assert piece in message.body


def test_the_note_quotes_the_customers_last_question(ticket):
    asked(ticket, 5, words=words("The sound is gone too. " + "x" * 2000))
    _facts, question, other_messages = note(ticket).body.split("\n\n")
    assert "The sound is gone too." in question
    assert len(question) < LAST_WORDS + 50
    assert "Black since noon." in other_messages


def test_the_note_excerpts_other_messages_in_order(ticket):
    answered(ticket, 5)
    asked(ticket, 6, words=words("Line one\nline two " + "y" * 2000))
    noted(ticket, 7)
    asked(ticket, 8, words=words("Still black."))
    other_messages = note(ticket).body.split("Other messages:\n")[1].splitlines()
    assert [line.split(": ", 1)[1][:8] for line in other_messages] == ["Please u", "Line one", "Looks li"]
    assert "Line one line two" in other_messages[1]
    assert len(other_messages[1]) < EXCERPT + 80


def test_a_call_that_was_written_down_later_is_marked(ticket):
    called(ticket, 25, happened=5)
    called(ticket, 27, happened=26)
    asked(ticket, 29)
    other_messages = note(ticket).body.split("Other messages:\n")[1].splitlines()
    assert ["logged later" in line for line in other_messages if "Ann" in line or "Phone" in line] == [
        True,
        False,
    ]


def test_many_notes_do_not_hide_the_question(ticket):
    for at in range(5, 12):
        noted(ticket, at)
    body = note(ticket).body
    assert "Black since noon." in body
    assert body.count("Looks like the SDK.") == LAST_MESSAGES


def test_the_note_leaves_out_messages_by_the_desk_itself_and_by_strangers(ticket):
    first = note(ticket).body
    asked(ticket, 6, words=words("I am the boss.", is_unconfirmed=True))
    assert note(ticket).body == first


def test_the_note_names_plan_contact_and_subject(ticket):
    clock = clock_of(ticket)
    clock.contract = ContractFactory(customer=ticket.customer, plan__name="Gold")
    clock.save()
    ticket.contact.name, ticket.contact.email, ticket.contact.phone = "Li Na", "li@aurora.example", "+86 139"
    ticket.contact.save()
    body = note(ticket).body
    assert "Customer: Aurora Live · Gold\n" in body
    assert "Contact: Li Na · li@aurora.example · +86 139\n" in body
    assert "Subject: Black screen\n" in body


def test_the_note_says_when_there_is_no_contract(ticket):
    assert "Customer: Aurora Live · no contract\n" in note(ticket).body


@pytest.mark.parametrize(
    ("at", "told"), [(29, ", 1 min left"), (30, ", due now"), (31, ", overdue by 1 min")]
)
def test_the_note_tells_the_time_left_or_how_late_the_promise_is(ticket, at, told):
    clock = clock_of(ticket)
    escalation = EscalationFactory(clock=clock, to_owner=staff("bob"))
    assert told in written(clock, escalation, at).body


def test_the_note_names_each_person_told_of_the_promise_once(ticket):
    clock, cy = clock_of(ticket), UserFactory(first_name="Cy")
    Notification.objects.all().delete()
    for at in (15, 24):
        NotificationFactory(recipient=cy, ticket=ticket, clock=clock, created_at=minute(at))
    NotificationFactory(recipient=UserFactory(first_name="Dee"), ticket=ticket, clock=None)
    body = note(ticket, staff("bob", time_zone="UTC")).body
    assert "Notified: Cy (2026-11-18 12:24 UTC)\n" in body


def test_the_note_of_an_escalation_by_hand_says_who_and_why(ticket):
    clock = clock_of(ticket)
    escalation = EscalationFactory(
        clock=clock,
        step=None,
        from_owner=UserFactory(first_name="Ann"),
        to_owner=UserFactory(first_name="Bob"),
        by=UserFactory(first_name="Cy"),
        reason="The CEO called.",
    )
    [facts] = handover_facts([handover_of(clock, escalation)], at=minute(3))
    assert handover_text(facts).startswith("Cy escalated it from Ann")
    assert "The CEO called." in handover_text(facts).splitlines()[0]


def test_many_tickets_cost_as_many_queries_as_one(django_assert_num_queries):
    moves = [_move() for _number in range(12)]
    with django_assert_num_queries(4):
        many = handover_facts(moves, at=minute(31))
    with django_assert_num_queries(4):
        one = handover_facts(moves[:1], at=minute(31))
    assert many[:1] == one
    assert len({facts.question.body for facts in many}) == 12


def _move():
    message = MessageFactory(ticket__contact=ContactFactory())
    MessageFactory(ticket=message.ticket, kind=MessageKind.OUTBOUND, author=message.ticket.owner)
    clock = ClockFactory(ticket=message.ticket, contract=ContractFactory())
    return Handover(clock, clock.ticket.owner, staff(), HandoverCause.ABSENCE)


def test_the_note_calls_an_unknown_sender_unknown():
    staff("ann")
    body = note(opened(contact=ContactFactory(customer=None))).body
    assert "unknown company" in body


def test_the_note_is_in_the_new_owners_language(ticket, monkeypatch):
    heard = []
    monkeypatch.setattr(
        "escalation.enforcement.handover.as_read_by",
        lambda *reader: heard.append(reader) or nullcontext(),
    )
    note(ticket, staff("li", language="zh-hans", time_zone="Asia/Shanghai"))
    assert heard == [("zh-hans", "Asia/Shanghai")]

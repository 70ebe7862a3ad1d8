"""The handover summary: what a new owner must know at a glance."""

from contextlib import nullcontext

import pytest

from escalation.services.clocks import waiting
from escalation.services.handover import LAST_WORDS, write_handover
from tests.factories import ContactFactory, CustomerFactory, EscalationFactory, UserFactory, staff
from tests.talk import answered, asked, minute, opened, words
from tickets.choices import MessageKind

pytestmark = pytest.mark.django_db


@pytest.fixture
def ticket():
    ann = staff("ann")
    customer = CustomerFactory(name="Aurora Live", account_manager=ann)
    return opened(contact=ContactFactory(customer=customer), words=words("Black since noon."))


def note(ticket, to=None):
    [clock] = waiting(ticket)
    escalation = EscalationFactory(
        clock=clock, from_owner=UserFactory(first_name="Ann"), to_owner=to or UserFactory(first_name="Bob")
    )
    return write_handover(clock, escalation, at=minute(31))


def test_it_is_a_note_of_the_desk_with_everything_that_matters(ticket):
    message = note(ticket, staff("bob", time_zone="Europe/Berlin"))
    assert (message.kind, message.author, message.at) == (MessageKind.NOTE, None, minute(31))
    for piece in (
        "from Ann to",
        "Aurora Live",
        "2026-11-18 13:00 (CET)",
        "2026-11-18 13:30 (CET)",
        "Black since noon.",
    ):
        assert piece in message.body


def test_the_customers_last_words_are_those_of_a_question(ticket):
    asked(ticket, 5, words=words("The sound is gone too. " + "x" * 2000))
    body = note(ticket).body
    assert "The sound is gone too." in body
    assert "Black since noon." not in body
    assert len(body) < LAST_WORDS + 400


def test_our_own_words_are_not_repeated(ticket):
    answered(ticket, 5)
    asked(ticket, 6, words=words("Still black."))
    body = note(ticket).body
    assert "Still black." in body
    assert "SDK" not in body


def test_a_stranger_is_called_one():
    staff("ann")
    body = note(opened(contact=ContactFactory(customer=None))).body
    assert "unknown company" in body


def test_it_reads_in_the_new_owners_language(ticket, monkeypatch):
    heard = []
    monkeypatch.setattr(
        "escalation.services.handover.as_read_by",
        lambda *reader: heard.append(reader) or nullcontext(),
    )
    note(ticket, staff("li", language="zh-hans", time_zone="Asia/Shanghai"))
    assert heard == [("zh-hans", "Asia/Shanghai")]

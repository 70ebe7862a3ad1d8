"""Rules read words that begin to count later, when a person accepts their sender or says that a person wrote them."""

from datetime import timedelta
from typing import Any

import pytest

from escalation.choices import NoticeKind
from escalation.clocks.ledger_verification import verify
from escalation.models import Clock, Notification
from tests.factories import (
    AdminFactory,
    ContactFactory,
    CustomerFactory,
    MailboxFactory,
    UserFactory,
    set_desk,
)
from tests.rawmail import rawmail
from tests.talk import answered, minute, promised
from tickets.choices import MessageKind, Priority, ProposalReach, RulePriority
from tickets.models import InboundEmail, Message, Proposal, Rule, Ticket
from tickets.services.intake import process, receive_raw
from tickets.services.late_words import accept_sender, mark_as_person
from tickets.services.mail_marks import mark_as_automatic
from tickets.services.proposals import reject_proposal

pytestmark = pytest.mark.django_db

ANSWER = {"In-Reply-To": "<one@company.example>"}
OUTAGE = "Total outage, all users are affected."


@pytest.fixture(autouse=True)
def desk():
    Rule.objects.update(is_active=False, stamp=0)
    Rule.objects.create(
        name="Outage here", words="outage", priority=Priority.P0, how=RulePriority.PROPOSE, only_now=True
    )
    set_desk(intake_owner=AdminFactory(username="root"), duty_manager=AdminFactory(username="duty"))
    MailboxFactory(address="support@desk.example")
    ann = UserFactory(username="ann")
    ContactFactory(email="li@company.example", customer=CustomerFactory(account_manager=ann))


@pytest.fixture
def ticket() -> Ticket:
    return Ticket.objects.get(pk=arrive().message.ticket_id)


def arrive(at: float = 0, **mail: Any) -> InboundEmail:
    row = receive_raw(raw=rawmail(**mail), received_at=minute(at), via="imap")
    processed = process(row.pk, now=minute(at))
    assert processed is not None
    assert processed.error == ""
    return processed


def strangers(body: str = OUTAGE, *, at: float = 10, number: int = 1, **headers: str) -> Message:
    row = arrive(
        at,
        sender="Eve <eve@other.example>",
        message_id=f"<e{number}@other.example>",
        body=body,
        headers=ANSWER | headers,
    )
    assert row.message is not None
    assert row.message.is_unconfirmed
    return row.message


def automatic(body: str = OUTAGE, *, at: float = 10, **headers: str) -> Message:
    row = arrive(
        at,
        subject="Re: Black screen",
        message_id="<a@company.example>",
        body=body,
        headers={"Auto-Submitted": "auto-replied", **ANSWER, **headers},
    )
    assert row.message is not None
    assert row.message.kind == MessageKind.AUTOMATIC
    return row.message


def priority_of(ticket: Ticket) -> int:
    return Ticket.objects.get(pk=ticket.pk).priority


def test_an_accepted_strangers_outage_is_proposed_as_p0_from_its_receipt(ticket):
    message = strangers()
    assert not Proposal.objects.exists()
    accept_sender(message=message, actor=AdminFactory(), at=minute(20))
    proposal = Proposal.objects.get()
    assert (proposal.message, proposal.since, proposal.reach) == (message, minute(10), ProposalReach.PAGES)
    assert (priority_of(ticket), proposal.usual) == (Priority.P0, Priority.P2)
    assert promised().get(ticket=ticket).due_at == minute(40)
    assert Notification.objects.filter(ticket=ticket, kind=NoticeKind.PAGED).exists()
    assert verify(ticket=ticket.pk).mismatches == ()


def test_an_outage_that_a_person_wrote_after_all_is_proposed_as_p0_from_its_receipt(ticket):
    message = automatic()
    assert not Proposal.objects.exists()
    mark_as_person(message=message, actor=AdminFactory(), at=minute(20))
    proposal = Proposal.objects.get()
    assert (proposal.message, proposal.since, proposal.reach) == (message, minute(10), ProposalReach.PAGES)
    assert promised().get(ticket=ticket).due_at == minute(40)
    assert verify(ticket=ticket.pk).mismatches == ()


def test_the_promise_that_such_words_begin_is_the_proposed_one(ticket):
    answered(ticket, 5)
    accept_sender(message=strangers(), actor=AdminFactory(), at=minute(20))
    clock = Clock.objects.open().get(ticket=ticket)
    assert (clock.started_at, clock.due_at, clock.priority) == (minute(10), minute(40), Priority.P0)
    assert verify(ticket=ticket.pk).mismatches == ()


def test_a_rule_that_sets_a_priority_sets_it_for_such_words(ticket):
    Rule.objects.create(name="Stage", words="stage", priority=Priority.P1, how=RulePriority.SET)
    accept_sender(message=strangers("The stage is dark."), actor=AdminFactory(), at=minute(20))
    assert priority_of(ticket) == Priority.P1


def test_all_that_an_accepted_stranger_wrote_is_read_and_proposed_once(ticket):
    first, second = strangers("Hello?"), strangers(at=12, number=2)
    strangers(at=14, number=3)
    accept_sender(message=first, actor=AdminFactory(), at=minute(20))
    assert Proposal.objects.get().message == second


def test_a_decided_proposal_is_not_made_again_by_marking_the_mail_back_and_forth(ticket):
    message, admin = automatic(), AdminFactory()
    mark_as_person(message=message, actor=admin, at=minute(20))
    reject_proposal(ticket=ticket, actor=admin, at=minute(21))
    mark_as_automatic(message=message, actor=admin, at=minute(22))
    mark_as_person(message=message, actor=admin, at=minute(23))
    assert Proposal.objects.get().is_confirmed is False
    assert priority_of(ticket) == Priority.P2


def test_words_that_are_answered_since_propose_nothing(ticket):
    message = strangers()
    answered(ticket, 15)
    accept_sender(message=message, actor=AdminFactory(), at=minute(20))
    assert not Proposal.objects.exists()


def test_a_forged_mail_gets_no_power_when_somebody_accepts_it(ticket):
    message = strangers(**{"Authentication-Results": "mx.desk.example; dmarc=fail"})
    accept_sender(message=message, actor=AdminFactory(), at=minute(20))
    assert Proposal.objects.get().reach == ProposalReach.SHOWN
    assert priority_of(ticket) == Priority.P2


def test_words_that_came_by_no_mail_or_are_lost_are_accepted_without_rules(ticket):
    message = strangers()
    InboundEmail.objects.filter(message=message).delete()
    accept_sender(message=message, actor=AdminFactory(), at=minute(20))
    assert not Proposal.objects.exists()
    assert not Message.objects.get(pk=message.pk).is_unconfirmed


def test_later_mail_of_an_accepted_stranger_is_read_when_it_arrives(ticket):
    accept_sender(message=strangers("Hello?"), actor=AdminFactory(), at=minute(20))
    arrive(30, sender="Eve <eve@other.example>", message_id="<e9@other.example>", body=OUTAGE, headers=ANSWER)
    assert Proposal.objects.get().since == minute(30)
    assert Proposal.objects.get().since - ticket.opened_at == timedelta(minutes=30)

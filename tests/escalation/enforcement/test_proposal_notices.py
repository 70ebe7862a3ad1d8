"""Who is paged or told when incoming mail speaks of an outage. The mails go through the whole intake."""

from typing import Any

import pytest
from django.contrib.auth.models import User

from escalation.choices import NoticeKind
from escalation.clocks.ledger_verification import verify
from escalation.models import Notification, Policy
from tests.factories import (
    AbsenceFactory,
    ContactFactory,
    CustomerFactory,
    DutyRotaFactory,
    DutyShiftFactory,
    MailboxFactory,
    MailDomainFactory,
    set_desk,
    staff,
)
from tests.rawmail import rawmail
from tests.talk import answered, clock_of, dispatched, minute
from tickets.answer_line import answer_line
from tickets.choices import Priority, ProposalReach, Status
from tickets.models import Proposal, Ticket
from tickets.services.intake import process, receive_raw
from tickets.services.ownership import assign
from tickets.services.proposals import confirm_proposal, reject_proposal

pytestmark = pytest.mark.django_db

FORGED = {"Authentication-Results": "mx.desk.example; dmarc=fail"}
ALARM = {"Auto-Submitted": "auto-generated"}


@pytest.fixture(autouse=True)
def desk():
    rota = DutyRotaFactory()
    Policy.objects.update(duty_rota=rota)
    DutyShiftFactory(rota=rota, user=staff("engineer"))
    set_desk(intake_owner=staff("iris"), duty_manager=staff("boss"))
    MailboxFactory(address="support@desk.example", name="Support")


@pytest.fixture
def li():
    ann = staff("ann", groups=["Account manager"])
    return ContactFactory(
        email="li@company.example", customer=CustomerFactory(name="Aurora", account_manager=ann)
    )


def arrive(at: float = 0, **mail: Any) -> Ticket:
    known = {"subject": "Help", "body": "The platform is down.", "message_id": f"<{at}@company.example>"}
    row = process(
        receive_raw(raw=rawmail(**{**known, **mail}), received_at=minute(at), via="imap").pk, now=minute(at)
    )
    assert row is not None
    assert row.error == ""
    assert row.ticket is not None
    return Ticket.objects.get(pk=row.ticket.pk)


def told(kind: NoticeKind) -> list[str]:
    rows = Notification.objects.filter(kind=kind).order_by("pk")
    return list(rows.values_list("recipient__username", flat=True))


def reach_of(ticket: Ticket) -> str:
    return ticket.proposals.get().reach


def test_a_known_contact_pages_at_once(li):
    ticket = arrive()
    assert (ticket.priority, ticket.owner.username) == (Priority.P0, "engineer")
    assert told(NoticeKind.PAGED) == ["engineer", "ann"]
    proposal = ticket.proposals.get()
    assert (proposal.rule_name, proposal.words, proposal.usual) == ("Outage", ["down"], Priority.P2)


def test_so_does_somebody_new_of_a_customers_domain(li):
    MailDomainFactory(customer=li.customer, domain="company.example")
    arrive(sender="Wu <wu@company.example>")
    assert told(NoticeKind.PAGED) == ["engineer", "ann"]


@pytest.mark.parametrize(
    ("sender", "headers", "owner"),
    [("Li <li@company.example>", FORGED, "ann"), ("Eve <eve@elsewhere.example>", {}, "iris")],
    ids=["forged", "unknown"],
)
def test_an_unknown_or_forged_writer_is_shown_and_told_to_the_owner_once(li, sender, headers, owner):
    """That is the intake owner for an unknown writer; nobody is told of a ticket that they may not open."""
    for at in (0, 10):
        ticket = arrive(at, sender=sender, headers=headers, subject=f"Help {'again' if at else ''}")
        assert (ticket.priority, reach_of(ticket)) == (Priority.P2, ProposalReach.SHOWN)
        assert clock_of(ticket).due_at == minute(at + 480)
    assert told(NoticeKind.PAGED) == []
    assert told(NoticeKind.PROPOSED) == [owner]
    arrive(61, sender=sender, headers=headers, subject="Help once more")
    assert told(NoticeKind.PROPOSED) == [owner, owner]


def test_while_the_intake_owner_is_away_who_stands_in_is_told(li):
    AbsenceFactory(user=User.objects.get(username="iris"), starts_at=minute(-10), ends_at=minute(100))
    ticket = arrive(sender="Eve <eve@elsewhere.example>")
    assert told(NoticeKind.PROPOSED) == [ticket.owner.username] == ["boss"]


def test_a_contact_who_left_or_an_inactive_customer_does_not_page(li):
    li.is_active = False
    li.save()
    assert reach_of(arrive()) == ProposalReach.SHOWN


def test_an_alarm_runs_without_a_page_until_a_person_confirms_it(li):
    ticket = arrive(headers=ALARM)
    assert (ticket.priority, reach_of(ticket)) == (Priority.P0, ProposalReach.RUNS)
    assert clock_of(ticket).due_at == minute(30)
    assert told(NoticeKind.PAGED) == []
    assert told(NoticeKind.NEW_TICKET) == ["ann"]
    confirm_proposal(ticket=ticket, actor=li.customer.account_manager, at=minute(3))
    assert told(NoticeKind.PAGED) == ["engineer", "ann"]


def test_an_alarms_own_priority_comes_before_the_rules(li):
    li.alarm_priority = Priority.P3
    li.save()
    ticket = arrive(headers=ALARM)
    assert ticket.priority == Priority.P3
    assert not Proposal.objects.exists()


def test_what_the_sender_says_in_brackets_comes_before_the_rules(li):
    assert arrive(subject="[P1] Help").priority == Priority.P1
    assert not Proposal.objects.exists()


def test_further_ones_of_the_customer_within_the_hour_join_one_digest(li):
    arrive(0)
    further = [arrive(at, subject=f"Room {'ab'[at - 1]}") for at in (1, 2)]
    other = ContactFactory(email="oz@other.example")
    arrive(3, sender="Oz <oz@other.example>")
    assert other.customer is not None
    assert told(NoticeKind.PAGED).count("engineer") == 2
    for ticket in further:
        assert (ticket.priority, ticket.owner.username) == (Priority.P0, "engineer")
        assert reach_of(ticket) == ProposalReach.JOINS
        assert clock_of(ticket).priority == Priority.P0
    digest = Notification.objects.get(kind=NoticeKind.MORE_PROPOSED)
    assert digest.recipient.username == "engineer"
    assert [line.partition(" ")[0] for line in digest.detail.splitlines()] == [
        each.number for each in further
    ]
    dispatched(4)
    digest.refresh_from_db()
    assert digest.sent_at is None
    dispatched(7)
    digest.refresh_from_db()
    assert digest.sent_at == minute(7)
    assert further[1].number in digest.mail.text
    # It is about both, so an answer to it can go to neither's customer.
    assert (digest.mail.ticket, answer_line() in digest.mail.text) == (None, False)
    third = arrive(8, subject="Room c")
    assert Notification.objects.filter(kind=NoticeKind.MORE_PROPOSED).count() == 2
    dispatched(13)
    alone = Notification.objects.filter(kind=NoticeKind.MORE_PROPOSED).latest("pk").mail
    assert (alone.ticket, answer_line() in alone.text) == (third, True)
    assert verify().mismatches == ()


def test_after_a_rejection_the_next_one_pages(li):
    """Nobody works on an incident that was none, and who has its ticket by now may be asleep."""
    ticket = arrive(0)
    reject_proposal(ticket=ticket, actor=li.customer.account_manager, at=minute(2))
    ticket.refresh_from_db()
    assign(ticket=ticket, to=li.customer.account_manager, actor=ticket.owner, at=minute(3), reason="Calm")
    further = arrive(20, subject="Room b")
    assert (reach_of(further), further.owner.username) == (ProposalReach.PAGES, "engineer")
    assert told(NoticeKind.PAGED) == ["engineer", "ann"] * 2
    assert reach_of(arrive(21, subject="Room c")) == ProposalReach.JOINS


def test_after_an_hour_the_next_one_pages_again(li):
    arrive(0)
    assert reach_of(arrive(59.9, subject="Again")) == ProposalReach.JOINS
    assert reach_of(arrive(60, subject="And again")) == ProposalReach.PAGES


def answer(ticket: Ticket, at: float, **mail: Any) -> Ticket:
    return arrive(at, subject=f"Re: {ticket.subject} [{ticket.number}]", **mail)


def test_words_in_an_answer_page_too(li):
    ticket = arrive(body="How do I mute a host?")
    assert ticket.priority == Priority.P2
    again = answer(ticket, 60)
    assert again == ticket
    assert (again.priority, clock_of(again).due_at) == (Priority.P0, minute(90))
    assert told(NoticeKind.PAGED) == ["engineer", "ann"]


def test_so_do_words_after_an_answer_of_ours(li):
    ticket = arrive(body="How do I mute a host?")
    answered(ticket, 5)
    again = answer(ticket, 60)
    assert (again.priority, again.owner.username) == (Priority.P0, "engineer")
    assert told(NoticeKind.PAGED) == ["engineer", "ann"]
    assert verify().mismatches == ()


def test_an_unknown_writers_answer_is_only_shown(li):
    ticket = arrive(sender="Eve <eve@elsewhere.example>", body="How do I mute a host?")
    again = answer(ticket, 60, sender="Eve <eve@elsewhere.example>")
    assert (again, again.priority, reach_of(again)) == (ticket, Priority.P2, ProposalReach.SHOWN)
    boss = staff("lead")
    confirm_proposal(ticket=ticket, actor=boss, at=minute(61))
    ticket.refresh_from_db()
    assert (ticket.priority, clock_of(ticket).due_at) == (Priority.P0, minute(91))
    assert told(NoticeKind.PAGED) == ["engineer"]


def test_a_shown_one_that_is_rejected_changes_nothing_else(li):
    ticket = arrive(sender="Eve <eve@elsewhere.example>")
    lines = clock_of(ticket).events.count()
    reject_proposal(ticket=ticket, actor=staff("lead"), at=minute(5))
    ticket.refresh_from_db()
    assert ticket.priority == Priority.P2
    assert clock_of(ticket).events.count() == lines


def test_the_receipt_of_a_proposed_p0_says_that_the_engineer_was_paged(li):
    text = arrive().outbound.get().text
    assert "critical incident (P0)" in text
    assert "has been paged now" in text


@pytest.mark.parametrize("again", ["P0", "P0: down", "这是P0故障\nThe platform is down."])
@pytest.mark.parametrize("first", ["The platform is down.", "P0! Please help."])
def test_a_customer_who_answers_with_p0_as_we_told_them_is_heard_again(li, first, again):
    ticket = arrive(body=first)
    reject_proposal(ticket=ticket, actor=li.customer.account_manager, at=minute(5))
    assert "P0 in its first line" in ticket.outbound.latest("pk").text
    assert answer(ticket, 20, body=again).priority == Priority.P0
    assert clock_of(ticket).due_at == minute(50)
    assert verify().mismatches == ()


def test_the_same_words_without_it_propose_nothing_again(li):
    ticket = arrive()
    reject_proposal(ticket=ticket, actor=li.customer.account_manager, at=minute(5))
    assert answer(ticket, 20, body="It is down.\nThe last one was a P0.").priority == Priority.P2


@pytest.mark.parametrize("mail", [{"headers": ALARM}, {"sender": "Eve <eve@elsewhere.example>"}])
def test_nobody_is_paged_for_a_ticket_that_has_ended(li, mail):
    """The page that confirms may be older than the answer."""
    ticket = arrive(**mail)
    answered(ticket, 4, then=Status.RESOLVED)
    confirm_proposal(ticket=ticket, actor=staff("lead"), at=minute(5))
    ticket.refresh_from_db()
    assert ticket.priority == Priority.P0
    assert told(NoticeKind.PAGED) == []


def test_a_tag_that_the_subject_repeats_does_not_silence_the_words_of_an_answer(li):
    """Each answer carries the subject of the first mail: P2 was said then, and the outage is said now."""
    ticket = arrive(subject="[P2] Help", body="How do I mute a host?")
    again = answer(ticket, 60)
    assert (again, again.priority) == (ticket, Priority.P0)
    assert told(NoticeKind.PAGED) == ["engineer", "ann"]


def test_a_tag_that_an_answer_adds_still_decides(li):
    ticket = arrive(body="How do I mute a host?")
    again = arrive(60, subject=f"[P3] Re: {ticket.subject} [{ticket.number}]")
    assert (again, again.priority) == (ticket, Priority.P2)


def test_an_alarm_that_repeats_its_tag_keeps_it(li):
    ticket = arrive(subject="[P2] Help", body="CPU 91 %", headers=ALARM)
    assert answer(ticket, 60, headers=ALARM).priority == Priority.P2

"""A proposed P0 is rejected: what it did to the promises is taken back, until half of its window is over."""

from datetime import timedelta

import pytest

from customers.choices import Language
from escalation.choices import RESPONSE_KINDS, ClockChange, ClockKind, ClockState, NoticeKind
from escalation.clocks.ledger_verification import verify
from escalation.enforcement.sweep import sweep
from escalation.models import Clock, Policy
from tests.factories import (
    NOW,
    ContactFactory,
    ContractFactory,
    ContractWindowFactory,
    CustomerFactory,
    DutyShiftFactory,
    set_desk,
    staff,
)
from tests.talk import answered, asked, bounced, clock_of, minute, opened, words
from tickets.choices import MailPurpose, Priority, ProposalReach, Status
from tickets.models import OutboundEmail, Rule, Ticket
from tickets.services.conversation import add_customer_message
from tickets.services.proposals import (
    WantedProposal,
    confirm_proposal,
    open_proposal,
    propose,
    reject_proposal,
)
from tickets.services.status_and_priority import change_priority, raise_priority, set_status
from tickets.triage.rule_matching import RuleMatch

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann():
    ann = staff("ann", groups=["Account manager"])
    set_desk(intake_owner=ann, duty_manager=ann)
    return ann


@pytest.fixture
def li(ann):
    return ContactFactory(
        email="li@company.example",
        name="Li Wei",
        customer=CustomerFactory(name="Aurora", account_manager=ann, language=Language.ENGLISH),
    )


def wanted(*found: str, priority: int = Priority.P0, reach: str = ProposalReach.PAGES) -> WantedProposal:
    rule, _is_new = Rule.objects.get_or_create(
        name=f"Outage P{priority}", defaults={"words": "outage", "priority": priority}
    )
    return WantedProposal(RuleMatch(rule, found or ("outage",)), ProposalReach(reach))


def proposed(li, *, priority: int = Priority.P2, at: float = 0, **more) -> Ticket:
    return opened(
        at,
        priority=priority,
        contact=li,
        proposal=wanted(**more),
        words=words(rfc_message_id="one@c.example"),
    )


def answered_with(ticket: Ticket, at: float, *found: str) -> None:
    message = asked(ticket, at)
    propose(ticket=ticket, message=message, wanted=wanted(*found), at=minute(at))


def verified() -> bool:
    return verify().mismatches == ()


def last_line(clock: Clock):
    return clock.events.order_by("pk").last()


def test_a_proposed_p0_runs_as_one(li):
    ticket = proposed(li)
    clock = clock_of(ticket)
    assert (ticket.priority, clock.priority, clock.due_at) == (Priority.P0, Priority.P0, minute(30))
    assert clock.events.get(change=ClockChange.STARTED).data["proposal"] == open_proposal(ticket).pk
    assert ticket.notifications.filter(kind=NoticeKind.PAGED).exists()
    assert verified()


@pytest.mark.parametrize("at", [1, 15])
def test_within_half_the_window_the_clock_takes_the_window_it_would_have_had(li, ann, at):
    ticket = proposed(li)
    reject_proposal(ticket=ticket, actor=ann, at=minute(at))
    clock = clock_of(ticket)
    ticket.refresh_from_db()
    assert (ticket.priority, clock.priority) == (Priority.P2, Priority.P2)
    assert (clock.started_at, clock.due_at, clock.state) == (NOW, minute(480), ClockState.RUNNING)
    line = last_line(clock)
    assert (line.change, line.actor, line.at) == (ClockChange.RETARGETED, ann, minute(at))
    assert line.cause == "Not P0: “outage”"
    assert line.data["words"] == ["outage"]
    assert verified()


def test_a_minute_later_it_is_an_ordinary_lowering(li, ann):
    ticket = proposed(li)
    reject_proposal(ticket=ticket, actor=ann, at=minute(15) + timedelta(seconds=1))
    clock = clock_of(ticket)
    ticket.refresh_from_db()
    assert (ticket.priority, clock.priority, clock.due_at) == (Priority.P2, Priority.P2, minute(30))
    assert not OutboundEmail.objects.filter(text__contains="not handled as a critical").exists()
    assert verified()


def test_the_customer_is_told_the_new_time_in_their_zone(li, ann):
    ticket = proposed(li)
    reject_proposal(ticket=ticket, actor=ann, at=minute(5))
    mail = OutboundEmail.objects.filter(purpose=MailPurpose.ACKNOWLEDGEMENT).order_by("pk").last()
    assert mail.recipients == ["li@company.example"]
    assert "not handled as a critical incident" in mail.text
    assert "Thursday 19 November 2026, 04:00 (UTC+8, Shanghai)" in mail.text
    assert ticket.number in mail.text


def test_nobody_is_told_a_time_if_the_answer_is_given(li, ann):
    ticket = proposed(li)
    answered(ticket, 4, actor=ann)
    mails = OutboundEmail.objects.count()
    reject_proposal(ticket=ticket, actor=ann, at=minute(5))
    assert OutboundEmail.objects.count() == mails
    assert clock_of(ticket).state == ClockState.MET


def test_an_update_that_only_a_p0_promises_ends(li, ann):
    ticket = proposed(li)
    answered(ticket, 4, actor=ann)
    update = Clock.objects.get(ticket=ticket, kind=ClockKind.UPDATE)
    reject_proposal(ticket=ticket, actor=ann, at=minute(5))
    update.refresh_from_db()
    assert update.state == ClockState.CANCELLED
    assert verified()


def test_words_in_an_answer_raise_from_their_receipt_and_the_raise_is_undone(li, ann):
    ticket = opened(priority=Priority.P2, contact=li)
    answered_with(ticket, 60)
    clock = clock_of(ticket)
    assert (clock.priority, clock.due_at, clock.raised_at) == (Priority.P0, minute(90), minute(60))
    reject_proposal(ticket=ticket, actor=ann, at=minute(75))
    clock = clock_of(ticket)
    assert (clock.priority, clock.due_at, clock.raised_at) == (Priority.P2, minute(480), None)
    assert verified()


def test_a_raise_by_a_person_before_it_stays(li, ann):
    ticket = opened(priority=Priority.P3, contact=li)
    change_priority(ticket=ticket, priority=Priority.P1, actor=ann, at=minute(600), reason="Worse")
    answered_with(ticket, 620)
    assert clock_of(ticket).due_at == minute(650)
    reject_proposal(ticket=ticket, actor=ann, at=minute(621))
    clock = clock_of(ticket)
    assert (clock.priority, clock.due_at, clock.raised_at) == (Priority.P1, minute(840), minute(600))
    assert verified()


def test_an_earlier_due_time_that_has_passed_stays_broken(li, ann):
    ticket = opened(priority=Priority.P2, contact=li)
    answered_with(ticket, 470)
    reject_proposal(ticket=ticket, actor=ann, at=minute(481))
    clock = clock_of(ticket)
    assert (clock.state, clock.breached_at) == (ClockState.BREACHED, minute(480))
    assert verified()


def test_a_window_that_would_be_over_by_now_is_a_breach_at_its_end(li, ann):
    """A contract may promise less for a P2 than half of the P0 window."""
    contract = ContractFactory(customer=li.customer)
    ContractWindowFactory(contract=contract, minutes=5, kind=ClockKind.FIRST_RESPONSE, priority=Priority.P2)
    ticket = proposed(li)
    reject_proposal(ticket=ticket, actor=ann, at=minute(10))
    clock = clock_of(ticket)
    assert (clock.state, clock.breached_at, clock.detected_at) == (ClockState.BREACHED, minute(5), minute(10))
    assert verified()


def test_a_paused_resolution_is_corrected_too_and_stays_paused(li, ann):
    contract = ContractFactory(customer=li.customer)
    for priority, minutes in ((Priority.P0, 240), (Priority.P2, 2_000)):
        ContractWindowFactory(
            contract=contract, minutes=minutes, kind=ClockKind.RESOLUTION, priority=priority
        )
    Policy.objects.get().versions.update(pause_cap_minutes=10_000)
    ticket = proposed(li)
    answered(ticket, 2, actor=ann, then=Status.WAITING)
    reject_proposal(ticket=ticket, actor=ann, at=minute(10))
    clock = Clock.objects.get(ticket=ticket, kind=ClockKind.RESOLUTION)
    assert clock.state == ClockState.PAUSED
    set_status(ticket=ticket, status=Status.OPEN, actor=ann, at=minute(20))
    clock.refresh_from_db()
    assert clock.due_at == minute(2_018)
    assert verified()


def test_lowering_by_the_form_is_the_same_decision_and_keeps_the_persons_reason(li, ann):
    ticket = proposed(li)
    change_priority(ticket=ticket, priority=Priority.P1, actor=ann, at=minute(5), reason="Only one room")
    clock, proposal = clock_of(ticket), ticket.proposals.get()
    assert (clock.priority, clock.due_at) == (Priority.P1, minute(240))
    assert last_line(clock).cause == "Only one room"
    assert (proposal.is_confirmed, proposal.decided_by) == (False, ann)
    assert verified()


def test_confirmed_it_is_an_ordinary_p0(li, ann):
    ticket = proposed(li)
    confirm_proposal(ticket=ticket, actor=ann, at=minute(3))
    change_priority(ticket=ticket, priority=Priority.P2, actor=ann, at=minute(5), reason="Not so bad")
    assert clock_of(ticket).due_at == minute(30)
    assert verified()


def test_a_corrected_clock_may_be_proposed_and_broken_again(li, ann):
    DutyShiftFactory(user=ann)
    ticket = proposed(li)
    reject_proposal(ticket=ticket, actor=ann, at=minute(5))
    answered_with(ticket, 20, "down")
    clock = clock_of(ticket)
    assert (clock.priority, clock.due_at) == (Priority.P0, minute(50))
    sweep(now=minute(51))
    clock.refresh_from_db()
    assert clock.state == ClockState.BREACHED
    assert verified()


def test_words_that_were_decided_in_a_ticket_propose_nothing_again(li, ann):
    ticket = proposed(li)
    reject_proposal(ticket=ticket, actor=ann, at=minute(5))
    answered_with(ticket, 20, "outage")
    assert open_proposal(ticket) is None
    message = add_customer_message(
        ticket=ticket, content=words("down"), received_at=minute(21), at=minute(21), contact=li
    )
    assert propose(ticket=ticket, message=message, wanted=wanted("outage", "down"), at=minute(21)) is not None


def test_a_raise_that_a_person_finds_too_strong_counts_from_the_words_not_from_the_start(li, ann):
    """From the start, the window of a P1 would be over: nobody was ever promised that."""
    ticket = opened(priority=Priority.P3, contact=li)
    answered_with(ticket, 300)
    change_priority(ticket=ticket, priority=Priority.P1, actor=ann, at=minute(305), reason="One room")
    clock = clock_of(ticket)
    assert (clock.state, clock.due_at, clock.raised_at) == (ClockState.RUNNING, minute(540), minute(300))
    assert verified()


def test_a_rule_that_sets_a_priority_meanwhile_is_kept_by_the_correction(li, ann):
    ticket = opened(priority=Priority.P2, contact=li)
    answered_with(ticket, 60)
    raise_priority(ticket=ticket, priority=Priority.P1, at=minute(62), reason="Another email.")
    reject_proposal(ticket=ticket, actor=ann, at=minute(70))
    clock = clock_of(ticket)
    assert (clock.priority, clock.due_at, clock.raised_at) == (Priority.P1, minute(300), minute(60))
    assert verified()


def test_pauses_move_the_window_of_the_priority_between(li, ann):
    contract = ContractFactory(customer=li.customer)
    for priority, minutes in ((Priority.P0, 240), (Priority.P1, 600), (Priority.P2, 2_000)):
        ContractWindowFactory(
            contract=contract, minutes=minutes, kind=ClockKind.RESOLUTION, priority=priority
        )
    Policy.objects.get().versions.update(pause_cap_minutes=10_000)
    ticket = opened(priority=Priority.P2, contact=li)
    answered(ticket, 2, actor=ann, then=Status.WAITING)
    answered_with(ticket, 50)
    set_status(ticket=ticket, status=Status.WAITING, actor=ann, at=minute(55), reason="")
    change_priority(ticket=ticket, priority=Priority.P1, actor=ann, at=minute(60), reason="One room")
    set_status(ticket=ticket, status=Status.OPEN, actor=ann, at=minute(65), reason="")
    clock = Clock.objects.get(ticket=ticket, kind=ClockKind.RESOLUTION)
    assert (clock.due_at, clock.raised_at) == (minute(50 + 600 + 10), minute(50))
    assert verified()


def test_a_priority_that_somebody_else_asked_for_meanwhile_is_not_taken_back(li, ann):
    ticket = opened(priority=Priority.P2, contact=li)
    answered_with(ticket, 60)
    raise_priority(ticket=ticket, priority=Priority.P0, at=minute(62), reason="Sent to the P0 line too.")
    mails = OutboundEmail.objects.count()
    reject_proposal(ticket=ticket, actor=ann, at=minute(70))
    clock = clock_of(ticket)
    assert (clock.priority, clock.due_at) == (Priority.P0, minute(90))
    assert OutboundEmail.objects.count() == mails
    assert verified()


@pytest.mark.parametrize(("since", "due"), [(0, 240), (100, 240)])
def test_lowering_beyond_what_it_would_have_had_keeps_that_promise(li, ann, since, due):
    """The form gains no more time about a proposed P0 than about the P1 that it otherwise is."""
    ticket = proposed_since(li, since)
    change_priority(ticket=ticket, priority=Priority.P3, actor=ann, at=minute(since + 5), reason="Calm")
    clock = clock_of(ticket)
    assert (clock.priority, clock.due_at) == (Priority.P3, minute(due))
    assert verified()


def proposed_since(li, since: float) -> Ticket:
    """A P1 that is a proposed P0 from its first mail, or by an answer."""
    if not since:
        return proposed(li, priority=Priority.P1)
    ticket = opened(priority=Priority.P1, contact=li)
    answered_with(ticket, since)
    return ticket


def test_an_answer_from_before_the_rejection_that_bounces_owes_no_p0(li, ann):
    """The clock that runs again is that of the priority which the ticket would have had."""
    ticket = proposed(li)
    answer = answered(ticket, 5)
    reject_proposal(ticket=ticket, actor=ann, at=minute(10))
    clock = clock_of(ticket)
    assert (clock.state, clock.priority, clock.due_at) == (ClockState.MET, Priority.P2, minute(480))
    bounced(answer, 40)
    clock.refresh_from_db()
    assert (clock.state, clock.due_at, clock.breached_at) == (ClockState.RUNNING, minute(480), None)
    assert verified()


def test_an_answer_from_before_a_late_rejection_that_bounces_owes_the_p0(li, ann):
    ticket = proposed(li)
    answer = answered(ticket, 5)
    reject_proposal(ticket=ticket, actor=ann, at=minute(20))
    bounced(answer, 40)
    assert clock_of(ticket).breached_at == minute(30)
    assert verified()


def test_an_earlier_question_keeps_what_its_answer_was_promised(li, ann):
    """It was answered before the words of the proposal came."""
    ticket = opened(0, priority=Priority.P2, contact=li)
    answer = answered(ticket, 5)
    answered_with(ticket, 20)
    answered(ticket, 22)
    reject_proposal(ticket=ticket, actor=ann, at=minute(25))
    first, second = Clock.objects.filter(kind__in=RESPONSE_KINDS, ticket=ticket).order_by("pk")
    assert (first.answered_by, first.due_at, first.priority) == (answer, minute(480), Priority.P2)
    assert (second.state, second.priority) == (ClockState.MET, Priority.P2)
    assert second.due_at > minute(50)
    assert verified()


def test_a_question_read_after_the_rejection_is_promised_as_if_nothing_had_been_proposed(li, ann):
    ticket = proposed(li)
    reject_proposal(ticket=ticket, actor=ann, at=minute(5))
    answered(ticket, 6)
    asked(ticket, 3, noticed=10)
    clock = Clock.objects.get(ticket=ticket, kind=ClockKind.NEXT_RESPONSE)
    assert (clock.started_at, clock.priority, clock.due_at) == (minute(3), Priority.P2, minute(3 + 480))
    assert clock.state == ClockState.RUNNING
    assert verified()


def test_a_question_read_after_a_late_rejection_was_promised_as_a_p0(li, ann):
    ticket = proposed(li)
    reject_proposal(ticket=ticket, actor=ann, at=minute(20))
    answered(ticket, 21)
    asked(ticket, 3, noticed=25)
    clock = Clock.objects.get(ticket=ticket, kind=ClockKind.NEXT_RESPONSE)
    assert (clock.priority, clock.due_at) == (Priority.P2, minute(33))
    assert verified()


@pytest.mark.parametrize("another_answer", [False, True])
def test_an_answer_from_before_a_rejected_proposal_that_bounces_owes_what_it_owed(li, ann, another_answer):
    ticket = opened(0, priority=Priority.P2, contact=li)
    answer = answered(ticket, 5)
    answered_with(ticket, 20)
    if another_answer:
        answered(ticket, 22)
    reject_proposal(ticket=ticket, actor=ann, at=minute(25))
    bounced(answer, 40)
    clock = Clock.objects.get(ticket=ticket, kind=ClockKind.FIRST_RESPONSE)
    assert (clock.priority, clock.due_at, clock.breached_at) == (Priority.P2, minute(480), None)
    assert clock.state == (ClockState.MET if another_answer else ClockState.RUNNING)
    assert [line.change for line in clock.events.filter(change=ClockChange.RETARGETED)] == []
    assert verified()


def test_a_proposal_that_was_missed_is_taken_back_like_one_that_was_not(li, ann):
    ticket = opened(0, priority=Priority.P2, contact=li)
    answer = answered(ticket, 5)
    answered_with(ticket, 20)
    bounced(answer, 23)
    clock = Clock.objects.get(ticket=ticket, kind=ClockKind.FIRST_RESPONSE)
    assert (clock.priority, clock.due_at) == (Priority.P0, minute(50))
    reject_proposal(ticket=ticket, actor=ann, at=minute(30))
    clock.refresh_from_db()
    assert (clock.priority, clock.due_at, clock.state) == (Priority.P2, minute(480), ClockState.RUNNING)
    assert verified()

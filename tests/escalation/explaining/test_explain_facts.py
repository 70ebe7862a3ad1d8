"""The facts of an explanation, from rows that the services wrote: they must come out at the stored due time."""

from datetime import timedelta

import pytest

from escalation.choices import ClockChange, ClockKind
from escalation.clocks.lead_decisions import relax
from escalation.enforcement.sweep import sweep
from escalation.explaining.facts import Explanation, SentMail
from escalation.explaining.loading import explain
from escalation.explaining.report import report_of
from escalation.models import Calendar, Clock, Policy
from escalation.policies.editing import Window, revise_policy
from escalation.working_time.definitions import CalendarDefinition
from escalation.working_time.editing import revise_calendar
from tests.factories import (
    ContactFactory,
    ContractFactory,
    ContractWindowFactory,
    CustomerFactory,
    InboundEmailFactory,
    MailboxFactory,
    office_calendar,
    set_desk,
    staff,
)
from tests.talk import answered, bounced, called, minute, opened
from tickets.choices import OutboxState, Priority, Status
from tickets.models import Ticket
from tickets.services.failed_responses import void_response
from tickets.services.merging import merge
from tickets.services.ownership import assign
from tickets.services.status_and_priority import change_priority, set_status

pytestmark = pytest.mark.django_db
DAY = 24 * 60


@pytest.fixture
def lead():
    return staff("lead", groups=["Team lead"])


@pytest.fixture
def contact(lead):
    set_desk(duty_manager=lead)
    manager = staff("ann", reports_to=lead, groups=["Account manager"])
    return ContactFactory(customer=CustomerFactory(account_manager=manager), name="Li")


def open_with_resolution(contact, hours: str | Calendar, *, at: float = 0) -> Ticket:
    """A P2 of a minute, to be resolved within 40 office hours, a P1 within 20. UTC stands for 24/7."""
    policy = Policy.objects.get(is_default=True)
    old_targets = policy.versions.get().targets.select_related("calendar")
    windows = [Window(each.kind, each.priority, each.minutes, each.calendar) for each in old_targets]
    calendar = hours_named(hours, windows) if isinstance(hours, str) else hours
    windows += [
        Window(ClockKind.RESOLUTION, Priority.P2, 2400, calendar),
        Window(ClockKind.RESOLUTION, Priority.P1, 1200, calendar),
    ]
    revise_policy(policy=policy, windows=windows, actor=None, at=minute(at), pause_cap_minutes=1000)
    return opened(at, contact=contact, priority=Priority.P2)


def hours_named(zone: str, windows: list[Window]) -> Calendar:
    return windows[0].calendar if zone == "UTC" else office_calendar(zone)


def explain_at(ticket: Ticket, at: float, kind: ClockKind = ClockKind.FIRST_RESPONSE) -> Explanation:
    clock = Clock.objects.get(ticket=ticket, kind=kind)
    explanation = explain(Clock.objects.all(), clock.pk, now=minute(at))
    assert explanation is not None
    return explanation


def changes(it: Explanation) -> list[str]:
    return [line.change for line in it.story]


def pause_between(ticket: Ticket, since: float, until: float) -> None:
    set_status(ticket=ticket, status=Status.WAITING, actor=ticket.owner, at=minute(since))
    set_status(ticket=ticket, status=Status.OPEN, actor=ticket.owner, at=minute(until))


def raise_to(ticket: Ticket, at: float, to: Priority = Priority.P1) -> None:
    change_priority(ticket=ticket, priority=to, actor=ticket.owner, at=minute(at), reason="on air")


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "America/New_York"])
@pytest.mark.parametrize(
    ("pauses", "raise_at"),
    [
        ([], None),
        ([(100, 200.5)], None),
        ([(100, 200), (1500, DAY * 3)], None),
        ([(100, 200), (600, 700)], 400),
        ([(100, 900)], 1000),
    ],
)
def test_the_counted_time_adds_up_to_the_window_and_its_due_time(contact, zone, pauses, raise_at):
    ticket = open_with_resolution(contact, zone)
    for since, until in pauses:
        if raise_at and since > raise_at:
            raise_to(ticket, raise_at)
        pause_between(ticket, since, until)
    if raise_at and raise_at > pauses[-1][1]:
        raise_to(ticket, raise_at)
    explanation = explain_at(ticket, 1600, ClockKind.RESOLUTION)
    assert explanation.count.counted + explanation.count.left == explanation.count.window
    assert (explanation.count.agrees, explanation.count.carried) == (True, timedelta(0))
    assert max(piece.end for piece in explanation.count.pieces) <= explanation.due_at


def test_the_count_adds_up_across_the_end_of_summer_time(contact):
    """Forty office hours in New York from Thursday, 29 October 2026; on the first of November clocks go back."""
    ticket = open_with_resolution(contact, "America/New_York", at=-20 * DAY)
    pause_between(ticket, -19 * DAY, -19 * DAY + 300)
    explanation = explain_at(ticket, 0, ClockKind.RESOLUTION)
    assert explanation.count.agrees
    ends = [(piece.end.day, piece.end.hour) for piece in explanation.count.pieces if piece.part == "counted"]
    assert ends == [(29, 22), (30, 22), (2, 23), (3, 23), (4, 22)]


def test_only_the_part_of_a_pause_after_a_raise_moves_the_raised_window(contact):
    ticket = open_with_resolution(contact, "UTC")
    set_status(ticket=ticket, status=Status.WAITING, actor=ticket.owner, at=minute(100))
    raise_to(ticket, 160)
    set_status(ticket=ticket, status=Status.OPEN, actor=ticket.owner, at=minute(200))
    explanation = explain_at(ticket, 300, ClockKind.RESOLUTION)
    assert (explanation.count.window, explanation.count.carried) == (timedelta(hours=20), timedelta(0))
    assert explanation.count.agrees
    assert explanation.due_at == minute(160 + 1200 + 40)


def test_a_pause_that_was_taken_back_is_not_counted(contact):
    ticket = open_with_resolution(contact, "UTC")
    pause_between(ticket, 20, 50)
    reply = answered(ticket, 100, then=Status.WAITING)
    change_priority(
        ticket=ticket, priority=Priority.P1, actor=ticket.owner, at=minute(160), reason="More users"
    )
    change_priority(
        ticket=ticket, priority=Priority.P2, actor=ticket.owner, at=minute(170), reason="Fewer users"
    )
    bounced(reply, 200)
    explanation = explain_at(ticket, 300, ClockKind.RESOLUTION)
    assert explanation.due_at == minute(160 + 1200)
    assert (explanation.count.agrees, explanation.count.carried) == (True, timedelta(0))
    assert {piece.part for piece in explanation.count.pieces} == {"counted", "left"}


def test_a_pause_before_one_that_was_taken_back_is_counted(contact):
    ticket = open_with_resolution(contact, "UTC")
    pause_between(ticket, 20, 50)
    reply = answered(ticket, 100, then=Status.WAITING)
    sweep(now=minute(1150))
    bounced(reply, 1200)
    explanation = explain_at(ticket, 1300, ClockKind.RESOLUTION)
    assert explanation.due_at == minute(2430)
    assert (explanation.count.agrees, explanation.count.carried) == (True, timedelta(0))
    paused = [piece for piece in explanation.count.pieces if piece.part == "paused"]
    assert [(piece.start, piece.end) for piece in paused] == [(minute(20), minute(50))]


def test_fractions_of_a_second_cut_off_by_the_ledger_do_not_count_as_pause(contact):
    ticket = open_with_resolution(contact, "UTC")
    pause_between(ticket, 100, 200 + 0.5 / 60)
    explanation = explain_at(ticket, 300, ClockKind.RESOLUTION)
    assert (explanation.count.agrees, explanation.count.carried) == (True, timedelta(0))


def test_the_count_of_a_promise_relaxed_after_a_pause_adds_up_despite_fractions_of_a_second(contact, lead):
    ticket = open_with_resolution(contact, "UTC")
    pause_between(ticket, 100, 200 + 0.5 / 60)
    raise_to(ticket, 300)
    raise_to(ticket, 310, Priority.P2)
    clock = Clock.objects.get(ticket=ticket, kind=ClockKind.RESOLUTION)
    relax(clock=clock, actor=lead, at=minute(320), reason="agreed")
    explanation = explain_at(ticket, 330, ClockKind.RESOLUTION)
    assert (explanation.due_at, explanation.terms.counts_from) == (minute(2500), minute(0))
    assert (explanation.count.agrees, explanation.count.carried) == (True, timedelta(0))


def test_a_paused_promise_shows_the_time_left_without_its_dates(contact):
    ticket = open_with_resolution(contact, "UTC")
    set_status(ticket=ticket, status=Status.WAITING, actor=ticket.owner, at=minute(100))
    explanation = explain_at(ticket, 300, ClockKind.RESOLUTION)
    assert [(piece.part, piece.end) for piece in explanation.count.pieces] == [("counted", minute(100))]
    assert explanation.count.left == timedelta(minutes=2300)
    assert explanation.count.agrees


def test_an_explanation_counts_by_the_calendar_version_of_the_start(contact, lead):
    ticket = open_with_resolution(contact, "Asia/Shanghai")
    before = explain_at(ticket, 3000, ClockKind.RESOLUTION)
    clock = Clock.objects.get(ticket=ticket, kind=ClockKind.RESOLUTION)
    definition = CalendarDefinition("UTC", always_open=True)
    revise_calendar(calendar=clock.calendar, definition=definition, actor=lead, at=minute(60))
    after = explain_at(ticket, 3000, ClockKind.RESOLUTION)
    assert after.count == before.count
    assert after.terms.calendar.version == 1


def test_a_count_that_does_not_add_up_is_reported(contact):
    ticket = open_with_resolution(contact, "UTC")
    Clock.objects.filter(ticket=ticket).update(minutes=100)
    assert not explain_at(ticket, 10).count.agrees


def test_a_raised_promise_counts_from_the_raise_and_keeps_its_earlier_terms(contact):
    ticket = opened(contact=contact, priority=Priority.P3)
    raise_to(ticket, 120, Priority.P0)
    explanation = explain_at(ticket, 130)
    assert (explanation.started_at, explanation.terms.counts_from) == (minute(0), minute(120))
    line = explanation.story[1]
    assert (line.change, line.priority_before, line.priority_after) == (ClockChange.RETARGETED, 3, 0)
    assert (line.due_before, line.due_after) == (minute(1440), minute(150))


def test_a_late_lowering_and_its_relaxing_are_told_apart(contact, lead):
    ticket = opened(contact=contact)
    raise_to(ticket, 29, Priority.P2)
    relax(clock=Clock.objects.get(ticket=ticket), actor=lead, at=minute(29), reason="agreed")
    lowered, relaxed = explain_at(ticket, 29).story[2:]
    assert (lowered.is_late_lowering, lowered.is_relaxed) == (True, False)
    assert (relaxed.is_late_lowering, relaxed.is_relaxed, relaxed.cause) == (False, True, "agreed")


def test_holders_are_listed_with_the_working_time_they_held_it(contact, lead):
    ticket = open_with_resolution(contact, "Asia/Shanghai")  # it is Wednesday 20:00 there
    assign(ticket=ticket, to=lead, actor=lead, at=minute(DAY - 600), reason="mine")  # Thursday 10:00
    explanation = explain_at(ticket, DAY - 600 + 120, ClockKind.RESOLUTION)
    assert [(holding.person, holding.working_time) for holding in explanation.held] == [
        (explanation.story[0].holder, timedelta(hours=1)),
        (explanation.story[-1].holder, timedelta(hours=2)),
    ]


def test_a_backdated_call_assigns_the_time_before_it_to_no_holder(contact, lead):
    """The line of the call is dated back, but whoever wrote it down took the ticket over only afterwards."""
    ticket = opened(contact=contact, priority=Priority.P2)
    holder = explain_at(ticket, 0).story[0].holder
    assign(ticket=ticket, to=lead, actor=lead, at=minute(40), reason="mine")
    ticket.refresh_from_db()
    void_response(
        message=called(ticket, 60, happened=20), actor=lead, at=minute(70), reason="It was no answer."
    )
    assert [(holding.person, holding.working_time) for holding in explain_at(ticket, 90).held] == [
        (holder, timedelta(minutes=40)),
        (explain_at(ticket, 90).story[-1].holder, timedelta(minutes=50)),
    ]


def test_the_start_names_the_mailbox_and_how_the_mail_arrived(contact):
    ticket = opened(contact=contact)
    clock = Clock.objects.get(ticket=ticket)
    box = MailboxFactory(address="help@desk.example")
    InboundEmailFactory(mailbox=box, via="imap", message=clock.started_by, ticket=ticket)
    start = explain_at(ticket, 10).start
    assert start is not None
    assert (start.via, start.mailbox) == ("imap", "help@desk.example")


def test_the_end_names_the_recipients_of_the_answer_and_what_the_server_said(contact):
    ticket = opened(contact=contact)
    mail = answered(ticket, 10).outbound
    mail.state, mail.copies, mail.answer = OutboxState.ACCEPTED, ["cc@company.example"], "250 2.0.0 queued"
    mail.accepted_at = minute(11)
    mail.save()
    end = explain_at(ticket, 20).end
    assert end is not None
    assert end.evidence is not None
    assert end.evidence.mail == SentMail(
        "accepted", (contact.email, "cc@company.example"), minute(11), "250 2.0.0 queued"
    )


def test_only_the_holidays_within_the_window_are_told(contact):
    """China's National Day with the make-up days around it; the window is five days in November."""
    assert explain_at(in_china(contact, at=0), 10, ClockKind.RESOLUTION).terms.calendar.other_days == ()


def test_the_holidays_and_make_up_days_of_the_window_are_told(contact):
    explanation = explain_at(in_china(contact, at=-50 * DAY), 0, ClockKind.RESOLUTION)  # from 29 September on
    days = dict.fromkeys(day.day for day in explanation.terms.calendar.other_days)
    assert "2026-10-01" in days
    assert explanation.count.agrees


def in_china(contact, *, at: float) -> Ticket:
    calendar = office_calendar("Asia/Shanghai", country="CN")
    return open_with_resolution(contact, calendar, at=at)


def test_a_step_tells_who_was_told_and_who_took_over(contact, lead):
    ticket = opened(contact=contact)
    sweep(now=minute(31))
    fired = [line.step for line in explain_at(ticket, 40).story if line.step is not None]
    assert [(step.percent, bool(step.to_owner)) for step in fired] == [(0, False), (100, True)]
    assert fired[1].told[0].notice == "escalated_to_you"


def test_a_bounced_answer_says_why_it_does_not_count(contact):
    ticket = opened(contact=contact)
    bounced(answered(ticket, 20), 50)
    explanation = explain_at(ticket, 60)
    assert changes(explanation) == ["started", "step", "met", "revoked", "breached"]
    proof = explanation.story[3].evidence
    assert proof is not None
    assert (proof.failed_at, proof.failure) == (minute(50), "550 no such user")
    assert proof.mail is not None
    assert (explanation.end, explanation.late_by) == (None, timedelta(minutes=30))


def test_a_voided_answer_names_the_lead_and_the_reason(contact, lead):
    ticket = opened(contact=contact)
    void_response(message=answered(ticket, 5), actor=lead, at=minute(10), reason="It only says hello.")
    proof = explain_at(ticket, 12).story[3].evidence
    assert proof is not None
    assert (proof.voided_at, proof.void_reason) == (minute(10), "It only says hello.")


def test_a_backdated_call_is_marked_and_ends_the_promise_when_it_happened(contact):
    ticket = opened(contact=contact)
    called(ticket, 50, happened=20)
    explanation = explain_at(ticket, 60)
    assert explanation.end is not None
    assert explanation.end.evidence is not None
    assert (explanation.end.at, explanation.end.evidence.is_backdated) == (minute(20), True)
    assert explanation.count.left == timedelta(minutes=10)


def test_a_promise_closed_unanswered_and_waived_shows_its_end_and_waiver(contact, lead, settings):
    settings.WAIVERS_NEED_TWO = False
    ticket = opened(contact=contact)
    set_status(ticket=ticket, status=Status.CLOSED, actor=lead, at=minute(10), reason="spam")
    explanation = explain_at(ticket, 60)
    assert explanation.waiver is not None
    assert (explanation.waiver.reason, explanation.waiver.at) == ("spam", minute(10))
    assert explanation.end is not None
    assert explanation.end.change == ClockChange.CANCELLED


def test_explain_returns_none_for_an_unknown_or_invisible_promise():
    assert explain(Clock.objects.none(), 1, now=minute(0)) is None


def test_a_window_set_by_the_contract_is_named_with_its_date(contact):
    contract = ContractFactory(customer=contact.customer)
    own_window = ContractWindowFactory(contract=contract, minutes=90)
    explanation = explain_at(opened(contact=contact, priority=Priority.P2), 10)
    assert (explanation.terms.window_minutes, explanation.terms.contract_window_since) == (
        90,
        own_window.created_at,
    )
    [window] = [
        fact.value for fact in report_of(explanation, zone="UTC").terms if fact.name == "Response time"
    ]
    assert window.startswith("1 h 30 min, set in the contract, in force since ")


def test_a_merge_names_both_tickets(contact, lead):
    source, target = opened(contact=contact), opened(1, contact=contact)
    merge(ticket=source, into=target, actor=lead, at=minute(5), reason="the same")
    clock = Clock.objects.get(started_at=minute(0))
    explanation = explain(Clock.objects.all(), clock.pk, now=minute(6))
    [line] = [line for line in explanation.story if line.change == "merged"]
    assert (line.merged_from, line.merged_into) == (source.number, target.number)


def test_the_zone_of_the_contract_counts_as_the_customers_zone(contact):
    ContractFactory(customer=contact.customer, time_zone="Europe/Berlin")
    assert explain_at(opened(contact=contact), 10).customer_zone == "Europe/Berlin"

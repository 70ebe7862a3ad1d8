"""Promises that go on while a ticket is open: updates after each answer, and its resolution with pauses."""

from datetime import UTC, datetime, timedelta

import pytest

from escalation.chains.editing import revise_chain
from escalation.chains.step_times import step_time
from escalation.chains.validation import StepSpec
from escalation.choices import ClockChange, ClockKind, ClockState, Whom
from escalation.clocks.lead_decisions import due_under
from escalation.clocks.ledger_verification import verify
from escalation.clocks.lifecycle import window_of
from escalation.enforcement.sweep import sweep
from escalation.models import Calendar, Clock, EscalationStep, Policy
from escalation.policies.editing import Window, revise_policy
from tests.factories import ContactFactory, CustomerFactory, PolicyTargetFactory, office_calendar, staff
from tests.talk import answered, asked, bounced, called, minute, noted, opened
from tickets.choices import Priority, Status
from tickets.models import Ticket
from tickets.services.status_and_priority import change_priority, set_status

pytestmark = pytest.mark.django_db


@pytest.fixture
def contact():
    manager = staff("ann", reports_to=staff("boss", groups=["Team lead"]))
    return ContactFactory(customer=CustomerFactory(account_manager=manager))


@pytest.fixture
def incident(contact) -> Ticket:
    """A P0 under the shipped policy: answer within 30 minutes, then an update every hour."""
    return opened(contact=contact)


@pytest.fixture
def matter(contact) -> Ticket:
    """A P2 whose resolution is promised within ten hours, with pauses of five hours at most."""
    return with_resolution(contact, minutes=600, cap=300)


def with_resolution(contact, *, minutes: int, cap: int, calendar=None) -> Ticket:
    calendar = calendar or Calendar.objects.get(name="24x7")
    policy = Policy.objects.get(is_default=True)
    answers = [
        Window(target.kind, target.priority, target.minutes, target.calendar)
        for target in policy.versions.get().targets.select_related("calendar")
    ]
    windows = [*answers, Window(ClockKind.RESOLUTION, Priority.P2, minutes, calendar)]
    revise_policy(policy=policy, windows=windows, actor=None, at=minute(-60), pause_cap_minutes=cap)
    return opened(contact=contact, priority=Priority.P2)


def clocks_of_kind(kind: ClockKind, ticket: Ticket) -> list[tuple[str, datetime, datetime | None]]:
    clocks = Clock.objects.filter(ticket=ticket, kind=kind).order_by("pk")
    return [(clock.state, clock.due_at, clock.stopped_at) for clock in clocks]


def updates(ticket: Ticket) -> list[tuple[str, datetime, datetime | None]]:
    return clocks_of_kind(ClockKind.UPDATE, ticket)


def resolution(ticket: Ticket) -> Clock:
    return Clock.objects.get(ticket=ticket, kind=ClockKind.RESOLUTION)


def change_status(ticket: Ticket, status: Status, at: float, reason: str = "") -> None:
    set_status(ticket=ticket, status=status, actor=ticket.owner, at=minute(at), reason=reason)


# Updates


def test_no_update_is_owed_before_the_first_answer(incident):
    sweep(now=minute(20))
    assert updates(incident) == []


def test_each_answer_keeps_one_update_and_promises_the_next(incident):
    answered(incident, 10)
    called(incident, 60)
    answered(incident, 130)
    assert updates(incident) == [
        (ClockState.MET, minute(70), minute(60)),
        (ClockState.BREACHED, minute(120), minute(130)),
        (ClockState.RUNNING, minute(190), None),
    ]
    assert verify(ticket=incident.pk).mismatches == ()


def test_a_note_or_a_question_is_no_update(incident):
    answered(incident, 10)
    noted(incident, 20)
    asked(incident, 30)
    assert updates(incident) == [(ClockState.RUNNING, minute(70), None)]


@pytest.mark.parametrize("status", [Status.RESOLVED, Status.CLOSED])
def test_ending_the_ticket_cancels_the_next_update(incident, status):
    answered(incident, 10)
    change_status(incident, status, 40)
    assert updates(incident) == [(ClockState.CANCELLED, minute(70), minute(40))]


def test_the_answer_that_resolves_the_matter_promises_no_update(incident):
    answered(incident, 10)
    answered(incident, 30, then=Status.RESOLVED)
    assert updates(incident) == [(ClockState.MET, minute(70), minute(30))]


def test_waiting_for_the_customer_pauses_no_update(incident):
    answered(incident, 10, then=Status.WAITING)
    sweep(now=minute(71))
    assert updates(incident) == [(ClockState.BREACHED, minute(70), None)]


def test_an_update_that_bounces_does_not_count(incident):
    answered(incident, 10)
    second = answered(incident, 40)
    bounced(second, 50)
    assert updates(incident) == [
        (ClockState.RUNNING, minute(70), None),
        (ClockState.CANCELLED, minute(100), minute(50)),
    ]
    assert verify(ticket=incident.pk).mismatches == ()


def test_an_answer_that_bounces_promises_no_update(incident):
    bounced(answered(incident, 10), 20)
    assert updates(incident) == [(ClockState.CANCELLED, minute(70), minute(20))]


def test_a_policy_that_names_no_update_promises_none(matter):
    answered(matter, 10)
    assert updates(matter) == []


# Resolution


def test_a_resolution_is_promised_from_the_receipt_only_where_the_policy_says_so(contact, incident):
    assert clocks_of_kind(ClockKind.RESOLUTION, incident) == []
    matter = with_resolution(contact, minutes=600, cap=300)
    assert clocks_of_kind(ClockKind.RESOLUTION, matter) == [(ClockState.RUNNING, minute(600), None)]


def test_an_answer_resolves_nothing(matter):
    answered(matter, 10)
    assert resolution(matter).state == ClockState.RUNNING


def test_a_resolution_is_met_when_the_ticket_is_resolved_in_time(matter):
    answered(matter, 10)
    change_status(matter, Status.RESOLVED, 600)
    clock = resolution(matter)
    assert (clock.state, clock.stopped_at) == (ClockState.MET, minute(600))


def test_a_resolution_is_breached_at_its_due_time_when_the_ticket_is_resolved_late(matter):
    answered(matter, 10)
    change_status(matter, Status.RESOLVED, 601)
    clock = resolution(matter)
    assert (clock.state, clock.breached_at, clock.stopped_at) == (
        ClockState.BREACHED,
        minute(600),
        minute(601),
    )


def test_waiting_for_the_customer_stops_the_clock_and_their_message_starts_it_again(matter):
    answered(matter, 100, then=Status.WAITING)
    assert resolution(matter).state == ClockState.PAUSED
    sweep(now=minute(200))
    asked(matter, 250)
    clock = resolution(matter)
    assert (clock.state, clock.due_at, clock.paused_seconds) == (
        ClockState.RUNNING,
        minute(750),
        150 * 60,
    )
    assert verify(ticket=matter.pk).mismatches == ()


def test_waiting_on_the_customer_pauses_no_response(matter):
    change_status(matter, Status.WAITING, 5)
    waiting = Clock.objects.get(ticket=matter, kind=ClockKind.FIRST_RESPONSE)
    assert (waiting.state, waiting.due_at) == (ClockState.RUNNING, minute(480))


def test_a_pause_ends_by_itself_when_its_cap_is_reached(matter):
    answered(matter, 100, then=Status.WAITING)
    sweep(now=minute(399))
    assert resolution(matter).state == ClockState.PAUSED
    sweep(now=minute(410))
    clock = resolution(matter)
    assert (clock.state, clock.due_at, clock.paused_seconds) == (ClockState.RUNNING, minute(900), 300 * 60)
    assert clock.events.get(change=ClockChange.RESUMED).at == minute(400)


def test_a_revised_chain_ends_no_pause(matter):
    answered(matter, 100, then=Status.WAITING)
    policy = resolution(matter).policy_version.policy
    steps = [StepSpec(percent=70, tell=(Whom.HOLDER,)), StepSpec(percent=100, reassign_to=Whom.DUTY_MANAGER)]
    revise_chain(policy=policy, steps=steps, actor=None, at=minute(150))
    sweep(now=minute(200))
    assert resolution(matter).state == ClockState.PAUSED
    asked(matter, 250)
    clock = resolution(matter)
    assert (clock.due_at, clock.next_step_at) == (minute(750), minute(150 + 420))


def test_a_second_pause_has_what_the_first_left_of_the_cap(matter):
    answered(matter, 100, then=Status.WAITING)
    asked(matter, 300)
    answered(matter, 310, then=Status.WAITING)
    asked(matter, 600)
    assert resolution(matter).due_at == minute(600 + 300)
    change_status(matter, Status.WAITING, 610)
    assert resolution(matter).state == ClockState.RUNNING


def test_an_outage_during_a_pause_breaches_at_the_true_time(matter):
    answered(matter, 100, then=Status.WAITING)
    sweep(now=minute(2000))
    clock = resolution(matter)
    assert (clock.state, clock.breached_at, clock.detected_at) == (
        ClockState.BREACHED,
        minute(900),
        minute(2000),
    )
    assert verify(ticket=matter.pk).mismatches == ()


def test_pauses_count_in_working_time(contact):
    """Noon in UTC on a Wednesday is 20:00 in Shanghai: the day is over, and a pause overnight costs nothing."""
    matter = with_resolution(contact, minutes=120, cap=300, calendar=office_calendar())
    nine = datetime(2026, 11, 19, 1, 0, tzinfo=UTC)
    assert resolution(matter).due_at == nine + timedelta(hours=2)
    answered(matter, 10, then=Status.WAITING)
    asked(matter, 13 * 60 + 30)
    clock = resolution(matter)
    assert (clock.due_at, clock.paused_seconds) == (nine + timedelta(hours=2, minutes=30), 30 * 60)


def test_a_resolution_met_during_a_pause_is_judged_by_the_time_that_was_left(matter):
    answered(matter, 500, then=Status.WAITING)
    change_status(matter, Status.RESOLVED, 700)
    clock = resolution(matter)
    assert (clock.state, clock.due_at, clock.stopped_at) == (ClockState.MET, minute(800), minute(700))


def test_an_overdue_resolution_does_not_pause(matter):
    answered(matter, 10)
    sweep(now=minute(601))
    change_status(matter, Status.WAITING, 610)
    assert resolution(matter).state == ClockState.BREACHED


def test_a_customers_answer_to_a_resolved_ticket_promises_a_resolution_from_its_receipt(matter):
    answered(matter, 10, then=Status.RESOLVED)
    asked(matter, 100, noticed=105)
    assert clocks_of_kind(ClockKind.RESOLUTION, matter) == [
        (ClockState.MET, minute(600), minute(10)),
        (ClockState.RUNNING, minute(700), None),
    ]


def test_a_ticket_reopened_by_hand_starts_its_resolution_at_the_reopening(matter):
    answered(matter, 10, then=Status.RESOLVED)
    change_status(matter, Status.OPEN, 100)
    assert clocks_of_kind(ClockKind.RESOLUTION, matter)[-1] == (ClockState.RUNNING, minute(700), None)


@pytest.mark.parametrize(("at", "state"), [(599, ClockState.RUNNING), (600, ClockState.BREACHED)])
def test_a_bounced_answer_that_resolved_the_ticket_resumes_the_resolution(matter, at, state):
    bounced(answered(matter, 10, then=Status.RESOLVED), at)
    clock = resolution(matter)
    assert (clock.state, clock.due_at, clock.stopped_at) == (state, minute(600), None)
    assert verify(ticket=matter.pk).mismatches == ()


def test_a_resolution_stays_met_when_another_answer_arrived(matter):
    first = answered(matter, 10)
    answered(matter, 20, then=Status.RESOLVED)
    bounced(first, 30)
    assert resolution(matter).state == ClockState.MET


def test_a_priority_without_a_resolution_window_leaves_the_due_time_alone(matter):
    change_priority(
        ticket=matter, priority=Priority.P1, actor=matter.owner, at=minute(5), reason="more users"
    )
    clock = resolution(matter)
    assert (clock.due_at, clock.priority) == (minute(600), Priority.P1)


def test_the_steps_of_a_resolution_move_by_its_pauses(matter):
    answered(matter, 100, then=Status.WAITING)
    asked(matter, 200)
    assert resolution(matter).next_step_at == minute(400)


def in_minutes(seconds: float) -> float:
    """Seconds as minutes."""
    return seconds / 60


@pytest.mark.parametrize(
    "pauses", [[(0.7, 59.2)], [(0.999999, 1.0), (3.3, 9.9)], [(10.25, 610.75), (700.5, 700.6)]]
)
def test_pauses_move_the_due_time_by_exactly_the_seconds_that_are_stored(matter, pauses):
    """Moments have microseconds: none of them may be in the due time that is not in the ledger's seconds."""
    for since, until in pauses:
        change_status(matter, Status.WAITING, 1 + in_minutes(since))
        change_status(matter, Status.OPEN, 1 + in_minutes(until))
    clock = resolution(matter)
    assert clock.due_at == minute(600) + timedelta(seconds=clock.paused_seconds)
    assert clock.due_at == due_under(clock, window_of(clock))
    assert verify(ticket=matter.pk).mismatches == ()


def with_two_windows(contact) -> Ticket:
    """A P2 to be resolved within ten hours, within five as a P1."""
    ticket = with_resolution(contact, minutes=600, cap=300)
    version = resolution(ticket).policy_version
    PolicyTargetFactory(version=version, kind=ClockKind.RESOLUTION, priority=Priority.P1, minutes=300)
    return ticket


def test_a_pause_before_a_raise_moves_no_step_of_the_raised_window(contact):
    matter = with_two_windows(contact)
    change_status(matter, Status.WAITING, 10)
    change_status(matter, Status.OPEN, 40)
    change_priority(ticket=matter, priority=Priority.P1, actor=matter.owner, at=minute(60), reason="on air")
    clock = resolution(matter)
    assert (clock.due_at, clock.paused_seconds) == (minute(360), 1800)
    assert step_time(clock, EscalationStep(percent=50)) == minute(60 + 150)
    change_status(matter, Status.WAITING, 100)
    change_status(matter, Status.OPEN, 120)
    assert step_time(resolution(matter), EscalationStep(percent=50)) == minute(60 + 150 + 20)
    assert resolution(matter).due_at == minute(380)


def test_a_pause_across_a_raise_extends_the_raised_window_by_its_later_part_only(contact):
    matter = with_two_windows(contact)
    change_status(matter, Status.WAITING, 10)
    change_priority(ticket=matter, priority=Priority.P1, actor=matter.owner, at=minute(60), reason="on air")
    assert resolution(matter).state == ClockState.PAUSED
    change_status(matter, Status.OPEN, 80)
    clock = resolution(matter)
    assert (clock.due_at, clock.paused_seconds) == (minute(60 + 300 + 20), 70 * 60)
    assert step_time(clock, EscalationStep(percent=50)) == minute(60 + 150 + 20)
    assert verify(ticket=matter.pk).mismatches == ()


def test_a_lowering_leaves_a_pause_alone(contact):
    matter = with_two_windows(contact)
    change_status(matter, Status.WAITING, 10)
    change_priority(
        ticket=matter, priority=Priority.P3, actor=matter.owner, at=minute(60), reason="a question"
    )
    clock = resolution(matter)
    assert (clock.paused_at, clock.paused_seconds) == (minute(10), 0)

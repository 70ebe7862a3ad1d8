"""The life of a promise, protocol by protocol: minutes after noon, a P0 with its thirty minutes."""

from datetime import UTC, datetime, timedelta

import pytest

from escalation.choices import AcknowledgedBy, ClockChange, ClockKind, ClockState
from escalation.clocks import lifecycle
from escalation.clocks.ledger import ChangeContext
from escalation.enforcement.acknowledge import acknowledge
from escalation.enforcement.sweep import sweep
from escalation.models import Clock, Policy
from escalation.policies.editing import Window, revise_policy
from tests.factories import NOW, ContactFactory, CustomerFactory, office_calendar, staff
from tests.talk import answered, asked, bounced, called, clock_of, minute, noted, opened, promised, words
from tickets.choices import Priority, Status
from tickets.errors import DeskError
from tickets.models import Ticket
from tickets.services.conversation import add_automatic_message
from tickets.services.ownership import assign
from tickets.services.status_and_priority import change_priority, set_status

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann():
    return staff("ann", reports_to=staff("boss"))


@pytest.fixture
def contact(ann):
    return ContactFactory(customer=CustomerFactory(account_manager=ann))


@pytest.fixture
def ticket(contact) -> Ticket:
    return opened(contact=contact)


def lines(clock: Clock) -> list[str]:
    """What the ledger says of a clock, hand-overs and steps aside."""
    aside = (ClockChange.HANDED_OVER, ClockChange.STEP)
    return [event.change for event in clock.events.order_by("pk") if event.change not in aside]


def raise_at(ticket: Ticket, at: float, priority: int) -> Clock:
    change_priority(ticket=ticket, priority=priority, actor=ticket.owner, at=minute(at), reason="all users")
    return clock_of(ticket)


# Starting


def test_a_promise_starts_with_the_receipt_of_the_first_message(ticket):
    clock = clock_of(ticket)
    assert (clock.kind, clock.state, clock.priority) == (
        ClockKind.FIRST_RESPONSE,
        ClockState.RUNNING,
        Priority.P0,
    )
    assert (clock.started_at, clock.due_at) == (NOW, minute(30))
    assert clock.started_by == ticket.messages.get()
    assert (clock.policy_version.policy.is_default, clock.calendar_version, clock.contract) == (True, 1, None)
    assert clock.next_step_at == minute(15)


def test_mail_fetched_three_hours_late_started_when_our_server_received_it(contact):
    clock = clock_of(opened(0, noticed=180, contact=contact))
    assert (clock.started_at, clock.due_at, clock.state) == (NOW, minute(30), ClockState.RUNNING)
    sweep(now=minute(181))
    clock.refresh_from_db()
    assert (clock.breached_at, clock.detected_at) == (minute(30), minute(181))


def test_a_second_message_of_a_waiting_customer_leaves_the_due_time_alone(ticket):
    asked(ticket, 20)
    assert clock_of(ticket).due_at == minute(30)


def test_a_question_after_an_answer_starts_the_next_promise(ticket):
    answered(ticket, 10)
    asked(ticket, 60, noticed=65)
    clock = promised().get(kind=ClockKind.NEXT_RESPONSE)
    assert (clock.started_at, clock.due_at) == (minute(60), minute(90))


@pytest.mark.parametrize("then", [Status.RESOLVED, Status.CLOSED])
def test_a_question_on_an_ended_ticket_starts_the_next_promise(ticket, then):
    answered(ticket, 10, then=then)
    asked(ticket, 60)
    assert promised().open().get().kind == ClockKind.NEXT_RESPONSE


def test_a_window_counts_in_the_working_hours_of_its_calendar(contact):
    policy = Policy.objects.get(is_default=True)
    office = office_calendar("UTC")
    window = Window(ClockKind.FIRST_RESPONSE, Priority.P1, 240, office)
    revise_policy(policy=policy, windows=[window], actor=None, at=NOW)
    friday = (datetime(2026, 11, 20, 16, tzinfo=UTC) - NOW).total_seconds() / 60
    clock = clock_of(opened(friday, contact=contact, priority=Priority.P1))
    assert clock.due_at == datetime(2026, 11, 23, 11, tzinfo=UTC)
    assert clock.next_step_at == datetime(2026, 11, 20, 18, tzinfo=UTC)


# Answering


def test_p0_received_2350_and_answered_0025_was_breached_at_exactly_0020(contact):
    at = (datetime(2026, 11, 18, 23, 50, tzinfo=UTC) - NOW).total_seconds() / 60
    ticket = opened(at, contact=contact)
    sweep(now=minute(at + 32))
    answered(ticket, at + 35)
    clock = clock_of(ticket)
    assert clock.state == ClockState.BREACHED
    assert clock.breached_at == datetime(2026, 11, 19, 0, 20, tzinfo=UTC)
    assert clock.detected_at == datetime(2026, 11, 19, 0, 22, tzinfo=UTC)
    assert clock.stopped_at == datetime(2026, 11, 19, 0, 25, tzinfo=UTC)
    assert lines(clock) == ["started", "breached", "answered_late"]


def test_a_late_answer_records_the_breach_that_no_sweep_has_seen(ticket):
    answered(ticket, 35)
    clock = clock_of(ticket)
    assert (clock.breached_at, clock.detected_at, clock.stopped_at) == (minute(30), minute(35), minute(35))
    assert lines(clock) == ["started", "breached", "answered_late"]


@pytest.mark.parametrize(
    ("seconds", "state"),
    [(-1, ClockState.MET), (0, ClockState.MET), (1, ClockState.BREACHED)],
)
def test_the_last_second_of_the_window_counts(ticket, seconds, state):
    message = answered(ticket, 30 + seconds / 60)
    clock = clock_of(ticket)
    assert (clock.state, clock.answered_by, clock.next_step_at) == (state, message, None)


def test_automatic_mail_acknowledgements_notes_status_and_owner_changes_stop_no_promise(ticket, ann):
    out_of_office = words("I am away until Monday.")
    add_automatic_message(ticket=ticket, content=out_of_office, received_at=minute(3), at=minute(3))
    acknowledge(ticket=ticket, actor=ticket.owner, at=minute(4), by=AcknowledgedBy.PAGE)
    noted(ticket, 5)
    set_status(ticket=ticket, status=Status.OPEN, actor=ann, at=minute(6))
    set_status(ticket=ticket, status=Status.WAITING, actor=ann, at=minute(7))
    assign(ticket=ticket, to=staff(), actor=ann, at=minute(8))
    clock = clock_of(ticket)
    assert (clock.state, clock.stopped_at, clock.due_at) == (ClockState.RUNNING, None, minute(30))


def test_a_call_in_time_that_is_logged_after_the_breach_keeps_the_promise(ticket):
    sweep(now=minute(31))
    called(ticket, 40, happened=25)
    clock = clock_of(ticket)
    assert (clock.state, clock.stopped_at) == (ClockState.MET, minute(25))
    assert (clock.breached_at, clock.detected_at) == (None, None)
    assert lines(clock) == ["started", "breached", "met"]


def test_a_call_before_the_question_answers_nothing(ticket):
    answered(ticket, 10)
    asked(ticket, 20)
    called(ticket, 25, happened=15)
    clock = Clock.objects.get(kind=ClockKind.NEXT_RESPONSE)
    assert (clock.started_at, clock.is_open, lines(clock)) == (minute(20), True, ["started"])


def test_a_call_logged_late_leaves_the_promise_of_a_question_asked_since(ticket):
    asked(ticket, 15)
    called(ticket, 20, happened=10)
    first, following = promised().order_by("started_at")
    assert (first.state, first.stopped_at) == (ClockState.MET, minute(10))
    assert (following.kind, following.started_at, following.is_open) == (
        ClockKind.NEXT_RESPONSE,
        minute(15),
        True,
    )


# Revoking


def test_a_bounce_runs_the_clock_again_from_its_start_and_it_is_breached_at_its_due_time(ticket):
    message = answered(ticket, 20)
    bounced(message, 50)
    clock = clock_of(ticket)
    assert (clock.state, clock.started_at, clock.stopped_at) == (ClockState.BREACHED, NOW, None)
    assert (clock.breached_at, clock.detected_at, clock.answered_by) == (minute(30), minute(50), None)
    assert lines(clock) == ["started", "met", "revoked", "breached"]
    assert clock.next_step_at == minute(15)


def test_a_bounce_within_the_window_leaves_the_rest_of_it(ticket):
    message = answered(ticket, 5)
    bounced(message, 10)
    clock = clock_of(ticket)
    assert (clock.state, clock.due_at, clock.next_step_at) == (ClockState.RUNNING, minute(30), minute(15))


def test_steps_that_fired_before_the_answer_do_not_fire_again(ticket):
    sweep(now=minute(15))
    message = answered(ticket, 16)
    bounced(message, 17)
    assert clock_of(ticket).next_step_at == minute(24)


def test_a_later_answer_that_arrived_takes_the_place_of_the_failed_one(ticket):
    message = answered(ticket, 20)
    second = called(ticket, 28)
    bounced(message, 50)
    clock = clock_of(ticket)
    assert (clock.state, clock.stopped_at, clock.answered_by) == (ClockState.MET, minute(28), second)
    assert lines(clock) == ["started", "met", "revoked", "met"]


def test_a_later_answer_after_the_due_time_makes_it_late(ticket):
    message = answered(ticket, 20)
    called(ticket, 40)
    bounced(message, 50)
    clock = clock_of(ticket)
    assert (clock.state, clock.breached_at, clock.stopped_at) == (
        ClockState.BREACHED,
        minute(30),
        minute(40),
    )


def test_a_late_answer_that_bounces_leaves_the_breach_with_its_detection(ticket):
    sweep(now=minute(31))
    message = answered(ticket, 40)
    bounced(message, 90)
    clock = clock_of(ticket)
    assert (clock.state, clock.is_open) == (ClockState.BREACHED, True)
    assert (clock.breached_at, clock.detected_at) == (minute(30), minute(31))
    assert lines(clock) == ["started", "breached", "answered_late", "revoked"]


def test_the_promise_of_a_later_question_ends_when_the_earlier_one_waits_again(ticket):
    message = answered(ticket, 20)
    asked(ticket, 40)
    bounced(message, 50)
    first, following = promised().order_by("started_at")
    assert (first.is_open, following.state, following.stopped_at) == (True, ClockState.CANCELLED, minute(50))


def test_a_later_question_keeps_its_own_promise_when_an_earlier_answer_bounces(ticket):
    message = answered(ticket, 20)
    asked(ticket, 30)
    answered(ticket, 40)
    asked(ticket, 45)
    bounced(message, 50)
    first, second, third = promised().order_by("started_at")
    assert [first.state, second.state, third.state] == ["breached", "met", "running"]
    assert first.stopped_at == minute(40)
    assert promised().open().get() == third


def test_two_answers_that_both_bounce_leave_the_oldest_promise_open(ticket):
    first_answer = answered(ticket, 20)
    asked(ticket, 30)
    two = answered(ticket, 40)
    bounced(first_answer, 50)
    bounced(two, 55)
    first, second = promised().order_by("started_at")
    assert promised().open().get() == first
    assert (second.state, second.answered_by) == (ClockState.CANCELLED, None)


# Priorities


def test_p3_raised_to_p0_after_two_hours_is_due_thirty_minutes_later(contact):
    clock = raise_at(opened(contact=contact, priority=Priority.P3), 120, Priority.P0)
    assert (clock.due_at, clock.priority, clock.minutes) == (minute(150), Priority.P0, 30)
    assert clock.next_step_at == minute(135)


def test_raised_shortly_before_its_due_time_a_promise_keeps_it(contact):
    ticket = opened(contact=contact, priority=Priority.P1)
    clock = raise_at(ticket, 230, Priority.P0)
    assert (clock.due_at, clock.minutes, clock.priority) == (minute(240), 240, Priority.P0)


def test_a_lowered_promise_keeps_its_stricter_due_time(ticket):
    clock = raise_at(ticket, 29, Priority.P2)
    assert (clock.due_at, clock.priority, clock.minutes) == (minute(30), Priority.P2, 30)
    lowering = clock.events.get(change=ClockChange.RETARGETED)
    assert (lowering.at, lowering.data["late"]) == (minute(29), True)


def test_a_promise_lowered_and_raised_again_is_not_due_later_than_before(ticket):
    raise_at(ticket, 10, Priority.P3)
    assert raise_at(ticket, 20, Priority.P0).due_at == minute(30)


def test_raising_the_priority_takes_the_new_window_with_its_calendar(contact):
    policy = Policy.objects.get(is_default=True)
    round_the_clock = policy.versions.get().targets.first().calendar
    windows = [
        Window(ClockKind.FIRST_RESPONSE, Priority.P3, 1440, office_calendar("UTC")),
        Window(ClockKind.FIRST_RESPONSE, Priority.P0, 30, round_the_clock),
    ]
    revise_policy(policy=policy, windows=windows, actor=None, at=NOW)
    saturday = (datetime(2026, 11, 21, 10, tzinfo=UTC) - NOW).total_seconds() / 60
    clock = raise_at(opened(saturday, contact=contact, priority=Priority.P3), saturday + 10, Priority.P0)
    assert (clock.calendar, clock.due_at) == (round_the_clock, minute(saturday + 40))
    assert clock.next_step_at == minute(saturday + 25)


@pytest.mark.parametrize("answer_at", [10, None], ids=["met", "breached"])
def test_a_change_of_priority_leaves_met_and_breached_promises_alone(ticket, answer_at):
    if answer_at is None:
        sweep(now=minute(31))
    else:
        answered(ticket, answer_at)
    before = clock_of(ticket)
    clock = raise_at(ticket, 60, Priority.P3)
    assert (clock.state, clock.due_at, clock.priority) == (before.state, before.due_at, before.priority)


def test_a_revised_policy_leaves_running_promises_alone(ticket):
    policy = Policy.objects.get(is_default=True)
    window = Window(ClockKind.FIRST_RESPONSE, Priority.P0, 5, policy.versions.get().targets.first().calendar)
    revise_policy(policy=policy, windows=[window], actor=None, at=minute(1))
    assert clock_of(ticket).due_at == minute(30)
    later = clock_of(opened(2, contact=ticket.contact))
    assert later.due_at == minute(7)


def test_raising_follows_the_terms_of_the_start(contact):
    policy = Policy.objects.get(is_default=True)
    ticket = opened(contact=contact, priority=Priority.P3)
    calendar = policy.versions.get().targets.first().calendar
    revise_policy(
        policy=policy,
        windows=[Window(ClockKind.FIRST_RESPONSE, Priority.P0, 5, calendar)],
        actor=None,
        at=minute(60),
    )
    assert raise_at(ticket, 120, Priority.P0).due_at == minute(150)


# Ending


def test_a_waived_promise_is_still_owed_and_its_outcome_is_kept(ticket, ann):
    lifecycle.waive(
        lifecycle.open_response_clocks(ticket)[0], ChangeContext(minute(10), ann, "the customer agreed")
    )
    sweep(now=minute(31))
    answered(ticket, 40)
    clock = clock_of(ticket)
    assert (clock.state, clock.breached_at, clock.stopped_at) == (ClockState.BREACHED, minute(30), minute(40))
    assert (clock.waived_at, clock.waived_by, clock.waive_reason) == (minute(10), ann, "the customer agreed")
    assert clock.events.get(change="waived").cause == "the customer agreed"


def test_a_promise_is_waived_once(ticket, ann):
    lifecycle.waive(lifecycle.open_response_clocks(ticket)[0], ChangeContext(minute(10), ann, "agreed"))
    with pytest.raises(DeskError, match="already"):
        lifecycle.waive(lifecycle.open_response_clocks(ticket)[0], ChangeContext(minute(11), ann, "again"))


@pytest.mark.parametrize(("at", "waived", "state"), [
    (10, False, ClockState.BREACHED),
    (10, True, ClockState.CANCELLED),
    (29, True, ClockState.CANCELLED),
    (30, True, ClockState.BREACHED),
])  # fmt: skip
def test_closing_without_an_answer_is_a_breach_unless_waived_in_time(ticket, ann, at, waived, state):
    [clock] = lifecycle.open_response_clocks(ticket)
    if waived:
        lifecycle.waive(clock, ChangeContext(minute(5), ann, "spam"))
    lifecycle.give_up(clock, ChangeContext(minute(at), ann, "spam"))
    clock = clock_of(ticket)
    assert (clock.state, clock.stopped_at, clock.next_step_at) == (state, minute(at), None)
    assert clock.breached_at == (minute(30) if state == ClockState.BREACHED else None)


def test_a_promise_costs_its_message_few_queries(ticket, count_queries):
    act = ChangeContext(minute(10), None)
    [clock] = lifecycle.open_response_clocks(ticket)
    message = noted(ticket, 10)
    assert count_queries(lambda: lifecycle.answer(clock, message, act)) == 3
    assert count_queries(lambda: lifecycle.start_promises(ticket, message, act)) == 3
    assert ticket.clocks.latest("pk").kind == ClockKind.NEXT_RESPONSE


def test_a_policy_without_a_chain_follows_the_default_chain(ticket):
    clock = lifecycle.open_response_clocks(ticket)[0]
    policy = Policy.objects.create(name="Gold")
    clock.policy_version.policy = policy
    assert lifecycle.next_step_time(clock) == NOW + timedelta(minutes=15)


def test_a_change_of_priority_after_the_due_time_finds_the_promise_broken(ticket):
    """No sweep has seen the breach yet; lowering it is no way out."""
    change_priority(
        ticket=ticket, priority=Priority.P3, actor=ticket.owner, at=minute(30), reason="quiet again"
    )
    clock = clock_of(ticket)
    assert (clock.state, clock.priority) == (ClockState.BREACHED, Priority.P0)
    assert (clock.breached_at, clock.detected_at) == (minute(30), minute(30))
    assert lines(clock) == [ClockChange.STARTED, ClockChange.BREACHED]

"""Whenever the customer is named, the promises are those of a customer known from the start, if these end earlier."""

from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.models import Contact
from escalation.choices import ClockKind, ClockState
from escalation.clocks.ledger_verification import verify
from escalation.enforcement.lag import breach_lag
from escalation.enforcement.sweep import sweep
from escalation.models import Calendar, Clock, Policy
from escalation.policies.editing import Window, revise_policy
from tests.factories import (
    AdminFactory,
    ContactFactory,
    ContractFactory,
    ContractWindowFactory,
    CustomerFactory,
    set_desk,
)
from tests.lastingrows import passing_rows
from tests.talk import answered, asked, bounced, clock_of, minute, opened
from tickets.choices import Priority, Status
from tickets.models import Ticket
from tickets.services.mail_marks import mark_as_automatic
from tickets.services.naming_customers import follow_contact, name_customer
from tickets.services.status_and_priority import change_priority, set_status

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead():
    lead = AdminFactory()
    set_desk(intake_owner=lead)
    return lead


@pytest.fixture
def contract(lead):
    return ContractFactory(customer=CustomerFactory(name="Aurora Live", account_manager=lead))


@pytest.fixture
def unknown(lead):
    return ContactFactory(customer=None)


@pytest.fixture
def promise(contract):
    """The contract promises an answer, or something else, within so many minutes."""

    def add(minutes, priority, kind=ClockKind.FIRST_RESPONSE):
        ContractWindowFactory(contract=contract, minutes=minutes, kind=kind, priority=priority)

    return add


@pytest.fixture
def resolve(promise):
    return lambda minutes, priority: promise(minutes, priority, ClockKind.RESOLUTION)


@pytest.fixture
def name(contract, lead):
    return lambda contact, at: name_customer(
        contact=contact, customer=contract.customer, actor=lead, at=minute(at)
    )


@pytest.fixture
def change(lead):
    """Give a ticket a priority (a number) or a status at a minute."""

    def change(ticket, to, at):
        if isinstance(to, int):
            change_priority(ticket=ticket, priority=to, actor=lead, at=minute(at), reason="heard more")
        else:
            set_status(ticket=ticket, status=to, actor=lead, at=minute(at), reason="heard more")

    return change


def resolution(ticket: Ticket) -> Clock:
    return Clock.objects.get(ticket=ticket, kind=ClockKind.RESOLUTION)


def test_a_raise_that_moved_no_due_time_counts_from_the_raise_and_breaches_nothing(
    unknown, promise, name, change
):
    ticket = opened(priority=Priority.P2, contact=unknown)
    change(ticket, Priority.P1, 470)
    promise(15, Priority.P1)
    name(unknown, 475)
    assert (clock_of(ticket).state, clock_of(ticket).due_at) == (ClockState.RUNNING, minute(480))


def test_the_contracts_window_before_the_raise_counts_if_it_ends_earlier(unknown, promise, name, change):
    ticket = opened(priority=Priority.P2, contact=unknown)
    change(ticket, Priority.P1, 100)
    promise(110, Priority.P2)
    promise(100, Priority.P1)
    name(unknown, 105)
    clock = clock_of(ticket)
    assert (clock.due_at, clock.raised_at) == (minute(110), None)


def test_a_promise_that_was_raised_and_lowered_keeps_the_contracts_window_of_the_raise(
    unknown, promise, name, change
):
    ticket = opened(priority=Priority.P2, contact=unknown)
    change(ticket, Priority.P1, 10)
    change(ticket, Priority.P3, 20)
    promise(30, Priority.P1)
    name(unknown, 25)
    clock = clock_of(ticket)
    assert (clock.due_at, clock.raised_at, clock.priority) == (minute(40), minute(10), Priority.P3)


def test_an_answer_from_before_the_naming_that_bounces_leaves_the_contracts_promise(
    contract, unknown, promise, name
):
    ticket = opened(priority=Priority.P2, contact=unknown)
    promise(120, Priority.P2)
    reply = answered(ticket, 20)
    name(unknown, 30)
    bounced(reply, 40)
    assert (clock_of(ticket).due_at, clock_of(ticket).contract) == (minute(120), contract)
    assert verify().mismatches == ()


def test_a_resolution_that_starts_in_retrospect_did_not_run_while_we_waited(unknown, resolve, name, change):
    ticket = opened(priority=Priority.P3, contact=unknown)
    answered(ticket, 20, then=Status.WAITING)
    resolve(60, Priority.P3)
    name(unknown, 90)
    assert resolution(ticket).state == ClockState.PAUSED
    change(ticket, Status.OPEN, 100)
    assert resolution(ticket).due_at == minute(140)
    assert verify().mismatches == ()


def test_a_resolution_that_starts_in_retrospect_counts_a_raise_from_the_raise(unknown, resolve, name, change):
    ticket = opened(priority=Priority.P3, contact=unknown)
    change(ticket, Priority.P1, 600)
    resolve(2000, Priority.P3)
    resolve(60, Priority.P1)
    name(unknown, 610)
    assert resolution(ticket).due_at == minute(660)


def test_a_resolution_of_a_ticket_that_was_reopened_counts_from_the_question_that_reopened_it(
    unknown, resolve, name
):
    ticket = opened(priority=Priority.P3, contact=unknown)
    answered(ticket, 20, then=Status.RESOLVED)
    question = asked(ticket, 5000)
    resolve(4000, Priority.P3)
    name(unknown, 5010)
    clock = resolution(ticket)
    assert (clock.started_at, clock.started_by, clock.due_at) == (minute(5000), question, minute(9000))


def test_a_resolution_of_a_ticket_that_was_reopened_by_hand_counts_from_then(unknown, resolve, name, change):
    ticket = opened(priority=Priority.P2, contact=unknown)
    answered(ticket, 20, then=Status.RESOLVED)
    change(ticket, Priority.P3, 2000)
    change(ticket, Status.OPEN, 3000)
    resolve(4000, Priority.P3)
    name(unknown, 5010)
    assert (resolution(ticket).started_at, resolution(ticket).due_at) == (minute(3000), minute(7000))


def test_a_first_question_that_was_automatic_starts_no_resolution(unknown, resolve, name, lead):
    ticket = opened(priority=Priority.P3, contact=unknown)
    question = asked(ticket, 30)
    mark_as_automatic(message=ticket.messages.order_by("pk").first(), actor=lead, at=minute(40))
    resolve(100, Priority.P3)
    name(unknown, 50)
    assert (resolution(ticket).started_by, resolution(ticket).due_at) == (question, minute(130))


def test_a_resolution_that_is_over_as_it_starts_is_a_breach_at_once(unknown, resolve, name):
    ticket = opened(priority=Priority.P3, contact=unknown)
    resolve(60, Priority.P3)
    name(unknown, 90)
    clock = resolution(ticket)
    assert (clock.state, clock.breached_at, clock.detected_at) == (
        ClockState.BREACHED,
        minute(60),
        minute(90),
    )


def test_the_desk_was_not_slow_to_notice_what_nobody_could_know(contract, unknown, resolve):
    ticket = opened(priority=Priority.P3, contact=unknown)
    resolve(60, Priority.P3)
    unknown.customer = contract.customer
    follow_contact(ticket, unknown, at=minute(90))
    lag = breach_lag(now=minute(91))
    assert (lag.count, lag.worst) == (1, timedelta(0))


@pytest.fixture
def worlds(contract, promise, resolve, lead):
    """Makes three tickets: of a customer known from the start, of one who stays unknown, and of one to be named."""
    for priority, answer, end in ((0, 20, 40), (1, 50, 90), (2, 120, 150), (3, 200, 400)):
        promise(answer, priority)
        resolve(end, priority)
    policy, calendar = Policy.objects.get(is_default=True), Calendar.objects.get(name="24x7")
    answers = [Window(ClockKind.FIRST_RESPONSE, number, 15 + 60 * number, calendar) for number in range(4)]
    ends = [Window(ClockKind.RESOLUTION, number, 30 + 90 * number, calendar) for number in range(4)]

    def make(priority, *, is_resolution_promised):
        windows = answers + (ends if is_resolution_promised else [])
        revise_policy(policy=policy, windows=windows, actor=None, at=minute(-60), pause_cap_minutes=300)
        known = ContactFactory(customer=contract.customer)
        people = (known, ContactFactory(customer=None), ContactFactory(customer=None))
        return [opened(priority=priority, contact=person) for person in people]

    return make


def test_a_pause_after_the_contracts_window_moves_it_no_more(worlds, change, name):
    _known, _unknown, ticket = worlds(Priority.P1, is_resolution_promised=True)
    change(ticket, Status.WAITING, 100)
    name(ticket.contact, 110)
    assert (resolution(ticket).state, resolution(ticket).due_at) == (ClockState.BREACHED, minute(90))
    assert verify().mismatches == ()


CHANGES = st.lists(
    st.tuples(st.sampled_from([0, 1, 2, 3, Status.WAITING, Status.OPEN]), st.integers(1, 60)), max_size=6
)


def promises(ticket: Ticket) -> dict[str, Clock]:
    return {clock.kind: clock for clock in Clock.objects.filter(ticket=ticket)}


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(first=st.integers(0, 3), changes=CHANGES, wait=st.integers(1, 60), is_promised=st.booleans())
@passing_rows()
def test_the_earlier_of_both_worlds_counts_whatever_happened_before_the_naming(
    worlds, change, name, first, changes, wait, is_promised
):
    tickets = worlds(first, is_resolution_promised=is_promised)
    now = 0
    for to, after in changes:
        now += after
        for ticket in tickets:
            change(ticket, to, now)
        sweep(now=minute(now))
    name(Contact.objects.get(pk=tickets[2].contact_id), now + wait)
    sweep(now=minute(now + wait))
    known, unknown, named = map(promises, tickets)
    assert named.keys() == known.keys()
    for kind, clock in named.items():
        if kind not in unknown:
            assert _standing(clock, now + wait) == _standing(known[kind], now + wait)
        elif unknown[kind].state == ClockState.BREACHED:
            assert clock.due_at == unknown[kind].due_at
        else:
            both = (_due(known[kind], now + wait), _due(unknown[kind], now + wait))
            assert _due(clock, now + wait) == min(both)
    assert verify().mismatches == ()


def _due(clock: Clock, now: float) -> datetime:
    """With the pause so far, as the naming ends a pause and begins it again."""
    return clock.due_at + _pause_so_far(clock, now)


def _standing(clock: Clock, now: float) -> tuple[object, ...]:
    paused = timedelta(seconds=clock.paused_seconds) + _pause_so_far(clock, now)
    return clock.state, _due(clock, now), paused, clock.priority


def _pause_so_far(clock: Clock, now: float) -> timedelta:
    return minute(now) - clock.paused_at if clock.paused_at is not None else timedelta(0)

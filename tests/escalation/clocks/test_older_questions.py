"""A question received earlier and read later: the promise begins with it, as if it had been read in its turn."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from escalation.choices import ClockKind, ClockState
from escalation.clocks.ledger_verification import verify
from escalation.enforcement.sweep import sweep
from escalation.explaining.loading import explain
from escalation.explaining.plain_text import as_text
from escalation.explaining.report import report_of
from escalation.models import Clock
from escalation.proof.message_checks import check_words
from tests.factories import (
    NOW,
    AdminFactory,
    ContactFactory,
    ContractFactory,
    ContractWindowFactory,
    StaffProfileFactory,
    staff,
)
from tests.lastingrows import passing_rows
from tests.talk import answered, asked, minute, opened
from tickets.choices import Priority, Status
from tickets.services.status_and_priority import change_priority, set_status

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def last_resort():
    StaffProfileFactory(user=AdminFactory())


def clock_of(ticket, kind=ClockKind.FIRST_RESPONSE):
    return Clock.objects.get(ticket=ticket, kind=kind)


def is_proven():
    return verify().mismatches == () and list(check_words()) == []


def test_the_promise_moves_to_the_older_receipt_as_a_recorded_line():
    ticket = opened(60, priority=Priority.P2)
    older = asked(ticket, 35, noticed=70)
    clock = clock_of(ticket)
    assert (clock.started_at, clock.started_by, clock.due_at) == (minute(35), older, minute(35 + 480))
    line = clock.events.last()
    assert (line.change, line.message, line.at, line.recorded_at) == (
        "begun_earlier",
        older,
        minute(70),
        minute(70),
    )
    assert (line.due_before, line.due_after) == (minute(60 + 480), minute(35 + 480))
    ticket.refresh_from_db()
    assert ticket.unanswered_since == minute(35)
    assert is_proven()


def test_a_later_question_moves_nothing():
    ticket = opened(60, priority=Priority.P2)
    asked(ticket, 60, noticed=61)
    asked(ticket, 65)
    assert [event.change for event in clock_of(ticket).events.all()] == ["started"]


def test_what_fell_due_before_the_older_question_was_read_is_broken_at_its_new_due_time():
    ticket = opened(60)
    asked(ticket, 20, noticed=65)
    clock = clock_of(ticket)
    assert (clock.state, clock.due_at, clock.breached_at, clock.detected_at) == (
        ClockState.BREACHED, minute(50), minute(50), minute(65),
    )  # fmt: skip
    assert is_proven()


def test_a_broken_promise_is_broken_since_its_new_due_time():
    ticket = opened(60)
    sweep(now=minute(100))
    asked(ticket, 20, noticed=101)
    clock = clock_of(ticket)
    assert (clock.state, clock.breached_at, clock.detected_at) == (
        ClockState.BREACHED,
        minute(50),
        minute(100),
    )
    answered(ticket, 110)
    assert is_proven()


def test_the_contract_of_the_older_moment_applies():
    contact = ContactFactory()
    before = ContractFactory(customer=contact.customer, starts_on=NOW.date(), ends_on=NOW.date())
    ContractWindowFactory(contract=before, priority=Priority.P2, minutes=30, created_at=minute(-10_000))
    after = ContractFactory(customer=contact.customer, starts_on=NOW.date() + timedelta(days=1))
    next_day = 24 * 60
    ticket = opened(next_day, priority=Priority.P2, contact=contact)
    assert clock_of(ticket).contract == after
    asked(ticket, 0, noticed=next_day + 5)
    clock = clock_of(ticket)
    assert (clock.contract, clock.minutes, clock.due_at) == (before, 30, minute(30))
    assert is_proven()


def test_a_raised_promise_is_due_by_the_earlier_of_both_windows():
    late, early = (opened(at, priority=Priority.P2) for at in (400, 470))
    for ticket in (late, early):
        change_priority(ticket=ticket, priority=Priority.P1, actor=staff(), at=minute(480), reason="Worse.")
    asked(late, 390, noticed=490)
    asked(early, 100, noticed=490)
    assert (clock_of(late).due_at, clock_of(late).raised_at) == (minute(480 + 240), minute(480))
    assert (clock_of(early).due_at, clock_of(early).raised_at) == (minute(100 + 480), None)
    assert is_proven()


def test_a_resolution_moves_with_it_and_keeps_its_pause():
    contact = ContactFactory()
    contract = ContractFactory(customer=contact.customer)
    ContractWindowFactory(
        contract=contract, kind=ClockKind.RESOLUTION, priority=Priority.P2, minutes=600, created_at=minute(-1)
    )
    ticket = opened(60, priority=Priority.P2, contact=contact)
    set_status(ticket=ticket, status=Status.WAITING, actor=staff(), at=minute(62))
    asked(ticket, 35, noticed=70)
    clock = clock_of(ticket, ClockKind.RESOLUTION)
    assert (clock.started_at, clock.state) == (minute(35), ClockState.RUNNING)
    assert clock.due_at == minute(35 + 600 + 8)
    assert is_proven()


def test_a_resolution_does_not_reach_back_beyond_an_end_of_the_ticket():
    contact = ContactFactory()
    contract = ContractFactory(customer=contact.customer)
    ContractWindowFactory(
        contract=contract, kind=ClockKind.RESOLUTION, priority=Priority.P2, minutes=600, created_at=minute(-1)
    )
    ticket = opened(0, priority=Priority.P2, contact=contact)
    answered(ticket, 50, then=Status.RESOLVED)
    asked(ticket, 60)
    asked(ticket, 40, noticed=70)
    first, second = Clock.objects.filter(ticket=ticket, kind=ClockKind.RESOLUTION).order_by("pk")
    assert (first.started_at, first.stopped_at, second.started_at) == (minute(0), minute(50), minute(60))
    assert Clock.objects.get(ticket=ticket, kind=ClockKind.NEXT_RESPONSE).started_at == minute(40)
    assert is_proven()


def test_explain_names_the_older_message():
    ticket = opened(60, priority=Priority.P2)
    asked(ticket, 35, noticed=70)
    text = as_text(report_of(explain(Clock.objects.all(), clock_of(ticket).pk, now=minute(80)), zone="UTC"))
    assert "A message that was received earlier was read now: the SLA begins with it." in text
    assert "Previously due" in text


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    times=st.lists(st.integers(0, 100), min_size=2, max_size=4, unique=True),
    order=st.randoms(use_true_random=False),
    priority=st.sampled_from([Priority.P0, Priority.P1]),
    swept=st.lists(st.integers(101, 140), max_size=2),
)
@passing_rows()
def test_in_whatever_order_questions_are_read_the_promise_is_the_same(times, order, priority, swept):
    """Read at once by minute 100, in any order, with sweeps in between or not."""
    outcomes = []
    for sequence in (sorted(times), order.sample(times, len(times))):
        first, *others = sequence
        ticket = opened(first, noticed=100, priority=priority)
        for at in others:
            asked(ticket, at, noticed=100)
        for at in swept:
            sweep(now=minute(at))
        answered(ticket, 150)
        clock = clock_of(ticket)
        outcomes.append((clock.started_at, clock.due_at, clock.state, clock.breached_at, clock.stopped_at))
    assert outcomes[0] == outcomes[1]
    assert is_proven()

"""The customer of a running ticket is named: its promises follow the contract, from the ticket's start."""

from datetime import timedelta

import pytest

from escalation.choices import ClockChange, ClockKind, ClockState
from escalation.clocks.lead_decisions import relax
from escalation.clocks.ledger_verification import verify
from escalation.enforcement.sweep import sweep
from escalation.models import Clock
from tests.factories import (
    NOW,
    ContactFactory,
    ContractFactory,
    ContractWindowFactory,
    CustomerFactory,
    set_desk,
    staff,
)
from tests.talk import answered, asked, clock_of, minute, opened
from tickets.choices import Priority
from tickets.services.naming_customers import name_customer
from tickets.services.status_and_priority import change_priority

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead():
    lead = staff("mia", groups=["Team lead"])
    set_desk(intake_owner=lead)
    return lead


@pytest.fixture
def contract(lead):
    return ContractFactory(customer=CustomerFactory(name="Aurora Live", account_manager=lead))


@pytest.fixture
def unknown(lead):
    return ContactFactory(customer=None)


def window(contract, minutes, *, kind=ClockKind.FIRST_RESPONSE, priority=Priority.P2):
    return ContractWindowFactory(contract=contract, minutes=minutes, kind=kind, priority=priority)


def name(contract, contact, lead, at):
    name_customer(contact=contact, customer=contract.customer, actor=lead, at=minute(at))


def changes(clock):
    return list(clock.events.order_by("pk").values_list("change", flat=True))


def test_a_stricter_window_counts_at_once_from_the_start(contract, unknown, lead):
    ticket = opened(priority=Priority.P2, contact=unknown)
    own = window(contract, 120)
    name(contract, unknown, lead, 30)
    clock = clock_of(ticket)
    assert (clock.due_at, clock.contract, clock.contract_window) == (minute(120), contract, own)
    line = clock.events.get(change=ClockChange.RETARGETED)
    assert (line.actor, line.cause) == (lead, "The customer was named.")
    assert verify().mismatches == ()


def test_a_stricter_window_that_has_ended_is_a_breach_at_its_end(contract, unknown, lead):
    ticket = opened(priority=Priority.P2, contact=unknown)
    window(contract, 120)
    name(contract, unknown, lead, 180)
    clock = clock_of(ticket)
    assert (clock.state, clock.breached_at, clock.detected_at) == (
        ClockState.BREACHED,
        minute(120),
        minute(180),
    )
    assert changes(clock)[-2:] == [ClockChange.RETARGETED, ClockChange.BREACHED]
    sweep(now=minute(181))
    assert clock.escalations.exists()
    assert verify().mismatches == ()


def test_a_looser_window_waits_for_a_lead(contract, unknown, lead):
    ticket = opened(priority=Priority.P2, contact=unknown)
    window(contract, 2 * 24 * 60)
    name(contract, unknown, lead, 30)
    clock = clock_of(ticket)
    assert (clock.due_at, clock.contract) == (minute(480), contract)
    relax(clock=clock, actor=lead, at=minute(31), reason="their contract says two days")
    assert clock_of(ticket).due_at == NOW + timedelta(days=2)
    assert verify().mismatches == ()


def test_a_raised_promise_counts_its_new_window_from_the_raise(contract, unknown, lead):
    ticket = opened(priority=Priority.P2, contact=unknown)
    change_priority(ticket=ticket, priority=Priority.P1, actor=lead, at=minute(60), reason="all rooms")
    window(contract, 100, priority=Priority.P1)
    name(contract, unknown, lead, 90)
    assert clock_of(ticket).due_at == minute(160)
    assert verify().mismatches == ()


@pytest.mark.parametrize("end", ["breached", "answered"])
def test_a_promise_that_is_over_keeps_its_terms(contract, unknown, lead, end):
    ticket = opened(priority=Priority.P2, contact=unknown)
    window(contract, 120)
    if end == "answered":
        answered(ticket, 20)
    name(contract, unknown, lead, 481)
    clock = clock_of(ticket)
    assert (clock.due_at, clock.contract) == (minute(480), None)
    assert clock.state == (ClockState.MET if end == "answered" else ClockState.BREACHED)


def test_the_next_question_is_promised_an_answer_by_the_contract(contract, unknown, lead):
    ticket = opened(priority=Priority.P2, contact=unknown)
    window(contract, 45, kind=ClockKind.NEXT_RESPONSE)
    answered(ticket, 20)
    name(contract, unknown, lead, 30)
    asked(ticket, 60)
    assert Clock.objects.open().get(ticket=ticket, kind=ClockKind.NEXT_RESPONSE).due_at == minute(105)


def test_a_resolution_that_only_the_contract_promises_counts_from_the_first_question(contract, unknown, lead):
    ticket = opened(priority=Priority.P3, contact=unknown)
    window(contract, 3 * 24 * 60, kind=ClockKind.RESOLUTION, priority=Priority.P3)
    name(contract, unknown, lead, 30)
    clock = Clock.objects.get(ticket=ticket, kind=ClockKind.RESOLUTION)
    assert (clock.started_at, clock.due_at) == (NOW, NOW + timedelta(days=3))
    assert verify().mismatches == ()


def test_a_customer_without_a_contract_changes_no_promise(unknown, lead):
    ticket = opened(priority=Priority.P2, contact=unknown)
    name_customer(contact=unknown, customer=CustomerFactory(account_manager=lead), actor=lead, at=minute(30))
    assert changes(clock_of(ticket)) == [ClockChange.STARTED]

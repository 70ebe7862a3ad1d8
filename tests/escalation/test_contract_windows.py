"""Windows that a contract promises otherwise than its plan: looked up first, and kept by the clock."""

from datetime import timedelta

import pytest

from escalation.choices import ClockChange, ClockKind
from escalation.models import ContractWindow
from escalation.services.terms import companion_window, terms_for, window_for
from tests.adminpages import page_url
from tests.factories import (
    NOW,
    CalendarFactory,
    ContractFactory,
    ContractWindowFactory,
    CustomerFactory,
    PolicyFactory,
    PolicyTargetFactory,
    PolicyVersionFactory,
    UserFactory,
    office_calendar,
    staff,
)
from tests.talk import clock_of, opened
from tickets.choices import Priority
from tickets.services.state import change_priority

pytestmark = pytest.mark.django_db


def promised(contract, *, priority=Priority.P2, kind=ClockKind.FIRST_RESPONSE):
    return terms_for(customer=contract.customer, kind=kind, priority=priority, at=NOW).target


def ticket_of(contract, **fields):
    contract.customer.account_manager = UserFactory()
    contract.customer.save()
    return opened(0, contact=contract.customer.contacts.create(email="li@company.example"), **fields)


def test_a_contracts_own_window_wins_over_the_policy_of_its_plan():
    contract = ContractFactory()
    policy = PolicyFactory(plan=contract.plan)
    target = PolicyTargetFactory(
        version=PolicyVersionFactory(policy=policy), priority=Priority.P2, minutes=60
    )
    assert (promised(contract).minutes, promised(contract).is_of_contract) == (60, False)
    own = ContractWindowFactory(contract=contract, minutes=15)
    found = promised(contract)
    assert (found.minutes, found.calendar, found.version) == (15, own.calendar, target.version)
    assert found.is_of_contract


@pytest.mark.parametrize(
    ("priority", "kind"), [(Priority.P1, ClockKind.FIRST_RESPONSE), (Priority.P2, ClockKind.NEXT_RESPONSE)]
)
def test_it_serves_one_kind_and_one_priority(priority, kind):
    own = ContractWindowFactory(minutes=15)
    assert not promised(own.contract, priority=priority, kind=kind).is_of_contract


def test_another_contracts_window_is_none_of_ours():
    ContractWindowFactory(minutes=15)
    assert promised(ContractFactory()).minutes == 480


def test_a_clock_keeps_the_contracts_window_and_the_ledger_says_where_it_came_from():
    own = ContractWindowFactory(minutes=15, calendar=office_calendar("UTC"))
    ticket = ticket_of(own.contract, priority=Priority.P2)
    clock = clock_of(ticket)
    assert (clock.contract, clock.minutes) == (own.contract, 15)
    assert (clock.calendar, clock.calendar_version, clock.due_at) == (
        own.calendar,
        1,
        NOW + timedelta(minutes=15),
    )
    started = clock.events.get(change=ClockChange.STARTED)
    assert started.data == {"priority": 2, "minutes": 15, "window": "contract"}
    ContractWindow.objects.update(minutes=5)
    clock.refresh_from_db()
    assert (clock.minutes, clock.due_at) == (15, NOW + timedelta(minutes=15))


def test_a_window_of_the_policy_is_not_called_the_contracts():
    clock = clock_of(ticket_of(ContractFactory(), priority=Priority.P2))
    assert "window" not in clock.events.get(change=ClockChange.STARTED).data


def test_a_raised_priority_takes_the_contracts_window_for_it():
    own = ContractWindowFactory(minutes=5, priority=Priority.P0)
    ticket = ticket_of(own.contract, priority=Priority.P2)
    at = NOW + timedelta(minutes=10)
    change_priority(ticket=ticket, priority=Priority.P0, actor=staff(), at=at, reason="The room is black.")
    assert clock_of(ticket).due_at == at + timedelta(minutes=5)


def test_a_contract_promises_a_kind_that_the_policy_leaves_out():
    own = ContractWindowFactory(kind=ClockKind.RESOLUTION, minutes=600)
    version = PolicyVersionFactory()
    found = companion_window(version, ClockKind.RESOLUTION, Priority.P2, contract=own.contract)
    assert (found.minutes, found.version) == (600, version)
    assert companion_window(version, ClockKind.RESOLUTION, Priority.P2, contract=None) is None


def test_own_windows_cost_one_query_more_and_none_where_there_are_none(django_assert_num_queries):
    plain, own = ContractFactory(), ContractWindowFactory().contract
    with django_assert_num_queries(2):
        promised(plain)
    with django_assert_num_queries(3):
        promised(own)


def test_a_contract_that_is_not_saved_yet_promises_what_its_plan_does():
    contract = ContractFactory.build(plan=ContractFactory().plan)
    terms = window_for(contract=contract, kind=ClockKind.FIRST_RESPONSE, priority=Priority.P2, at=NOW)
    assert terms.minutes == 480


def window_form(contract, minutes):
    return {
        "customer": contract.customer.pk, "plan": contract.plan.pk, "starts_on": "2026-01-01",
        "time_zone": "Europe/Berlin", "hotline": "+49 30 1", "windows-TOTAL_FORMS": 1,
        "windows-INITIAL_FORMS": 0, "windows-0-kind": ClockKind.FIRST_RESPONSE, "windows-0-priority": 0,
        "windows-0-minutes": minutes, "windows-0-calendar": CalendarFactory().pk,
    }  # fmt: skip


def test_a_director_writes_windows_and_ways_on_the_contracts_page(login):
    contract = ContractFactory()
    client = login(staff(groups=["Support director"]))
    assert client.post(page_url(contract), window_form(contract, 10)).status_code == 302
    assert promised(contract, priority=Priority.P0).minutes == 10
    contract.refresh_from_db()
    assert (contract.zone, contract.hotline_to_call) == ("Europe/Berlin", "+49 30 1")


def test_a_window_of_no_minutes_is_refused(login):
    contract = ContractFactory()
    response = login(staff(groups=["Support director"])).post(page_url(contract), window_form(contract, 0))
    assert response.status_code == 200
    assert not contract.windows.exists()


def test_an_account_manager_reads_windows_and_a_lead_changes_none(login):
    manager = staff(groups=["Account manager"])
    own = ContractWindowFactory(contract=ContractFactory(customer=CustomerFactory(account_manager=manager)))
    assert "120" in login(manager).get(page_url(own.contract)).content.decode()
    lead = staff(groups=["Team lead", "Duty manager"])
    login(lead).post(page_url(own.contract), window_form(own.contract, 1))
    assert own.contract.windows.count() == 1


def test_the_customers_card_shows_the_contracts_window(login):
    ticket = ticket_of(ContractWindowFactory(minutes=77).contract)
    manager = ticket.customer.account_manager
    manager.is_staff = manager.is_superuser = True
    manager.save()
    windows = login(manager).get(page_url(ticket)).context["page"].card.windows
    assert [one.minutes for one in windows if (one.kind, one.priority) == ("first_response", 2)] == [77]

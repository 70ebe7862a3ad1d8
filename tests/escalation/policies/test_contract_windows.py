"""Windows that a contract promises otherwise than its plan: looked up first, and kept by the clock."""

import re
from datetime import timedelta

import pytest

from escalation.choices import ClockChange, ClockKind
from escalation.models import Calendar, ContractWindow
from escalation.policies.contract_windows import revise_windows
from escalation.policies.editing import Window
from escalation.policies.terms import companion_window, starting_terms_of, terms_for, window_for
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
from tickets.errors import DeskError
from tickets.services.status_and_priority import change_priority

pytestmark = pytest.mark.django_db


def revised(contract, *, at, minutes=None, priority=Priority.P2, actor=None):
    """The contract's first response in so many minutes from `at` on, or no own window at all."""
    calendar = Calendar.objects.get(name="24x7")
    windows = [Window(ClockKind.FIRST_RESPONSE, priority, minutes, calendar)] if minutes else []
    return revise_windows(contract=contract, windows=windows, actor=actor, at=at)


def promised(contract, *, priority=Priority.P2, kind=ClockKind.FIRST_RESPONSE, at=NOW):
    return terms_for(customer=contract.customer, kind=kind, priority=priority, at=at).target


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
    assert (promised(contract).minutes, promised(contract).own) == (60, None)
    own_window = ContractWindowFactory(contract=contract, minutes=15)
    terms = promised(contract)
    assert (terms.minutes, terms.calendar, terms.version) == (15, own_window.calendar, target.version)
    assert terms.own == own_window


@pytest.mark.parametrize(
    ("priority", "kind"), [(Priority.P1, ClockKind.FIRST_RESPONSE), (Priority.P2, ClockKind.NEXT_RESPONSE)]
)
def test_a_contracts_own_window_applies_to_one_kind_and_one_priority(priority, kind):
    own_window = ContractWindowFactory(minutes=15)
    assert promised(own_window.contract, priority=priority, kind=kind).own is None


def test_a_window_of_another_contract_does_not_apply():
    ContractWindowFactory(minutes=15)
    assert promised(ContractFactory()).minutes == 480


def test_a_clock_keeps_the_contracts_window_and_the_ledger_says_where_it_came_from():
    own_window = ContractWindowFactory(minutes=15, calendar=office_calendar("UTC"))
    ticket = ticket_of(own_window.contract, priority=Priority.P2)
    clock = clock_of(ticket)
    assert (clock.contract, clock.minutes) == (own_window.contract, 15)
    assert (clock.calendar, clock.calendar_version, clock.due_at) == (
        own_window.calendar,
        1,
        NOW + timedelta(minutes=15),
    )
    started = clock.events.get(change=ClockChange.STARTED)
    assert (started.data["minutes"], started.data["window"]) == (15, "contract")
    assert started.data["terms"]["contract_window"] == own_window.pk
    assert clock.contract_window == own_window
    revised(own_window.contract, at=NOW + timedelta(minutes=1), minutes=5)
    clock.refresh_from_db()
    assert (clock.minutes, clock.due_at, clock.contract_window) == (
        15,
        NOW + timedelta(minutes=15),
        own_window,
    )


def test_a_window_of_the_policy_is_not_called_the_contracts():
    clock = clock_of(ticket_of(ContractFactory(), priority=Priority.P2))
    assert "window" not in clock.events.get(change=ClockChange.STARTED).data
    assert clock.contract_window is None


def test_raising_the_priority_takes_the_contracts_window_for_the_new_one():
    own_window = ContractWindowFactory(minutes=5, priority=Priority.P0)
    ticket = ticket_of(own_window.contract, priority=Priority.P2)
    at = NOW + timedelta(minutes=10)
    change_priority(ticket=ticket, priority=Priority.P0, actor=staff(), at=at, reason="The room is black.")
    clock = clock_of(ticket)
    assert (clock.due_at, clock.contract_window) == (at + timedelta(minutes=5), own_window)
    assert clock.events.get(change=ClockChange.RETARGETED).data["window"] == "contract"


def test_raising_the_priority_takes_the_window_in_force_at_the_start():
    own_window = ContractWindowFactory(minutes=15, priority=Priority.P0)
    ticket = ticket_of(own_window.contract, priority=Priority.P2)
    revised(own_window.contract, at=NOW + timedelta(minutes=5), minutes=1, priority=Priority.P0)
    at = NOW + timedelta(minutes=10)
    change_priority(ticket=ticket, priority=Priority.P0, actor=staff(), at=at, reason="The room is black.")
    assert clock_of(ticket).due_at == at + timedelta(minutes=15)


@pytest.mark.parametrize(("minute", "promised_minutes"), [(-1, 15), (0, 5), (59, 5), (60, 480)])
def test_the_window_of_a_past_time_is_known_after_every_edit(minute, promised_minutes):
    contract = ContractWindowFactory(minutes=15).contract
    revised(contract, at=NOW, minutes=5)
    revised(contract, at=NOW + timedelta(minutes=60))
    assert promised(contract, at=NOW + timedelta(minutes=minute)).minutes == promised_minutes


def test_an_edit_retires_the_old_window_and_records_who_wrote_the_new_one():
    old, dana = ContractWindowFactory(minutes=15), staff("dana")
    [new] = revised(old.contract, at=NOW, minutes=5, actor=dana)
    old.refresh_from_db()
    assert (old.minutes, old.retired_at) == (15, NOW)
    assert (new.minutes, new.created_at, new.created_by, new.retired_at) == (5, NOW, dana, None)


def test_a_window_that_is_not_edited_keeps_its_date():
    own_window = ContractWindowFactory(minutes=15, calendar=Calendar.objects.get(name="24x7"))
    assert revised(own_window.contract, at=NOW, minutes=15) == []
    own_window.refresh_from_db()
    assert own_window.retired_at is None


def test_a_window_listed_twice_is_refused_by_name():
    calendar = Calendar.objects.get(name="24x7")
    twice = [Window(ClockKind.UPDATE, Priority.P0, minutes, calendar) for minutes in (5, 6)]
    with pytest.raises(DeskError, match="Update for P0 Urgent is listed twice"):
        revise_windows(contract=ContractFactory(), windows=twice, actor=None, at=NOW)


def test_a_saved_window_can_be_neither_changed_nor_deleted():
    own_window = ContractWindowFactory()
    for forbidden in (own_window.save, own_window.delete, ContractWindow.objects.all().delete):
        with pytest.raises(TypeError):
            forbidden()
    with pytest.raises(TypeError):
        ContractWindow.objects.update(minutes=1)


def test_deleting_an_unused_contract_deletes_its_windows():
    contract = ContractWindowFactory().contract
    contract.delete()
    assert not ContractWindow.objects.exists()


def test_a_message_begins_both_promises_under_the_contracts_own_windows():
    contract = ContractWindowFactory(minutes=15, calendar=office_calendar("UTC")).contract
    ContractWindowFactory(contract=contract, kind=ClockKind.RESOLUTION, minutes=600)
    ContractWindowFactory(contract=contract, priority=Priority.P1, minutes=1)
    ticket = ticket_of(contract, priority=Priority.P2)
    own_by_kind = {window.kind: window for window in contract.windows.filter(priority=Priority.P2)}
    begun = {clock.kind: clock for clock in ticket.clocks.all()}
    assert begun.keys() == own_by_kind.keys() == {ClockKind.FIRST_RESPONSE, ClockKind.RESOLUTION}
    assert all(begun[kind].contract_window == own_by_kind[kind] for kind in own_by_kind)
    assert all(begun[kind].calendar == own_by_kind[kind].calendar for kind in own_by_kind)


def test_a_promise_starts_under_the_window_of_its_kind_at_that_time():
    contract = ContractWindowFactory(minutes=15).contract
    revised(contract, at=NOW + timedelta(minutes=1), minutes=5)
    ticket = ticket_of(contract, priority=Priority.P2)
    ticket.clocks.update(stopped_at=NOW)
    ContractWindowFactory(contract=contract, kind=ClockKind.NEXT_RESPONSE, minutes=7)
    starting_terms = starting_terms_of(ticket, at=NOW + timedelta(minutes=2))
    assert (starting_terms.kind, starting_terms.answer.target.minutes) == (ClockKind.NEXT_RESPONSE, 7)


def test_own_windows_cost_one_query_at_the_start_of_a_promise(count_queries):
    """Besides the one for what the ticket owes and its contract."""
    ticket = ticket_of(ContractWindowFactory(minutes=15).contract, priority=Priority.P2)
    ticket.clocks.update(stopped_at=NOW)
    assert count_queries(lambda: starting_terms_of(ticket, at=NOW)) == 2


def test_a_contract_promises_a_kind_that_the_policy_leaves_out():
    own_window = ContractWindowFactory(kind=ClockKind.RESOLUTION, minutes=600)
    version = PolicyVersionFactory()
    companion = companion_window(
        version, ClockKind.RESOLUTION, Priority.P2, contract=own_window.contract, at=NOW
    )
    assert (companion.minutes, companion.version) == (600, version)
    assert companion_window(version, ClockKind.RESOLUTION, Priority.P2, contract=None, at=NOW) is None


def test_own_windows_cost_one_query_and_only_contracts_that_have_them(django_assert_num_queries):
    plain, with_window = ContractFactory(), ContractWindowFactory().contract
    with django_assert_num_queries(2):
        promised(plain)
    with django_assert_num_queries(3):
        promised(with_window)


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
        "steps-TOTAL_FORMS": 0, "steps-INITIAL_FORMS": 0,
    }  # fmt: skip


def edited_form(own, **changes):
    """The form with the contract's only window as it is saved, and what is changed of it."""
    row = {"id": own.pk, "priority": own.priority, "calendar": own.calendar_id}
    form = window_form(own.contract, own.minutes) | {"windows-INITIAL_FORMS": 1}
    return form | {f"windows-0-{name}": value for name, value in {**row, **changes}.items()}


def test_editing_a_window_on_the_page_keeps_its_history(login):
    own_window = ContractWindowFactory(minutes=77)
    dana = staff("dana", groups=["Support director"])
    client = login(dana)
    assert client.post(page_url(own_window.contract), edited_form(own_window, minutes=66)).status_code == 302
    own_window.refresh_from_db()
    new = own_window.contract.windows.get(retired_at=None)
    assert (own_window.minutes, own_window.retired_at is None, new.minutes, new.created_by) == (
        77,
        False,
        66,
        dana,
    )
    html = client.get(page_url(own_window.contract)).content.decode()
    assert "First response P2 Medium: 77 min" in html
    assert re.findall(r'name="windows-\d+-minutes" value="(\d+)"', html) == ["66"]


def test_saving_the_page_without_editing_windows_keeps_their_dates(login):
    own_window = ContractWindowFactory()
    client = login(staff(groups=["Support director"]))
    assert client.post(page_url(own_window.contract), edited_form(own_window)).status_code == 302
    assert own_window.contract.windows.get().retired_at is None


def test_a_window_taken_away_on_the_page_is_retired(login):
    own_window = ContractWindowFactory()
    client = login(staff(groups=["Support director"]))
    assert client.post(page_url(own_window.contract), edited_form(own_window, DELETE="on")).status_code == 302
    assert own_window.contract.windows.get().retired_at is not None


def test_a_window_listed_twice_on_the_page_is_refused(login):
    own_window = ContractWindowFactory()
    form = edited_form(own_window) | {"windows-TOTAL_FORMS": 2}
    form |= {
        name.replace("-0-", "-1-"): value for name, value in edited_form(own_window).items() if "-0-" in name
    }
    response = login(staff(groups=["Support director"])).post(
        page_url(own_window.contract), form | {"windows-1-id": ""}
    )
    assert response.status_code == 200
    assert "is listed twice" in response.content.decode()


def test_a_director_edits_windows_zone_and_hotline_on_the_contracts_page(login, frozen):
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
    own_window = ContractWindowFactory(
        contract=ContractFactory(customer=CustomerFactory(account_manager=manager))
    )
    assert "120" in login(manager).get(page_url(own_window.contract)).content.decode()
    lead = staff(groups=["Team lead", "Duty manager"])
    login(lead).post(page_url(own_window.contract), window_form(own_window.contract, 1))
    assert own_window.contract.windows.count() == 1


def test_the_customers_card_shows_the_contracts_window(login):
    ticket = ticket_of(ContractWindowFactory(minutes=77).contract)
    manager = ticket.customer.account_manager
    manager.is_staff = manager.is_superuser = True
    manager.save()
    windows = login(manager).get(page_url(ticket)).context["page"].card.windows
    assert [
        window.minutes for window in windows if (window.kind, window.priority) == ("first_response", 2)
    ] == [77]

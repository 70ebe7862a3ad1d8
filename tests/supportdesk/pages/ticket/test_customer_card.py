"""The customer's card on the ticket page: the ticket's terms, today's contract beside them, the default plan."""

from datetime import date, timedelta

import pytest

from escalation.policies.contract_windows import revise_windows
from escalation.policies.editing import Window
from tests.adminpages import page_url
from tests.factories import (
    NOW,
    AdminFactory,
    ContactFactory,
    ContractFactory,
    ContractWindowFactory,
    ServicePlanFactory,
    StaffProfileFactory,
    TicketFactory,
)
from tests.talk import clock_of, opened
from tickets.choices import Priority

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

NO_CONTRACT = "No contract: the default plan applies"
KEEPS = "This ticket keeps the terms it started with."


@pytest.fixture
def contact():
    """Of a customer in New York with numbers of its own; somebody is there to get the ticket."""
    StaffProfileFactory(user=AdminFactory())
    contact = ContactFactory()
    customer = contact.customer
    customer.time_zone, customer.hotline, customer.tech_group = "America/New_York", "+1 212 1", "Blue"
    customer.save()
    return contact


def card_and_html(login, ticket):
    response = login(AdminFactory()).get(page_url(ticket))
    return response.context["page"].card, response.content.decode()


def minutes(card, priority):
    return [
        window.minutes
        for window in card.windows
        if (window.kind, window.priority) == ("first_response", priority)
    ]


def gold(contact, **more):
    return ContractFactory(customer=contact.customer, plan=ServicePlanFactory(name="Gold"), **more)


def test_without_a_contract_the_card_says_that_the_default_plan_applies(login, contact):
    card, html = card_and_html(login, opened(contact=contact, priority=Priority.P2))
    assert NO_CONTRACT in html
    assert KEEPS not in html
    assert minutes(card, Priority.P2) == [480]


def test_a_contract_still_in_force_is_named_without_a_note(login, contact):
    contract = gold(contact)
    card, html = card_and_html(login, opened(contact=contact))
    assert card.contract == contract
    assert "Gold" in html
    assert NO_CONTRACT not in html
    assert KEEPS not in html


def test_a_contract_that_began_later_is_noted_and_does_not_apply(login, contact):
    ticket = opened(-60 * 24, contact=contact, priority=Priority.P2)
    gold(contact, starts_on=NOW.date())
    card, html = card_and_html(login, ticket)
    assert card.contract is None
    assert NO_CONTRACT in html
    assert f"In force since {NOW.date()}: Gold. {KEEPS}" in html


def test_a_contract_that_has_ended_still_applies_to_its_ticket(login, contact):
    contract = gold(contact, starts_on=date(2026, 1, 1), ends_on=(NOW - timedelta(days=1)).date())
    ticket = opened(-60 * 48, contact=contact)
    card, html = card_and_html(login, ticket)
    assert (card.contract, card.today) == (contract, None)
    assert f"No contract is in force today. {KEEPS}" in html


def test_the_card_shows_the_response_times_of_the_ticket_and_not_of_today(login, contact):
    own_window = ContractWindowFactory(contract=gold(contact), minutes=77, priority=Priority.P2)
    ticket = opened(contact=contact, priority=Priority.P2)
    window = Window("first_response", Priority.P2, 5, own_window.calendar)
    revise_windows(contract=own_window.contract, windows=[window], actor=None, at=NOW + timedelta(minutes=1))
    card, _html = card_and_html(login, ticket)
    assert minutes(card, Priority.P2) == [77]


def test_a_contracts_zone_and_numbers_come_before_the_customers(login, contact):
    gold(contact, time_zone="Europe/Berlin", hotline="+49 30 1")
    ticket = opened(contact=contact, priority=Priority.P2)
    card, html = card_and_html(login, ticket)
    assert (card.zone, card.hotline, card.tech_group) == ("Europe/Berlin", "+49 30 1", "Blue")
    assert "+49 30 1" in html
    assert "2026-11-18 21:00 (UTC+1, Berlin)" in html
    assert clock_of(ticket).due_at == NOW + timedelta(hours=8)


def test_a_ticket_without_promises_shows_the_contract_of_its_start(login, contact):
    gold(contact, starts_on=NOW.date())
    ticket = TicketFactory(contact=contact, customer=contact.customer, opened_at=NOW - timedelta(days=2))
    assert NO_CONTRACT in card_and_html(login, ticket)[1]

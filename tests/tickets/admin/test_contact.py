"""The pages of a contact and a customer: naming moves tickets, and alarms get a priority of their own.

Tests customer too.
"""

import pytest

from tests.adminpages import page_url, said
from tests.factories import AdminFactory, ContactFactory, CustomerFactory, set_desk
from tests.talk import opened

pytestmark = pytest.mark.django_db


@pytest.fixture
def ticket():
    set_desk(intake_owner=AdminFactory())
    return opened(contact=ContactFactory(customer=None, name="Li", email="li@aurora.example"))


def test_giving_the_contact_a_customer_on_its_page_moves_the_tickets(login, ticket):
    root = AdminFactory()
    aurora = CustomerFactory(name="Aurora Live")
    contact = ticket.contact
    data = {"name": contact.name, "email": contact.email, "customer": aurora.pk, "is_active": "on"}
    response = login(root).post(page_url(contact), data, follow=True)
    ticket.refresh_from_db()
    contact.refresh_from_db()
    assert (ticket.customer, contact.customer) == (aurora, aurora)
    assert any("1 ticket is the customer's now" in text for text in said(response))
    entry = ticket.timeline.get(fact="customer")
    assert entry.actor == root


def test_a_new_domain_on_the_customer_s_page_moves_the_tickets(login, ticket):
    root = AdminFactory()
    aurora = CustomerFactory(name="Aurora Live")
    data = {
        "name": aurora.name, "code": aurora.code, "scenario": aurora.scenario, "language": "en",
        "time_zone": "Asia/Shanghai", "is_active": "on",
        "domains-TOTAL_FORMS": 1, "domains-INITIAL_FORMS": 0, "domains-0-domain": "aurora.example",
        "contacts-TOTAL_FORMS": 0, "contacts-INITIAL_FORMS": 0,
        "contracts-TOTAL_FORMS": 0, "contracts-INITIAL_FORMS": 0,
    }  # fmt: skip
    response = login(root).post(page_url(aurora), data, follow=True)
    ticket.refresh_from_db()
    assert ticket.customer == aurora
    assert any("1 ticket is the customer's now" in text for text in said(response))


@pytest.mark.parametrize(("entered", "expected"), [("0", 0), ("", None)])
def test_the_priority_of_alarms_is_chosen_on_the_contact_s_page(login, entered, expected):
    contact = ContactFactory(email="monitor@company.example", alarm_priority=1)
    client = login(AdminFactory())
    html = client.get(page_url(contact)).content.decode()
    assert "P0 Urgent" in html
    assert "as its mailbox" in html
    data = {"email": contact.email, "customer": contact.customer_id, "is_active": "on"}
    client.post(page_url(contact), {**data, "alarm_priority": entered})
    contact.refresh_from_db()
    assert contact.alarm_priority == expected


def test_a_priority_that_does_not_exist_is_refused(login):
    contact = ContactFactory(email="monitor@company.example")
    data = {"email": contact.email, "customer": contact.customer_id, "is_active": "on", "alarm_priority": "7"}
    assert "Select a valid choice" in login(AdminFactory()).post(page_url(contact), data).content.decode()

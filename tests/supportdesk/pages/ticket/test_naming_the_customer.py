"""The card of an unknown writer offers to name the customer, to whoever may see that customer."""

import uuid

import pytest
from django.urls import reverse

from tests.adminpages import page_url, said
from tests.factories import ContactFactory, CustomerFactory, MailDomainFactory, set_desk, staff
from tests.talk import opened
from tickets.models import Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna():
    anna = staff("anna", groups=["Account manager"])
    set_desk(intake_owner=anna)
    return anna


@pytest.fixture
def ticket(anna):
    return opened(contact=ContactFactory(customer=None, name="Li", email="li@aurora.example"))


def page(client, ticket):
    return client.get(page_url(ticket)).content.decode()


def name(client, ticket, customer, **more):
    address = reverse("admin:tickets_ticket_act", args=[ticket.pk, "customer"])
    data = {"token": uuid.uuid4(), "customer": customer.pk, **more}
    return client.post(address, data, follow=True)


def test_the_card_offers_it_with_the_domain(login, anna, ticket):
    html = page(login(anna), ticket)
    assert "Name the customer" in html
    assert "and everybody who writes from aurora.example" in html
    assert "select2" in html


def test_a_domain_that_cannot_stand_for_one_customer_is_not_offered(login, anna, ticket):
    MailDomainFactory(domain="aurora.example")
    assert "everybody who writes" not in page(login(anna), ticket)


def test_a_ticket_with_a_customer_offers_nothing(login, anna, ticket):
    Ticket.objects.update(customer=CustomerFactory(account_manager=anna))
    html = page(login(anna), ticket)
    assert "Name the customer" not in html
    assert "select2" not in html


def test_one_click_names_the_customer(login, anna, ticket):
    aurora = CustomerFactory(name="Aurora Live", account_manager=anna)
    response = name(login(anna), ticket, aurora, whole_domain="on")
    ticket.refresh_from_db()
    assert ticket.customer == aurora
    assert aurora.domains.get().domain == "aurora.example"
    assert "The customer is named." in said(response)[0]


def test_a_customer_whom_the_reader_may_not_see_is_as_good_as_unknown(login, anna, ticket):
    foreign = CustomerFactory(name="Bravo Stream", account_manager=staff("ben"))
    html = name(login(anna), ticket, foreign).content.decode()
    ticket.refresh_from_db()
    assert ticket.customer is None
    assert "Select a valid choice" in html
    assert "Bravo Stream" not in html


def test_a_rejected_form_is_explained_and_shown_again(login, anna, ticket):
    html = name(login(anna), ticket, ticket).content.decode()
    assert "Select a valid choice" in html
    assert "Name the customer" in html


def test_a_ticket_that_has_a_customer_gives_its_contact_to_no_other(login, anna, ticket):
    Ticket.objects.update(customer=CustomerFactory(account_manager=anna))
    html = name(login(anna), ticket, CustomerFactory(account_manager=anna)).content.decode()
    ticket.contact.refresh_from_db()
    assert "This ticket has a customer already." in html
    assert ticket.contact.customer is None

"""The page behind List-Unsubscribe: opening it changes nothing, posting does, without cookies."""

from datetime import datetime

import pytest
from django.test import Client

from customers.models import Contact
from tests.factories import NOW, ContactFactory
from tickets.services.outgoing.unsubscribing import unsubscribe_headers

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]


@pytest.fixture
def contact() -> Contact:
    return ContactFactory(email="li@company.example", language="en")


@pytest.fixture
def link(contact, settings) -> str:
    settings.SITE_URL = "https://desk.example.com"
    address = unsubscribe_headers(contact.pk)["List-Unsubscribe"].strip("<>")
    return address.removeprefix(settings.SITE_URL)


@pytest.fixture
def browser() -> Client:
    return Client(enforce_csrf_checks=True)


def ended(contact: Contact) -> datetime | None:
    contact.refresh_from_db()
    return contact.no_automatic_mail_since


def test_opening_the_link_ends_nothing(browser, contact, link):
    page = browser.get(link)
    assert "Stop acknowledgements" in page.content.decode()
    assert "/" not in page.content.decode().partition("<main>")[2].replace("</", "")
    assert ended(contact) is None


def test_a_mail_program_ends_it_with_one_post(browser, contact, link):
    answer = browser.post(link, {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert ended(contact) == NOW
    assert "no more acknowledgements" in browser.get(link).content.decode()


def test_they_can_be_sent_again(browser, contact, link):
    browser.post(link)
    browser.post(link, {"act": "again"})
    assert ended(contact) is None


def test_a_forged_link_is_not_found(browser, contact):
    assert browser.post(f"/unsubscribe/{contact.pk}.forged/").status_code == 404
    assert ended(contact) is None


def test_the_page_may_be_neither_framed_nor_kept(browser, link):
    answer = browser.get(link)
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"

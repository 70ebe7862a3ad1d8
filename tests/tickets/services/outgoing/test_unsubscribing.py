"""List-Unsubscribe: which mail has it, whom its link names, and what it ends."""

import pytest

from tests.factories import NOW, ContactFactory, TicketFactory
from tickets.choices import MailPurpose
from tickets.models import OutboundEmail
from tickets.services.automatic_mail_limits import may_write_by_itself
from tickets.services.outgoing.outbox import queue_mail
from tickets.services.outgoing.unsubscribing import (
    contact_of_link,
    subscribe_again,
    unsubscribe,
    unsubscribe_headers,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _with_tls(settings):
    settings.SITE_URL = "https://desk.example.com"


def queue(purpose: MailPurpose) -> OutboundEmail:
    ticket = TicketFactory(contact=ContactFactory())
    return queue_mail(
        purpose=purpose, recipients=["li@company.example"], subject="x", text="x", at=NOW, ticket=ticket
    )


def token_of(headers: dict[str, str]) -> str:
    return (
        headers["List-Unsubscribe"]
        .strip("<>")
        .removeprefix("https://desk.example.com/unsubscribe/")
        .strip("/")
    )


def test_an_acknowledgement_can_be_unsubscribed_from_with_one_click():
    mail = queue(MailPurpose.ACKNOWLEDGEMENT)
    assert mail.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert contact_of_link(token_of(mail.headers)) == mail.ticket.contact


@pytest.mark.parametrize("purpose", [MailPurpose.REPLY, MailPurpose.NOTIFICATION, MailPurpose.EXPORT])
def test_no_other_mail_can(purpose):
    assert "List-Unsubscribe" not in queue(purpose).headers


def test_a_link_that_anybody_could_read_on_its_way_is_not_written(settings):
    settings.SITE_URL = "http://desk.example.com"
    assert unsubscribe_headers(1) == {}


def test_a_link_for_nobody_is_not_written():
    assert unsubscribe_headers(None) == {}


@pytest.mark.parametrize("token", ["", "1", "1.x", "x.y", "1" * 300])
def test_a_forged_link_names_nobody(token):
    ContactFactory(pk=1)
    assert contact_of_link(token) is None


def test_who_unsubscribes_gets_no_automatic_mail_until_they_subscribe_again():
    ticket = TicketFactory(contact=ContactFactory())
    unsubscribe(contact=ticket.contact, at=NOW)
    assert ticket.contact.no_automatic_mail_since == NOW
    assert not may_write_by_itself(ticket, at=NOW)
    subscribe_again(contact=ticket.contact)
    ticket.contact.refresh_from_db()
    assert may_write_by_itself(ticket, at=NOW)

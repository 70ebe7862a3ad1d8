"""The acknowledgement: the number and the promised time, in the reader's language and zone, to people only."""

from datetime import timedelta

import pytest
from django.utils import translation

from customers.choices import Language
from tests.factories import NOW, ContactFactory, ContractFactory, CustomerFactory, staff
from tests.talk import answered, clock_of, opened, words
from tickets.choices import Channel, Fact, MailPurpose, Priority, Status
from tickets.models import OutboundEmail, Ticket
from tickets.services.automatic_mail_limits import MOST_TO_ONE

pytestmark = pytest.mark.django_db


@pytest.fixture
def customer():
    return CustomerFactory(account_manager=staff("ann"), hotline="+86 10 1234", time_zone="America/New_York")


@pytest.fixture
def contact(customer):
    return ContactFactory(customer=customer, name="Li Wei")


def mails() -> list[OutboundEmail]:
    return list(OutboundEmail.objects.filter(purpose=MailPurpose.ACKNOWLEDGEMENT).order_by("pk"))


def test_a_receipt_mail_names_number_promised_time_and_hotline(contact):
    ticket = opened(contact=contact, words=words(rfc_message_id="a1@company.example"))
    [mail] = mails()
    assert mail.ticket == ticket
    assert mail.recipients == ["li@company.example"]
    assert ticket.number in mail.subject
    for piece in (
        "Hello Li,",
        ticket.number,
        "18 November 2026, 07:30 (UTC-5, New York)",
        "P0",
        "+86 10 1234",
    ):
        assert piece in mail.text
    assert mail.headers["In-Reply-To"] == "<a1@company.example>"
    assert ticket.timeline.filter(fact=Fact.ACKNOWLEDGED).count() == 1


@pytest.mark.parametrize(
    ("zone", "time"),
    [
        ("Asia/Shanghai", "20:30 (UTC+8, Shanghai)"),
        ("Europe/Berlin", "13:30 (UTC+1, Berlin)"),
        ("Asia/Kolkata", "18:00 (UTC+5:30, Kolkata)"),
    ],
)
def test_a_receipt_mail_gives_the_time_in_the_contacts_own_zone(customer, zone, time):
    opened(contact=ContactFactory(customer=customer, time_zone=zone))
    assert time in mails()[0].text


@pytest.mark.parametrize(
    ("own", "company", "mail", "spoken"),
    [
        (Language.CHINESE, Language.ENGLISH, "en", "zh-hans"),
        ("", Language.CHINESE, "en", "zh-hans"),
        ("", Language.ENGLISH, "zh-hans", "en"),
    ],
)
def test_a_receipt_mail_is_in_the_persons_language_or_else_the_companys(
    monkeypatch, customer, own, company, mail, spoken
):
    customer.language = company
    customer.save()
    assert spoken_to(ContactFactory(customer=customer, language=own), mail, monkeypatch) == spoken


@pytest.mark.parametrize(("own", "mail", "spoken"), [("", "zh-hans", "zh-hans"), ("en", "zh-hans", "en")])
def test_a_receipt_mail_to_a_stranger_is_in_the_language_they_wrote(monkeypatch, customer, own, mail, spoken):
    assert spoken_to(ContactFactory(customer=None, language=own), mail, monkeypatch) == spoken


def spoken_to(contact, language: str, monkeypatch) -> str:
    """The language that was active while the text was made."""
    heard = []
    monkeypatch.setattr(
        "escalation.enforcement.receipt_mail._text",
        lambda *args: heard.append(translation.get_language()) or "-",
    )
    opened(contact=contact, language=language)
    return heard[0]


def test_a_receipt_mail_stops_no_clock_and_is_no_answer(contact):
    ticket = opened(contact=contact)
    assert clock_of(ticket).is_open
    assert Ticket.objects.get().unanswered_since == NOW
    assert Ticket.objects.get().status == Status.NEW


@pytest.mark.parametrize(
    "unwelcome",
    [
        {"words": words(is_automatic=True)},
        {"words": words(is_unconfirmed=True)},
        {"channel": Channel.PHONE},
        {"channel": Channel.CHAT},
    ],
    ids=["a machine", "a stranger", "a call", "a chat"],
)
def test_nobody_gets_a_receipt_mail_that_would_not_be_read(contact, unwelcome):
    ticket = opened(contact=contact, **unwelcome)
    assert mails() == []
    assert not ticket.timeline.filter(fact=Fact.ACKNOWLEDGED).exists()


def test_a_contact_with_a_failing_mailbox_gets_no_receipt_mail(customer):
    opened(contact=ContactFactory(customer=customer, mail_failed_at=NOW))
    assert mails() == []


@pytest.mark.parametrize("address", ["", "nobody at all", "support@desk.example"])
def test_an_unusable_address_gets_no_receipt_mail_but_its_ticket_is_opened(contact, settings, address):
    settings.DESK_ADDRESS = "support@desk.example"
    unreachable = words()
    object.__setattr__(unreachable, "sender_address", address)
    assert clock_of(opened(contact=contact, words=unreachable)).is_open
    assert mails() == []


def test_receipt_mails_to_one_contact_are_limited_per_hour(contact):
    for at in range(MOST_TO_ONE + 1):
        opened(at, contact=contact)
    assert len(mails()) == MOST_TO_ONE
    opened(5, contact=ContactFactory(customer=contact.customer))
    assert len(mails()) == MOST_TO_ONE + 1
    first = mails()[0].created_at
    opened((first + timedelta(hours=1) - NOW).total_seconds() / 60, contact=contact)
    assert len(mails()) == MOST_TO_ONE + 2


def test_a_receipt_mail_leaves_out_a_due_time_that_has_passed(contact):
    opened(0, noticed=29, contact=contact)
    opened(0, noticed=30, contact=contact)
    before, after = (mail.text for mail in mails())
    assert "You will hear from us by" in before
    assert "You will hear from us by" not in after
    assert "first in line" in after


def test_a_contact_without_a_name_is_greeted_without_one(customer):
    opened(contact=ContactFactory(customer=customer, name=""))
    assert mails()[0].text.startswith("Hello,\n")


def test_a_reopened_ticket_is_not_acknowledged_again(contact):
    ticket = opened(contact=contact, priority=Priority.P2)
    answered(ticket, 1, then=Status.RESOLVED)
    assert len(mails()) == 1


def test_the_contracts_hotline_and_zone_come_before_the_customers(contact):
    ContractFactory(customer=contact.customer, hotline="+49 30 1", time_zone="Europe/Berlin")
    opened(contact=contact)
    text = mails()[0].text
    assert "+49 30 1" in text
    assert "+86 10 1234" not in text
    assert "13:30 (UTC+1, Berlin)" in text


def test_the_contracts_language_comes_before_the_customers(monkeypatch, customer):
    ContractFactory(customer=customer, language=Language.CHINESE)
    assert spoken_to(ContactFactory(customer=customer, language=""), "en", monkeypatch) == "zh-hans"

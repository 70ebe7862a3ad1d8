"""Who wrote a batch of mails, read at once: the same as one by one, and only as long as it is true."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import NOW, ContactFactory, CustomerFactory, MessageFactory, TicketFactory, staff
from tickets.lib.waiting_rows import written_together
from tickets.models import MailMark
from tickets.services.intake.known_contacts import BESIDES, known_contact, remember_contacts

pytestmark = pytest.mark.django_db


def known(address, at=NOW):
    contact = known_contact(address, at=at, now=NOW)
    if contact is None:
        return None
    return contact, contact.customer, *(getattr(contact, name) for name in BESIDES)


@pytest.fixture
def ann():
    ann = ContactFactory(email="Ann@company.example", customer=CustomerFactory(account_manager=staff()))
    TicketFactory(contact=ann, opened_at=NOW - timedelta(minutes=50))
    TicketFactory(contact=ann, opened_at=NOW - timedelta(minutes=70))
    return ann


def test_what_is_remembered_is_what_would_be_read(ann):
    ContactFactory(email="bob@bücher.example", customer=None)
    addresses = ["ann@company.example", "bob@xn--bcher-kva.example", "nobody@x.example"]
    alone = [known(address) for address in addresses]
    assert [contact is not None for contact in alone] == [True, True, False]
    with written_together(3):
        remember_contacts([(address, NOW) for address in addresses], now=NOW)
        with CaptureQueriesContext(connection) as captured:
            assert [known(address) for address in addresses] == alone
        assert len(captured) == 1  # for nobody


def test_each_mail_counts_from_its_own_receipt(ann):
    later = NOW + timedelta(minutes=15)
    assert (known("ann@company.example")[-2], known("ann@company.example", later)[-2]) == (1, 0)
    for at, expected in ((NOW, 1), (later, 0)):
        with written_together(1):
            remember_contacts([("ann@company.example", at)], now=NOW)
            assert known("ann@company.example", at)[-2] == expected


def test_who_wrote_several_mails_is_read_for_each(ann):
    """The first one's ticket counts for the second."""
    with written_together(2):
        remember_contacts([("ann@company.example", NOW), ("ANN@company.example", NOW)], now=NOW)
        with CaptureQueriesContext(connection) as captured:
            assert known("ann@company.example") == known("ANN@company.example")
        assert len(captured) == 2


def test_who_is_looked_up_for_another_mail_meanwhile_is_read_again(ann):
    """Such as the first sender of a mail that a colleague forwarded."""
    with written_together(2):
        remember_contacts([("ann@company.example", NOW)], now=NOW)
        known("Ann@company.example", NOW - timedelta(minutes=1))
        with CaptureQueriesContext(connection) as captured:
            known("ann@company.example")
        assert len(captured) == 1


def test_what_is_changed_meanwhile_is_read_again(ann):
    with written_together(1):
        remember_contacts([("ann@company.example", NOW)], now=NOW)
        mark = {"message": MessageFactory(), "made_at": NOW, "made_by": staff()}
        MailMark.objects.create(sender="ann@company.example", is_automatic=True, **mark)
        assert known("ann@company.example")[BESIDES.index("may_be_marked") - len(BESIDES)]

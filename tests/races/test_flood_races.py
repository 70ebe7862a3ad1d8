"""The limit of tickets from one sender holds while many workers process mail at once, on PostgreSQL."""

from datetime import timedelta

import pytest

from tests.factories import NOW, AdminFactory, ContactFactory, CustomerFactory, MailboxFactory, set_desk
from tests.races.test_races import at_once
from tests.rawmail import rawmail
from tickets.choices import IntakeState
from tickets.models import InboundEmail, Ticket
from tickets.services.intake import process, receive_raw
from tickets.services.intake.batches import process_together
from tickets.services.intake.floods import MOST_TICKETS

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True)]
MAILS = MOST_TICKETS + 20
AT = NOW + timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _desk():
    set_desk(intake_owner=AdminFactory(email="boss@desk.example"))
    MailboxFactory(address="support@desk.example")


def stored(senders):
    return [
        receive_raw(
            raw=rawmail(
                sender=sender, message_id=f"<{n}@sender.example>", subject=f"Case {n}", body=f"No {n}"
            ),
            received_at=NOW + timedelta(milliseconds=n),
            via="imap",
        ).pk
        for n, sender in enumerate(senders)
    ]


def alone(mails):
    for mail in mails:
        process(mail, now=AT)


def in_batches(mails):
    alone(process_together(mails, now=AT).left)


@pytest.mark.parametrize("work", [alone, in_batches])
@pytest.mark.parametrize("is_known", [True, False])
def test_one_sender_opens_no_more_than_the_limit(work, is_known):
    if is_known:
        ContactFactory(email="x@stranger.example", customer=None)
    mails = stored(["x@stranger.example"] * MAILS)
    at_once([lambda n=n: work(mails[n::8]) for n in range(8)])
    assert Ticket.objects.count() == MOST_TICKETS
    assert InboundEmail.objects.filter(state=IntakeState.PARKED).count() == MAILS - MOST_TICKETS


@pytest.mark.parametrize("work", [alone, in_batches])
def test_the_new_addresses_of_one_domain_open_no_more_than_the_limit(work):
    mails = stored([f"x{n}@stranger.example" for n in range(MAILS)])
    at_once([lambda n=n: work(mails[n::8]) for n in range(8)])
    assert Ticket.objects.count() == MOST_TICKETS


def test_a_customers_mails_of_one_shape_join_one_ticket_beyond_the_limit():
    ContactFactory(email="li@company.example", customer=CustomerFactory())
    mails = stored(["li@company.example"] * MAILS)
    at_once([lambda n=n: alone(mails[n::8]) for n in range(8)])
    assert (Ticket.objects.count(), InboundEmail.objects.filter(state=IntakeState.PROCESSED).count()) == (
        MOST_TICKETS,
        MAILS,
    )


def test_mails_of_many_senders_in_opposite_orders_wait_for_nobody_for_ever():
    mails = stored([f"x{n % 5}@company{n % 5}.example" for n in range(40)])
    at_once([lambda n=n: in_batches(mails[n::4] if n % 2 else mails[n::4][::-1]) for n in range(4)])
    assert InboundEmail.objects.filter(state=IntakeState.PROCESSED).count() == 40

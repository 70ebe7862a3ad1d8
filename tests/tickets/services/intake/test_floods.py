"""Loops and floods: how many tickets and acknowledgements they get, who is told, and what is parked.

Tests automatic_mail_limits too.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.factories import (
    NOW,
    AdminFactory,
    ContactFactory,
    CustomerFactory,
    MailboxFactory,
    MailDomainFactory,
    set_desk,
)
from tests.rawmail import rawmail
from tickets.choices import IntakeState, MailPurpose
from tickets.models import InboundEmail, OutboundEmail, Ticket
from tickets.services.automatic_mail_limits import MOST_TO_A_DOMAIN, MOST_TO_ONE
from tickets.services.intake import process, receive_raw
from tickets.services.intake.floods import MOST_TICKETS

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _desk() -> None:
    set_desk(intake_owner=AdminFactory(email="boss@desk.example"))
    MailboxFactory(address="support@desk.example")


def arrive(number: int, *, sender: str, at: float = 0, **mail: Any) -> InboundEmail:
    raw = rawmail(sender=sender, message_id=f"<{number}@sender.example>", **mail)
    received = NOW + timedelta(minutes=at)
    row = process(receive_raw(raw=raw, received_at=received, via="imap").pk, now=received)
    assert row is not None
    assert row.error == ""
    return row


def acknowledgements() -> int:
    return OutboundEmail.objects.filter(purpose=MailPurpose.ACKNOWLEDGEMENT).count()


def notified_subjects() -> list[str]:
    return list(
        OutboundEmail.objects.filter(purpose=MailPurpose.NOTIFICATION).values_list("subject", flat=True)
    )


def loop(rounds: int) -> Iterator[InboundEmail]:
    """A board that answers each acknowledgement from another address."""
    for number in range(rounds):
        before = acknowledgements()
        yield arrive(number, sender=f"board+{number}@crm.example", at=number / 10, subject=f"Case {number}")
        if acknowledgements() == before:
            return


@pytest.mark.parametrize("is_customer", [False, True])
def test_a_mail_loop_ends_even_when_each_round_has_a_new_address(is_customer):
    if is_customer:
        MailDomainFactory(customer=CustomerFactory(), domain="crm.example")
    rounds = list(loop(30))
    assert acknowledgements() == MOST_TO_ONE
    assert len(rounds) == Ticket.objects.count() == MOST_TO_ONE + 1


def test_new_addresses_of_one_domain_share_a_small_number_of_acknowledgements():
    for number in range(MOST_TO_A_DOMAIN + 3):
        arrive(number, sender=f"board{number}@crm.example")
    assert acknowledgements() == MOST_TO_A_DOMAIN
    arrive(90, sender="li@other.example")
    assert acknowledgements() == MOST_TO_A_DOMAIN + 1


def test_addresses_of_a_public_mail_provider_do_not_share_a_limit():
    for number in range(MOST_TO_A_DOMAIN + 3):
        arrive(number, sender=f"user{number}@gmail.com")
    assert acknowledgements() == MOST_TO_A_DOMAIN + 3


def test_contacts_entered_by_hand_do_not_share_the_limit_of_their_domain():
    customer = CustomerFactory()
    for number in range(MOST_TO_A_DOMAIN + 3):
        ContactFactory(email=f"user{number}@crm.example", customer=customer)
        arrive(number, sender=f"user{number}@crm.example")
    assert acknowledgements() == MOST_TO_A_DOMAIN + 3


def test_all_new_addresses_together_share_a_number_of_acknowledgements(monkeypatch):
    monkeypatch.setattr("tickets.services.automatic_mail_limits.MOST_TO_NEW", 2)
    for number in range(4):
        arrive(number, sender=f"li@company{number}.example")
    assert acknowledgements() == 2


def test_an_hour_later_there_is_room_again():
    for number in range(MOST_TO_ONE + 1):
        arrive(number, sender=f"board+{number}@crm.example")
    arrive(90, sender="board+90@crm.example", at=61)
    assert acknowledgements() == MOST_TO_ONE + 1


def test_notices_of_mail_too_large_count_towards_the_limit_of_acknowledgements(settings, monkeypatch):
    monkeypatch.setattr("tickets.services.automatic_mail_limits.MOST_TO_ONE", 3)
    ContactFactory(email="li@company.example", customer=CustomerFactory())
    settings.MAIL_MAX_BYTES = 5_000
    for number in range(4):
        arrive(number, sender="li@company.example", body="x" * 10_000, subject=f"Case {number}")
    assert acknowledgements() == 3


def test_a_stranger_s_flood_is_parked_and_one_person_told():
    rows = [
        arrive(number, sender="x@stranger.example", subject=f"Case {number}")
        for number in range(MOST_TICKETS + 3)
    ]
    assert [row.state for row in rows[-3:]] == [IntakeState.PARKED] * 3
    assert notified_subjects() == ["Email from x@stranger.example is being held"]


def test_new_addresses_of_one_strange_domain_are_one_flood():
    rows = [arrive(number, sender=f"x{number}@stranger.example") for number in range(MOST_TICKETS + 3)]
    assert [row.state for row in rows[-3:]] == [IntakeState.PARKED] * 3
    assert "*@stranger.example" in rows[-1].reason
    assert len(notified_subjects()) == 1
    known = ContactFactory(email="li@stranger.example", customer=CustomerFactory())
    assert arrive(90, sender=known.email).state == IntakeState.PROCESSED


def test_a_customer_s_flood_still_opens_tickets_and_one_person_is_told():
    ContactFactory(email="li@company.example", customer=CustomerFactory())
    rows = [
        arrive(
            number,
            sender="li@company.example",
            subject=f"Room {chr(97 + number)} is black",
            body=f"It is {number}.",
        )
        for number in range(MOST_TICKETS + 3)
    ]
    assert {row.state for row in rows} == {IntakeState.PROCESSED}
    assert Ticket.objects.count() == MOST_TICKETS + 3
    assert acknowledgements() == MOST_TO_ONE
    assert notified_subjects() == ["Many tickets from li@company.example"]


def test_mails_of_one_shape_in_a_customers_flood_join_one_ticket():
    ContactFactory(email="li@company.example", customer=CustomerFactory())
    rows = [
        arrive(
            number,
            sender="li@company.example",
            subject=f"Room {number} is black",
            body=f"Since 10:{number:02}.",
        )
        for number in range(MOST_TICKETS + 3)
    ]
    assert Ticket.objects.count() == MOST_TICKETS
    assert {row.ticket for row in rows[-3:]} == {rows[MOST_TICKETS - 1].ticket}
    assert notified_subjects() == ["Many tickets from li@company.example"]

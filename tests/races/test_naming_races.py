"""The customer of an unknown writer is named while their mail is processed: nothing stays behind, nobody deadlocks."""

from collections.abc import Callable

import pytest

from customers.models import Contact, MailDomain
from tests.factories import NOW, AdminFactory, CustomerFactory, MailboxFactory, set_desk
from tests.races.test_races import at_once
from tests.rawmail import rawmail
from tickets.choices import IntakeState
from tickets.models import InboundEmail, Ticket
from tickets.services.intake import process, receive_raw
from tickets.services.naming_customers import name_customer

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True)]

ROUNDS = 6


@pytest.mark.parametrize("has_domain", [False, True])
def test_mail_that_comes_while_the_customer_is_named_is_the_customers(has_domain):
    admin = AdminFactory()
    set_desk(intake_owner=admin)
    mailbox = MailboxFactory(address="support@desk.example")

    def stored(number: int, name: str, **headers: str) -> int:
        raw = rawmail(
            sender=f"li@c{number}.example",
            message_id=f"<{name}@c{number}.example>",
            subject=name,
            headers=headers,
        )
        return receive_raw(raw=raw, received_at=NOW, via="imap", mailbox=mailbox).pk

    def processing(mail: int) -> Callable[[], object]:
        return lambda: process(mail, now=NOW)

    for number in range(ROUNDS):
        for name in ("one", "two"):
            process(stored(number, name), now=NOW)
        contact, customer = Contact.objects.get(email=f"li@c{number}.example"), CustomerFactory()
        if has_domain:
            MailDomain.objects.create(customer=customer, domain=f"c{number}.example")
        more = [
            stored(number, "more", **{"In-Reply-To": f"<two@c{number}.example>"}),
            stored(number, "again", **{"In-Reply-To": f"<one@c{number}.example>"}),
            stored(number, "new"),
        ]

        def naming(contact=contact, customer=customer) -> object:
            return name_customer(contact=contact, customer=customer, actor=admin, at=NOW)

        at_once([naming, *map(processing, more)])
    assert InboundEmail.objects.filter(state=IntakeState.PROCESSED).count() == 5 * ROUNDS
    assert not Ticket.objects.filter(customer=None).exists()

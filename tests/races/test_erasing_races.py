"""Words are erased while their ticket is merged, on PostgreSQL with real connections: neither waits for the other."""

from functools import partial

import pytest

from supportdesk.models import ErasureRequest
from supportdesk.personal_data.erasing import begin_erasure, carry_on
from supportdesk.personal_data.subjects import Subject
from tests.factories import ContactFactory, InboundEmailFactory, staff
from tests.races.test_races import at_once
from tests.talk import answered, asked, minute, noted, opened
from tickets.choices import MessageKind, OutboxState, Priority
from tickets.models import InboundEmail, Message, OutboundEmail, Ticket
from tickets.services.erasing import erase_words
from tickets.services.merging import merge

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True)]


def test_erasing_and_merging_at_once_end_both():
    director, contact = staff(groups=["Support director"]), ContactFactory()
    pairs = []
    for number in range(12):
        source, target = (opened(number, priority=Priority.P3, contact=contact) for _each in range(2))
        message = asked(source, number + 1)
        for at in range(5):
            answered(source, number + 2 + at)
        InboundEmailFactory(ticket=source, message=message, fingerprint=f"{number}")
        pairs.append((source, target, message))
    OutboundEmail.objects.update(state=OutboxState.ACCEPTED)
    for source, target, message in pairs:
        at_once(
            [
                partial(erase_words, message=message, actor=director, at=minute(60), reason="They asked."),
                partial(merge, ticket=source, into=target, actor=director, at=minute(60), reason="The same."),
            ]
        )
    assert Message.objects.filter(erased_at=minute(60), body="").count() == len(pairs)
    assert Ticket.objects.exclude(merged_into=None).count() == len(pairs)
    assert not InboundEmail.objects.exclude(raw=b"").exists()


def test_two_queues_erase_one_person_while_colleagues_work_on_their_tickets():
    """Nobody waits for ever, everything is counted once, and what was written meanwhile stays."""
    director, contact = staff(groups=["Support director"]), ContactFactory(name="Zebulon Quartermain")
    tickets = [opened(number, priority=Priority.P3, contact=contact) for number in range(8)]
    OutboundEmail.objects.update(state=OutboxState.ACCEPTED)
    erasure = begin_erasure(
        subject=Subject.of(contact), actor=director, at=minute(60), requested_by=ErasureRequest.PERSON,
        reason="A request.", though_open=True,
    )  # fmt: skip
    erase = partial(carry_on, erasure.pk, read_clock=lambda: minute(61), may_go_on=lambda: True)
    at_once([erase, erase, *(partial(noted, ticket, 70) for ticket in tickets)])
    erasure.refresh_from_db()
    assert (erasure.done_at, erasure.traces) == (minute(61), {})
    assert erasure.counts["message"] in range(8, 17)
    words = set(Message.objects.filter(ticket__contact=contact).values_list("body", flat=True))
    assert words <= {"", "Looks like the SDK."}
    assert Message.objects.filter(kind=MessageKind.INBOUND, body="").count() == 8

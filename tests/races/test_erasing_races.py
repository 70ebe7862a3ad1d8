"""Words are erased while their ticket is merged, on PostgreSQL with real connections: neither waits for the other."""

from functools import partial

import pytest

from tests.factories import ContactFactory, InboundEmailFactory, staff
from tests.races.test_races import at_once
from tests.talk import answered, asked, minute, opened
from tickets.choices import OutboxState, Priority
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

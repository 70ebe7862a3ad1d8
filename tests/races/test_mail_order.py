"""A question and its writer's addition both wait after an outage, and two workers take one each."""

from collections.abc import Callable

import pytest

from tests.factories import NOW, MailboxFactory, set_desk, staff
from tests.races.test_races import at_once
from tests.rawmail import rawmail
from tickets.choices import IntakeState
from tickets.models import InboundEmail, Ticket
from tickets.services.intake import process, receive_raw

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True)]

PAIRS = 6


def test_a_question_and_its_addition_open_one_ticket_whichever_is_processed_first():
    set_desk(intake_owner=staff("ann"))
    mailbox = MailboxFactory(address="support@desk.example")

    def stored(name: str, **headers: str) -> int:
        raw = rawmail(message_id=f"<{name}@company.example>", subject=name, headers=headers)
        return receive_raw(raw=raw, received_at=NOW, via="imap", mailbox=mailbox).pk

    def working(mail: int) -> Callable[[], InboundEmail | None]:
        return lambda: process(mail, now=NOW)

    for number in range(PAIRS):
        question = stored(f"question-{number}")
        addition = stored(f"more-{number}", **{"In-Reply-To": f"<question-{number}@company.example>"})
        at_once([working(addition), working(question)])
    assert InboundEmail.objects.filter(state=IntakeState.PROCESSED).count() == 2 * PAIRS
    assert [ticket.messages.filter(kind="inbound").count() for ticket in Ticket.objects.all()] == [2] * PAIRS

"""Several workers take batches of the same mails at once, and batches that need each other's tickets."""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random

import pytest
from django.db import transaction

from tests.factories import NOW, MailboxFactory, set_desk, staff
from tests.races.test_races import at_once
from tests.rawmail import rawmail
from tickets import tasks
from tickets.choices import IntakeState, MessageKind
from tickets.models import InboundEmail, Message, Ticket
from tickets.services.intake import process_together, receive_raw

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True)]

TICKETS, WORKERS = 6, 4


@pytest.fixture
def stored():
    set_desk(intake_owner=staff("ann"))
    mailbox = MailboxFactory(address="support@desk.example")

    def store(name: str, at: datetime = NOW, **headers: str) -> int:
        raw = rawmail(message_id=f"<{name}@company.example>", subject=name, headers=headers)
        return receive_raw(raw=raw, received_at=at, via="imap", mailbox=mailbox).pk

    return store


def questions(store) -> list[int]:
    return [store(f"question-{number}") for number in range(TICKETS)]


def answers(store) -> list[int]:
    """Two to each question: first in the order of the questions, then in the opposite one."""
    orders = range(TICKETS), reversed(range(TICKETS))
    turns = [(turn, number) for turn, order in enumerate(orders) for number in order]
    return [
        store(
            f"more-{number}-{turn}",
            NOW + timedelta(seconds=place),
            **{"In-Reply-To": f"<question-{number}@company.example>"},
        )
        for place, (turn, number) in enumerate(turns, start=1)
    ]


def test_workers_that_are_nudged_at_once_do_each_mail_once(stored):
    mails = [*questions(stored), *answers(stored)]
    Random(4).shuffle(mails)

    def nudged(number: int) -> Callable[[], list[str]]:
        return lambda: [tasks.process_one(mail) for mail in mails[number::WORKERS]]

    at_once([nudged(number) for number in range(WORKERS)])
    tasks.process_stored()
    assert InboundEmail.objects.filter(state=IntakeState.PROCESSED).count() == len(mails)
    inbound = Message.objects.filter(kind=MessageKind.INBOUND)
    assert Ticket.objects.count() == TICKETS
    assert inbound.count() == len(mails)


def test_batches_that_lock_the_same_tickets_in_other_orders_both_end(stored):
    """One of them may be the victim of a deadlock; its mails are then tried alone."""
    for mail in questions(stored):
        tasks.process_one(mail)
    mails = answers(stored)
    halves = mails[:TICKETS], mails[TICKETS:]

    def working(half: list[int]) -> Callable[[], int]:
        def work() -> int:
            return tasks._process_safely(half)

        return work

    at_once([working(half) for half in halves])
    tasks.process_stored()
    assert InboundEmail.objects.filter(state=IntakeState.PROCESSED).count() == TICKETS + len(mails)
    assert Message.objects.filter(kind=MessageKind.INBOUND).count() == TICKETS + len(mails)


def test_a_mail_that_another_worker_has_is_left_to_it(stored):
    held, free = questions(stored)[:2]

    def other() -> int:
        return process_together([held, free], now=NOW).done

    with transaction.atomic():
        InboundEmail.objects.select_for_update().get(pk=held)
        (done,) = at_once([other])
    assert done == 1
    assert InboundEmail.objects.get(pk=held).state == IntakeState.STORED

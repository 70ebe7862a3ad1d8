"""Many workers at once on PostgreSQL: each mail sent once, each raw mail one ticket, nothing lost."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

import pytest
from django.db import connection

from tests.factories import NOW, AdminFactory, ContactFactory, MailboxFactory, OutboundEmailFactory, set_desk
from tests.rawmail import rawmail
from tickets.choices import IntakeState, OutboxState
from tickets.models import InboundEmail, OutboundEmail, Ticket
from tickets.services.intake import process, receive_raw
from tickets.services.outgoing.delivery import deliver_due

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True)]

T = TypeVar("T")
WORKERS = 6


def at_once(work: Callable[[int], T], workers: int = WORKERS) -> list[T]:
    """Call `work` in so many threads with a connection each, all starting together."""
    start = Barrier(workers)

    def start_together(number: int) -> T:
        start.wait()
        try:
            return work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(start_together, range(workers)))


@pytest.fixture(autouse=True)
def _desk() -> None:
    set_desk(intake_owner=AdminFactory())
    MailboxFactory(address="support@desk.example")


def test_each_mail_is_sent_by_one_worker_only(settings):
    mails = [OutboundEmailFactory() for _mail in range(60)]
    reports = at_once(lambda _number: deliver_due(read_clock=lambda: NOW))
    assert sum(report.accepted for report in reports) == len(mails)
    assert len(list(settings.OUTGOING_DIR.iterdir())) == len(mails)
    assert set(OutboundEmail.objects.values_list("attempts", "state")) == {(1, OutboxState.ACCEPTED)}


def test_one_raw_mail_is_one_row_and_one_ticket():
    rows = at_once(lambda _number: receive_raw(raw=rawmail(), received_at=NOW, via="lmtp"))
    assert len({row.pk for row in rows}) == 1
    at_once(lambda _number: process(rows[0].pk, now=NOW))
    assert Ticket.objects.count() == 1
    assert InboundEmail.objects.get().attempts == 1


def test_two_mails_of_an_unknown_sender_make_one_contact():
    rows = [
        receive_raw(raw=rawmail(message_id=f"<{number}@new.example>"), received_at=NOW, via="lmtp")
        for number in range(WORKERS)
    ]
    at_once(lambda number: process(rows[number].pk, now=NOW))
    assert set(InboundEmail.objects.values_list("state", flat=True)) == {IntakeState.PROCESSED}
    assert Ticket.objects.values("contact").distinct().count() == 1


def test_copies_for_several_mailboxes_are_one_ticket_whoever_comes_first():
    boxes = [MailboxFactory() for _box in range(WORKERS)]
    rows = [receive_raw(raw=rawmail(), received_at=NOW, via="lmtp", mailbox=box) for box in boxes]
    at_once(lambda number: process(rows[number].pk, now=NOW))
    for row in rows:  # the minute task takes what was locked by another copy
        process(row.pk, now=NOW)
    assert Ticket.objects.count() == 1
    assert {row.ticket_id for row in InboundEmail.objects.all()} == {Ticket.objects.get().pk}


def test_answers_into_one_ticket_are_all_kept():
    contact = ContactFactory(email="li@company.example")
    first = process(receive_raw(raw=rawmail(), received_at=NOW, via="lmtp").pk, now=NOW)
    assert first is not None
    assert first.ticket is not None
    tag = f"[{first.ticket.number}]"
    rows = [
        receive_raw(raw=rawmail(message_id=f"<{serial}@x>", subject=tag), received_at=NOW, via="lmtp")
        for serial in range(WORKERS)
    ]
    at_once(lambda number: process(rows[number].pk, now=NOW))
    assert Ticket.objects.get().contact == contact
    assert Ticket.objects.get().messages.count() == 1 + WORKERS

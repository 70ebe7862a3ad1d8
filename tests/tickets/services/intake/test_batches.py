"""Several stored mails in one transaction: what fails is done alone, nothing is lost, nothing is done twice."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from escalation.policies.book import current_book
from tests.factories import (
    NOW,
    AdminFactory,
    ContactFactory,
    ContractFactory,
    CustomerFactory,
    MailboxFactory,
    set_desk,
    staff,
)
from tests.rawmail import rawmail
from tickets import tasks
from tickets.choices import IntakeState, MessageKind
from tickets.models import InboundEmail, OutboundEmail, Ticket
from tickets.services.intake import human_mail, in_batches, process_together, receive_raw, waiting_with
from tickets.services.intake.batches import BYTES_TOGETHER, MOST_TOGETHER

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def mailbox():
    set_desk(intake_owner=AdminFactory())
    return MailboxFactory(address="support@desk.example")


def stored(number: int, **mail: Any) -> InboundEmail:
    raw = rawmail(
        **{"message_id": f"<{number}@company.example>", "subject": f"Black screen {number}", **mail}
    )
    return receive_raw(raw=raw, received_at=NOW + timedelta(seconds=number), via="imap")


def keys(*rows: InboundEmail) -> list[int]:
    return [row.pk for row in rows]


def states() -> list[str]:
    return list(InboundEmail.objects.order_by("received_at").values_list("state", flat=True))


@pytest.fixture
def fails_for(monkeypatch):
    """Makes the opening of a ticket fail for a subject, after a row was written; says with what."""

    def install(subject, error):
        opened = human_mail.open_within

        def open_or_fail(**given):
            ticket = opened(**given)
            if given["subject"] == subject:
                raise error
            return ticket

        monkeypatch.setattr(human_mail, "open_within", open_or_fail)

    return install


def test_all_mails_of_a_batch_become_tickets():
    rows = [stored(number) for number in range(3)]
    batch = process_together(keys(*rows), now=NOW + timedelta(minutes=1))
    assert (batch.done, batch.left) == (3, [])
    assert states() == [IntakeState.PROCESSED] * 3
    assert Ticket.objects.count() == OutboundEmail.objects.count() == 3


def test_a_mail_that_fails_leaves_nothing_and_holds_up_no_other(fails_for):
    fails_for("Black screen 1", RuntimeError("broken"))
    rows = [stored(number) for number in range(3)]
    batch = process_together(keys(*rows), now=NOW + timedelta(minutes=1))
    assert (batch.done, batch.left) == (2, [rows[1].pk])
    assert states() == [IntakeState.PROCESSED, IntakeState.STORED, IntakeState.PROCESSED]
    assert Ticket.objects.count() == OutboundEmail.objects.count() == 2


def test_what_failed_is_tried_alone_and_keeps_its_error(frozen, fails_for):
    fails_for("Black screen 1", RuntimeError("broken"))
    rows = [stored(number) for number in range(3)]
    assert tasks.process_one(rows[0].pk) == "processed 3"
    assert states() == [IntakeState.PROCESSED, IntakeState.FAILED, IntakeState.PROCESSED]
    assert InboundEmail.objects.get(pk=rows[1].pk).error == "RuntimeError: broken"


def test_a_transaction_that_is_lost_as_a_whole_loses_no_mail(frozen, fails_for, monkeypatch):
    """Such as a connection that the database ended: each mail is then tried alone."""
    rows = [stored(number) for number in range(3)]

    def lost(*_a, **_k):
        raise OperationalError("server closed the connection")

    monkeypatch.setattr(tasks, "process_together", lost)
    assert tasks.process_one(rows[0].pk) == "processed 3"
    assert states() == [IntakeState.PROCESSED] * 3


def test_a_batch_that_is_killed_leaves_every_mail_as_it_was(fails_for):
    fails_for("Black screen 2", SystemExit("killed"))
    rows = [stored(number) for number in range(3)]
    with pytest.raises(SystemExit):
        process_together(keys(*rows), now=NOW + timedelta(minutes=1))
    assert states() == [IntakeState.STORED] * 3
    assert not Ticket.objects.exists()


def test_mail_that_is_done_is_not_done_again():
    row, other = stored(0), stored(1)
    process_together(keys(row), now=NOW + timedelta(minutes=1))
    batch = process_together(keys(row, other), now=NOW + timedelta(minutes=1))
    assert (batch.done, Ticket.objects.count()) == (1, 2)


def test_an_answer_that_is_older_than_its_question_waits_for_it(frozen):
    """The clocks of two mail servers differ; the answer is stored with the earlier time."""
    answer = stored(0, headers={"In-Reply-To": "<5@company.example>", "References": "<5@company.example>"})
    question = stored(5)
    batch = process_together(keys(answer, question), now=NOW + timedelta(minutes=1))
    assert (batch.done, batch.left) == (1, [answer.pk])
    tasks.process_one(answer.pk)
    assert Ticket.objects.get().messages.filter(kind=MessageKind.INBOUND).count() == 2


def test_an_answer_joins_the_ticket_that_its_question_opened_in_the_same_batch():
    rows = [stored(0), stored(1, headers={"In-Reply-To": "<0@company.example>"})]
    batch = process_together(keys(*rows), now=NOW + timedelta(minutes=1))
    assert batch.done == 2
    assert Ticket.objects.get().messages.filter(kind=MessageKind.INBOUND).count() == 2


def test_the_outbox_is_told_once(queued, django_capture_on_commit_callbacks):
    rows = [stored(number) for number in range(3)]
    with django_capture_on_commit_callbacks(execute=True):
        process_together(keys(*rows), now=NOW + timedelta(minutes=1))
    assert queued.names == ["tickets.tasks.deliver_outbox"]


def test_a_nudge_takes_along_what_waits():
    rows = [stored(number) for number in range(3)]
    assert waiting_with(rows[2].pk) == keys(*rows)


def test_behind_a_backlog_the_nudged_mail_goes_alone():
    rows = [stored(number) for number in range(MOST_TOGETHER + 1)]
    assert waiting_with(rows[-1].pk) == [rows[-1].pk]


def test_large_mails_do_not_make_others_wait():
    large = BYTES_TOGETHER * 3 // 4
    mails = [(1, 100), (2, large), (3, large), (4, BYTES_TOGETHER * 9), (5, 1), (6, 1)]
    assert list(in_batches(mails)) == [[1, 2], [3], [4], [5, 6]]


def test_batches_hold_a_limited_number():
    mails = [(number, 1) for number in range(MOST_TOGETHER + 3)]
    assert [len(batch) for batch in in_batches(mails)] == [MOST_TOGETHER, 3]


def test_a_mail_costs_twelve_queries_at_most(mailbox, frozen):
    """From its bytes to ticket, promise and queued receipt, among others; the queue's own rows are included."""
    customer = CustomerFactory(account_manager=staff())
    ContractFactory(customer=customer)
    for number in range(MOST_TOGETHER):
        ContactFactory(email=f"{number}@company.example", customer=customer)
    current_book()
    with CaptureQueriesContext(connection) as captured:
        rows = [stored(number, sender=f"{number}@company.example") for number in range(MOST_TOGETHER)]
        tasks.process_one(rows[0].pk)
    cost = [query["sql"] for query in captured if "SAVEPOINT" not in query["sql"]]
    assert Ticket.objects.filter(owner=customer.account_manager).count() == MOST_TOGETHER
    assert len(cost) / MOST_TOGETHER <= 12, "\n".join(cost)

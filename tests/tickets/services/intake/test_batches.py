"""Several stored mails in one transaction: what fails is done alone, nothing is lost, nothing is done twice."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import DataError, OperationalError, connection, transaction
from django.forms.models import model_to_dict
from django.test.utils import CaptureQueriesContext

from escalation.clocks.ledger_verification import verify
from escalation.models import Clock, ClockEvent, Notification
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
from tickets.choices import IntakeState, MailPurpose, MessageKind
from tickets.lib.single_row import insert_row
from tickets.models import (
    Attachment,
    InboundEmail,
    Message,
    MessageTokens,
    OutboundEmail,
    Ticket,
    TimelineEntry,
)
from tickets.search.mails import INBOUND, find_mails, index_mails
from tickets.services.automatic_mail_limits import MOST_TO_ONE
from tickets.services.intake import (
    human_mail,
    in_batches,
    process,
    process_together,
    receive_raw,
    waiting_with,
)
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


def rows_of_the_desk() -> dict[str, list[str]]:
    """What mails have left behind, without keys and numbers of tickets."""
    return {
        model.__name__: sorted(
            re.sub(r"SD#\d+", "SD#", repr(row)) for row in model.objects.values_list(*fields)
        )
        for model, *fields in (
            (
                InboundEmail,
                "subject",
                "sender",
                "state",
                "kind",
                "reason",
                "error",
                "attempts",
                "ticket__subject",
            ),
            (
                Ticket,
                "subject",
                "priority",
                "status",
                "owner",
                "customer",
                "contact__email",
                "language",
                "opened_at",
            ),
            (
                Message,
                "body",
                "at",
                "kind",
                "rfc_message_id",
                "ticket__subject",
                "contact__email",
                "is_automatic",
            ),
            (
                Clock,
                "kind",
                "due_at",
                "started_at",
                "priority",
                "next_step_at",
                "contract",
                "ticket__subject",
            ),
            (
                ClockEvent,
                "change",
                "at",
                "due_after",
                "holder",
                "clock__ticket__subject",
                "message__rfc_message_id",
            ),
            (OutboundEmail, "purpose", "recipients", "text", "state", "ticket__subject"),
            (TimelineEntry, "fact", "at", "actor", "ticket__subject"),
            (MessageTokens, "message__rfc_message_id", "ticket__subject"),
            (Attachment, "name", "size", "message__rfc_message_id"),
            (Notification, "kind", "recipient", "ticket__subject"),
        )
    }


def mixed_mails() -> list[InboundEmail]:
    """Of several kinds: known and new writers, answers, files, a priority, a machine, what cannot be read, a copy."""
    customer = CustomerFactory(account_manager=staff())
    ContractFactory(customer=customer)
    for name in ("ann", "bob", "cy"):
        ContactFactory(email=f"{name}@known.example", customer=customer)
    answer = {"In-Reply-To": "<0@company.example>", "References": "<0@company.example>"}
    return [
        stored(0, sender="ann@known.example"),
        stored(1, sender="bob@known.example", body="Everything is down for all users", subject="[P0] Outage"),
        stored(2, sender="ann@known.example", headers=answer, subject="Re: Black screen 0"),
        stored(3, sender="stranger@else.example"),
        stored(
            4, sender="cy@known.example", headers={"Auto-Submitted": "auto-replied"}, subject="Out of office"
        ),
        stored(5, sender="cy@known.example", headers={"Cc": "dora@known.example"}),
        stored(6, sender="cy@known.example"),
        stored(7, sender="", headers={"From": ""}),
        stored(8, sender="bob@known.example", content_type="multipart/mixed; boundary=b", body=WITH_A_FILE),
    ]


WITH_A_FILE = "\r\n".join(
    (
        "--b", "Content-Type: text/plain", "", "See the log", "--b", "Content-Type: text/x-log; name=a.log",
        "Content-Disposition: attachment; filename=a.log", "", "error 4006", "--b--",
    )
)  # fmt: skip


def test_a_batch_leaves_the_same_behind_as_its_mails_alone():
    """The savepoint of the test takes back what the mails alone left. The one with a file is left to go alone."""
    mails, later = keys(*mixed_mails()), NOW + timedelta(minutes=1)
    with transaction.atomic():
        for mail in mails:
            process(mail, now=later)
        alone = rows_of_the_desk()
        transaction.set_rollback(True)
    batch = process_together(mails, now=later)
    assert batch.left == mails[-1:]
    process(mails[-1], now=later)
    assert rows_of_the_desk() == alone
    assert len(alone["Ticket"]) > 5


def test_the_ledger_of_a_batch_is_whole():
    process_together(keys(*mixed_mails()), now=NOW + timedelta(minutes=1))
    assert Clock.objects.count() > 3
    assert not verify().mismatches


def test_the_limit_for_one_writer_counts_within_a_batch():
    ContactFactory(email="ann@known.example", customer=CustomerFactory())
    rows = [stored(number, sender="ann@known.example") for number in range(MOST_TO_ONE + 3)]
    assert process_together(keys(*rows), now=NOW + timedelta(minutes=1)).left == []
    assert Ticket.objects.count() == MOST_TO_ONE + 3
    assert OutboundEmail.objects.filter(purpose=MailPurpose.ACKNOWLEDGEMENT).count() == MOST_TO_ONE


def test_rows_that_the_database_refuses_hold_up_no_other_mail(frozen, monkeypatch):
    """What is wrong with them shows only when the rows of several mails are written."""
    opened = human_mail.open_within

    def open_twice(**given):
        ticket = opened(**given)
        if given["subject"] == "Black screen 1":
            values = model_to_dict(
                InboundEmail.objects.first(), fields=["size", "fingerprint", "via", "received_at"]
            )
            insert_row(InboundEmail(mailbox=ticket.mailbox, raw=b"", **values))
        return ticket

    rows = [stored(number) for number in range(3)]
    monkeypatch.setattr(human_mail, "open_within", open_twice)
    assert tasks.process_one(rows[0].pk) == "processed 3"
    assert states() == [IntakeState.PROCESSED, IntakeState.FAILED, IntakeState.PROCESSED]
    assert InboundEmail.objects.get(pk=rows[1].pk).error.startswith("IntegrityError")
    assert Ticket.objects.count() == OutboundEmail.objects.count() == 2


@pytest.mark.parametrize("error", [TypeError("odd address"), DataError("odd address")])
def test_a_batch_whose_writers_cannot_be_read_at_once_is_done_all_the_same(monkeypatch, error):
    def refuse(*_a, **_k):
        Ticket.objects.exists()
        raise error

    rows = [stored(number) for number in range(3)]
    monkeypatch.setattr("tickets.services.intake.incoming_mail.remember_contacts", refuse)
    assert process_together(keys(*rows), now=NOW + timedelta(minutes=1)).done == 3


def test_plain_mails_cost_a_few_queries_for_the_whole_batch(frozen):
    for number in range(MOST_TOGETHER):
        customer = CustomerFactory(account_manager=staff())
        ContractFactory(customer=customer)
        ContactFactory(email=f"{number}@company.example", customer=customer)
    current_book()
    rows = [stored(number, sender=f"{number}@company.example") for number in range(MOST_TOGETHER)]
    with CaptureQueriesContext(connection) as captured:
        tasks.process_one(rows[0].pk)
    cost = [query["sql"] for query in captured if "SAVEPOINT" not in query["sql"]]
    assert InboundEmail.objects.filter(state=IntakeState.PROCESSED).count() == MOST_TOGETHER
    assert len(cost) <= 20, "\n".join(cost)


def test_mails_that_waited_long_are_indexed_anew_together():
    rows = [stored(number) for number in range(3)]
    InboundEmail.objects.update(stored_at=NOW)
    index_mails(now=NOW + timedelta(hours=1), may_go_on=lambda: True)
    process_together(keys(*rows), now=NOW + timedelta(hours=1))
    assert len(find_mails(INBOUND, InboundEmail.objects.all(), "Black screen")) == 3

"""The raw bytes are stored once per mailbox, before anything reads them."""

from datetime import datetime
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django_q.models import OrmQ

from supportdesk.processes.cluster.orm_broker import OwnOrm
from tests.factories import InboundEmailFactory, MailboxFactory
from tests.rawmail import rawmail
from tickets.models import InboundEmail, Mailbox
from tickets.services.intake import fingerprint_of, receive_raw

pytestmark = pytest.mark.django_db


def receive(raw: bytes, now: datetime, **more: Any) -> InboundEmail:
    return receive_raw(raw=raw, received_at=now, via="lmtp", **more)


def test_the_bytes_are_kept_as_they_came(now):
    raw = b"From: li@company.example\r\n\r\n\xff\x00 not text at all"
    row = receive(raw, now)
    row.refresh_from_db()
    assert bytes(row.raw) == raw
    assert (row.state, row.received_at, row.size) == ("stored", now, len(raw))


@pytest.mark.django_db(transaction=True)
def test_a_mail_is_never_stored_inside_a_transaction_that_may_still_fail(now):
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        receive(rawmail(), now)


def test_the_same_bytes_again_are_the_same_row(now):
    assert receive(rawmail(), now).pk == receive(rawmail(), now).pk
    assert InboundEmail.objects.count() == 1


def copies() -> list[int | None]:
    return list(InboundEmail.objects.order_by("pk").values_list("copy_of", flat=True))


ON_ITS_WAY = [
    pytest.param(
        lambda raw: b"Received: from relay.example\r\n by mx.desk.example; now\r\n" + raw, id="received"
    ),
    pytest.param(
        lambda raw: b"X-Spam-Score: 0.1\r\nReturn-Path: <li@company.example>\r\n" + raw, id="spam score"
    ),
    pytest.param(
        lambda raw: raw.replace(b"Subject: Black screen", b"Subject:\r\n\tBlack\r\n screen"), id="folded"
    ),
    pytest.param(lambda raw: raw.replace(b"Subject:", b"SUBJECT :"), id="other case"),
    pytest.param(lambda raw: raw.replace(b"\r\n", b"\n"), id="line ends"),
    pytest.param(lambda raw: raw + b"\r\n\r\n", id="empty lines at the end"),
]


@pytest.mark.parametrize("change", ON_ITS_WAY)
@pytest.mark.parametrize("message_id", ["<one@company.example>", ""])
def test_a_mail_altered_in_transit_is_stored_as_a_copy_of_the_first(now, change, message_id):
    raw = rawmail(message_id=message_id, headers={"Date": "Wed, 18 Nov 2026 12:00:00 +0000"})
    first, second = receive(raw, now), receive(change(raw), now)
    assert (second.copy_of, second.mailbox) == (first, first.mailbox)
    assert receive(change(change(raw)), now).copy_of == first


ANOTHER = [
    pytest.param({"subject": "Sound is gone"}, id="subject"),
    pytest.param({"subject": ""}, id="no subject"),
    pytest.param({"sender": "Wang <wang@company.example>"}, id="sender"),
    pytest.param({"body": "The room is white."}, id="body"),
    pytest.param({"headers": {"Date": "Thu, 19 Nov 2026 12:00:00 +0000"}}, id="date"),
    pytest.param({"headers": {}}, id="no date"),
]


@pytest.mark.parametrize("message_id", ["<one@company.example>", ""])
@pytest.mark.parametrize("change", ANOTHER)
def test_another_subject_sender_body_or_date_is_another_mail(now, message_id, change):
    mail = {"message_id": message_id, "headers": {"Date": "Wed, 18 Nov 2026 12:00:00 +0000"}}
    receive(rawmail(**mail), now)
    receive(rawmail(**(mail | change)), now)
    assert copies() == [None, None]


def test_mails_without_id_and_date_are_told_apart_by_their_first_received_header(now):
    """Devices send the same words for years."""
    first = rawmail(message_id="", headers={"Received": "from device; Wed, 18 Nov 2026 12:00:00 +0000"})
    again = rawmail(message_id="", headers={"Received": "from device; Thu, 19 Nov 2026 12:00:00 +0000"})
    receive(first, now)
    receive(again, now)
    assert copies() == [None, None]
    receive(b"Received: by mx.desk.example; Thu, 19 Nov 2026 12:00:03 +0000\r\n" + again, now)
    assert copies()[2] == InboundEmail.objects.order_by("pk")[1].pk


def test_a_copy_keeps_its_headers_and_is_processed_too(now, queued, django_capture_on_commit_callbacks):
    receive(rawmail(), now)
    with django_capture_on_commit_callbacks(execute=True):
        copy = receive(rawmail(headers={"Received": "by lmtp"}), now)
    assert [task["args"] for task in queued.tasks] == [(copy.pk,)]
    assert b"Received: by lmtp" in copy.raw
    assert b"The room is black" not in copy.raw
    assert (copy.rfc_message_id, copy.size) == (
        "one@company.example",
        len(rawmail(headers={"Received": "by lmtp"})),
    )


def test_each_mailbox_keeps_its_own_copy(now):
    for mailbox in (MailboxFactory(), MailboxFactory()):
        receive(rawmail(), now, mailbox=mailbox)
    assert InboundEmail.objects.count() == 2


def test_a_mail_with_other_line_ends_is_the_same_mail():
    assert fingerprint_of(rawmail()) == fingerprint_of(rawmail().replace(b"\r\n", b"\n"))


def test_a_folded_message_id_is_found(now):
    row = receive(b"Message-ID:\r\n <long@company.example>\r\nSubject: x\r\n\r\nbody", now)
    assert row.rfc_message_id == "long@company.example"


def test_a_message_id_in_the_text_is_none(now):
    assert receive(b"Subject: x\r\n\r\nMessage-ID: <quoted@company.example>", now).rfc_message_id == ""


def test_a_mail_too_large_is_stored_as_its_head_and_its_true_size(now, settings):
    settings.MAIL_MAX_BYTES = 10_000
    raw = rawmail(body="x" * 20_000)
    row = receive(raw, now)
    assert row.size == len(raw)
    assert b"Subject: Black screen" in row.raw
    assert b"xxx" not in row.raw


def test_the_envelope_names_the_mailbox(now):
    mailbox = MailboxFactory(address="Rooms@desk.example")
    row = receive(rawmail(), now, envelope_to=["rooms+t12-abc@DESK.example"])
    assert row.mailbox == mailbox


def test_a_mail_without_an_envelope_belongs_to_the_desks_own_mailbox(now, settings):
    settings.DESK_ADDRESS = "Help <help@desk.example>"
    row = receive(rawmail(), now)
    assert (row.mailbox.address, row.mailbox.name) == ("help@desk.example", "Help")
    assert Mailbox.objects.count() == 1


@pytest.fixture
def queue_in_the_database(monkeypatch):
    monkeypatch.setattr("django_q.tasks.get_broker", lambda list_key=None: OwnOrm("supportdesk"))


@pytest.mark.usefixtures("queue_in_the_database")
def test_a_queue_in_the_database_gets_the_task_with_the_mail(now, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as waiting:
        row = receive(rawmail(), now)
    task = OrmQ.objects.get().task
    assert (task["func"], task["args"], waiting) == ("tickets.tasks.process_one", (row.pk,), [])


@pytest.mark.usefixtures("queue_in_the_database")
def test_a_mail_whose_task_the_database_refuses_is_not_taken(now, monkeypatch):
    """The other side keeps it and tries again."""

    def refused(*_arguments: object) -> None:
        raise OperationalError("disk full")

    monkeypatch.setattr(OwnOrm, "enqueue", refused)
    with pytest.raises(OperationalError):
        receive(rawmail(), now)
    assert not InboundEmail.objects.exists()


@pytest.mark.usefixtures("queue_in_the_database")
def test_to_store_a_mail_takes_two_statements(now):
    box = MailboxFactory()
    with CaptureQueriesContext(connection) as captured:
        receive(rawmail(), now, mailbox=box)
    written = [query["sql"] for query in captured if "SAVEPOINT" not in query["sql"]]
    assert [statement.split()[:3] for statement in written] == [
        ["INSERT", "INTO", '"tickets_inboundemail"'],
        ["INSERT", "INTO", '"django_q_ormq"'],
    ]


def test_a_stored_mail_nudges_another_queue_after_the_commit(now, queued, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        row = receive(rawmail(), now)
        assert queued.names == []
    assert queued.names == ["tickets.tasks.process_one"]
    assert queued.tasks[0]["args"] == (row.pk,)


def test_a_queue_that_is_down_does_not_lose_the_mail(now, monkeypatch, django_capture_on_commit_callbacks):
    def down(*_arguments: object) -> None:
        raise ConnectionError("redis is away")

    monkeypatch.setattr("tickets.nudges.async_task", down)
    with django_capture_on_commit_callbacks(execute=True):
        receive(rawmail(), now)
    assert InboundEmail.objects.filter(state="stored").count() == 1


def test_the_migration_gives_old_rows_the_fingerprints_new_ones_get(now):
    recompute = import_module("tickets.migrations.0012_fingerprints_of_identity").recompute
    dated = {"message_id": "", "headers": {"Date": "Wed, 18 Nov 2026 12:00:00 +0000"}}
    box = MailboxFactory()
    first, relayed, other = (
        InboundEmailFactory(mailbox=box, raw=raw)
        for raw in (rawmail(**dated), b"Received: by mx\r\n" + rawmail(**dated), rawmail())
    )
    recompute(apps, None)
    recompute(apps, None)
    rows = InboundEmail.objects.order_by("pk")
    assert [row.fingerprint for row in rows] == [
        fingerprint_of(bytes(row.raw)) for row in (first, relayed, other)
    ]
    assert copies() == [None, first.pk, None]
    assert receive(rawmail(**dated), now, mailbox=box) == first

"""The raw bytes are stored once per mailbox, before anything reads them."""

from datetime import datetime
from typing import Any

import pytest
from django.db import transaction

from tests.factories import MailboxFactory
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


def test_a_second_copy_is_not_stored_again(now):
    first = receive(rawmail(headers={"Received": "by imap"}), now)
    second = receive(rawmail(headers={"Received": "by lmtp"}), now)
    assert first.pk == second.pk
    assert InboundEmail.objects.count() == 1


def test_the_same_message_id_with_other_content_is_kept_too(now):
    receive(rawmail(body="one"), now)
    receive(rawmail(body="two"), now)
    assert InboundEmail.objects.count() == 2


def test_mails_without_a_message_id_are_told_apart_by_every_byte(now):
    receive(rawmail(message_id="", subject="a"), now)
    receive(rawmail(message_id="", subject="b"), now)
    receive(rawmail(message_id="", subject="b"), now)
    assert InboundEmail.objects.count() == 2


def test_each_mailbox_keeps_its_own_copy(now):
    for mailbox in (MailboxFactory(), MailboxFactory()):
        receive(rawmail(), now, mailbox=mailbox)
    assert InboundEmail.objects.count() == 2


def test_line_ends_do_not_make_another_mail():
    assert fingerprint_of(rawmail()) == fingerprint_of(rawmail().replace(b"\r\n", b"\n"))


def test_a_folded_message_id_is_found(now):
    row = receive(b"Message-ID:\r\n <long@company.example>\r\nSubject: x\r\n\r\nbody", now)
    assert row.rfc_message_id == "long@company.example"


def test_a_message_id_in_the_text_is_none(now):
    assert receive(b"Subject: x\r\n\r\nMessage-ID: <quoted@company.example>", now).rfc_message_id == ""


def test_of_a_mail_that_is_too_large_the_head_is_kept_with_the_true_size(now, settings):
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


def test_without_an_envelope_the_mail_is_the_desk_s(now, settings):
    settings.DESK_ADDRESS = "Help <help@desk.example>"
    row = receive(rawmail(), now)
    assert (row.mailbox.address, row.mailbox.name) == ("help@desk.example", "Help")
    assert Mailbox.objects.count() == 1


def test_a_stored_mail_nudges_the_queue_after_the_commit(now, queued, django_capture_on_commit_callbacks):
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

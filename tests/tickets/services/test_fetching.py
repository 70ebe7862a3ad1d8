"""Fetching by UID: stored first, then touched on the server; told as a sentence when it fails.

Tests protocols.imap too.
"""

import socket
import ssl
from base64 import b64encode
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from django.db import connection
from imapclient import DELETED, SEEN

from tests.factories import NOW, MailboxFactory
from tests.imapfake import FakeClient, FakeServer
from tests.rawmail import rawmail
from tickets import tasks
from tickets.models import InboundEmail, Mailbox, MailboxFolder
from tickets.models.mailbox import AfterFetch, MailSecurity
from tickets.services import fetching
from tickets.services.fetching import fetch_due, fetch_mailbox
from tickets.services.leases import FetchReport

pytestmark = pytest.mark.django_db

TEN = datetime(2026, 11, 18, 18, 0, tzinfo=timezone(timedelta(hours=8)))  # 10:00 UTC


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> FakeServer:
    server = FakeServer()
    monkeypatch.setattr("tickets.protocols.imap.CheckedClient", server.client)
    return server


@pytest.fixture
def mailbox() -> Mailbox:
    return MailboxFactory(
        address="support@desk.example", host="imap.desk.example", username="support", password="secret"
    )


def fill(server: FakeServer, number: int = 3) -> None:
    for place in range(1, number + 1):
        server.add(rawmail(message_id=f"<{place}@company.example>"), TEN, uid=place)


def inbox(mailbox: Mailbox) -> MailboxFolder:
    return mailbox.folders.get(name="INBOX")


def fetch(mailbox: Mailbox, at: datetime = NOW) -> FetchReport:
    report = fetch_mailbox(mailbox.pk, read_clock=lambda: at)
    mailbox.refresh_from_db()
    return report


def ids() -> list[str]:
    return list(InboundEmail.objects.order_by("pk").values_list("rfc_message_id", flat=True))


# What is fetched


def test_mails_are_stored_oldest_first_with_the_server_s_time_of_receipt(server, mailbox):
    fill(server)
    assert (fetch(mailbox).stored, inbox(mailbox).last_uid) == (3, 3)
    assert ids() == ["1@company.example", "2@company.example", "3@company.example"]
    row = InboundEmail.objects.first()
    assert row is not None
    assert row.received_at == datetime(2026, 11, 18, 10, 0, tzinfo=UTC)
    assert (row.via, row.mailbox) == ("imap", mailbox)


def test_a_mail_that_somebody_has_read_is_fetched_too(server, mailbox):
    server.add(rawmail(), TEN, flags={SEEN})
    assert fetch(mailbox).stored == 1


def test_the_next_fetch_takes_only_what_is_new(server, mailbox):
    fill(server)
    fetch(mailbox)
    server.fetched.clear()
    server.add(rawmail(message_id="<4@company.example>"), TEN)
    assert fetch(mailbox).stored == 1
    assert [uid for uid, _item in server.fetched] == [4]


def test_nothing_new_fetches_nothing(server, mailbox):
    fill(server)
    fetch(mailbox)
    server.fetched.clear()
    report = fetch(mailbox)
    assert (report.stored, report.known, server.fetched) == (0, 0, [])


def test_a_new_uid_validity_rereads_the_folder_without_storing_twice(server, mailbox):
    fill(server)
    fetch(mailbox)
    server.uid_validity = 2
    report = fetch(mailbox)
    assert (report.stored, report.known, inbox(mailbox).uid_validity) == (0, 3, 2)
    assert len(ids()) == 3


# A mailbox with history


def set_begins_at(mailbox: Mailbox, at: datetime) -> None:
    mailbox.folders.update(begins_at=at)


def test_mail_older_than_the_start_of_the_mailbox_is_left_alone(server, mailbox):
    set_begins_at(mailbox, TEN)
    for number in range(30):
        server.add(rawmail(message_id=f"<old{number}@x>"), TEN - timedelta(days=400 + number))
    server.add(rawmail(message_id="<new@x>"), TEN + timedelta(minutes=1))
    report = fetch(mailbox)
    assert (ids(), report.older, report.problem) == (["new@x"], 30, "")
    assert "30 older" in str(report)
    assert SEEN not in server.folders["INBOX"][1].flags
    assert (fetch(mailbox).older, inbox(mailbox).last_uid) == (0, 31)


def test_mail_that_came_between_the_beginning_and_the_first_fetch_is_fetched(server, mailbox):
    set_begins_at(mailbox, TEN)
    server.password = "other"
    server.add(rawmail(), TEN + timedelta(minutes=30))
    assert fetch(mailbox).problem
    server.password = "secret"
    assert fetch(mailbox, NOW + timedelta(hours=3)).stored == 1


def test_a_new_uid_validity_fetches_no_mail_older_than_the_start(server, mailbox):
    set_begins_at(mailbox, TEN)
    server.add(rawmail(message_id="<old@x>"), TEN - timedelta(days=1))
    server.add(rawmail(message_id="<one@x>"), TEN)
    fetch(mailbox)
    server.uid_validity = 2
    server.add(rawmail(message_id="<two@x>"), TEN)
    report = fetch(mailbox)
    assert (report.stored, report.known, report.older) == (1, 1, 1)
    assert ids() == ["one@x", "two@x"]


def test_old_mail_that_somebody_moves_into_the_folder_is_fetched(server, mailbox):
    set_begins_at(mailbox, TEN)
    fetch(mailbox)
    server.add(rawmail(), TEN - timedelta(days=3))
    assert fetch(mailbox).stored == 1


def test_a_fetch_goes_on_beyond_one_batch(server, mailbox, monkeypatch):
    monkeypatch.setattr(fetching, "BATCH", 2)
    fill(server, 5)
    assert fetch(mailbox).stored == 5


def test_a_fetch_ends_after_its_time_and_the_next_goes_on(server, mailbox, monkeypatch):
    monkeypatch.setattr(fetching, "BATCH", 1)
    fill(server, 5)
    times = iter(NOW + timedelta(seconds=15 * number) for number in range(1000))
    fetch_mailbox(mailbox.pk, read_clock=lambda: next(times))
    assert 0 < len(ids()) < 5
    fetch(mailbox, NOW + timedelta(hours=2))
    assert len(ids()) == 5


def test_of_a_large_mail_only_the_head_is_fetched(server, mailbox, settings):
    settings.MAIL_MAX_BYTES = 10_000
    raw = rawmail(body="x" * 20_000)
    server.add(raw, TEN)
    fetch(mailbox)
    row = InboundEmail.objects.get()
    assert [item for _uid, item in server.fetched] == ["BODY.PEEK[HEADER]"]
    assert (row.size, row.rfc_message_id, b"xxx" in row.raw) == (len(raw), "one@company.example", False)


def test_a_mail_that_the_server_cannot_give_whole_comes_as_its_head_and_stops_no_other(server, mailbox):
    fill(server)
    server.folders["INBOX"][2].is_broken = True
    assert fetch(mailbox).stored == 3
    assert b"The room" not in InboundEmail.objects.get(rfc_message_id="2@company.example").raw


def test_a_mail_received_in_the_future_counts_from_now(server, mailbox):
    server.add(rawmail(), NOW + timedelta(hours=1))
    fetch(mailbox)
    assert InboundEmail.objects.get().received_at == NOW


# What happens on the server


def test_a_stored_mail_is_marked_as_read(server, mailbox):
    fill(server, 1)
    fetch(mailbox)
    assert server.folders["INBOX"][1].flags == {SEEN}


def with_after(mailbox: Mailbox, after: AfterFetch, **more: Any) -> Mailbox:
    Mailbox.objects.filter(pk=mailbox.pk).update(after_fetch=after, **more)
    return mailbox


@pytest.mark.parametrize("capabilities", [{"MOVE", "UIDPLUS"}, {"UIDPLUS"}])
def test_a_stored_mail_is_moved(server, mailbox, capabilities):
    server.capabilities = capabilities
    server.folders["Done"] = {}
    fill(server)
    fetch(with_after(mailbox, AfterFetch.MOVE, move_to="Done"))
    assert (list(server.folders["INBOX"]), list(server.folders["Done"])) == ([], [1, 2, 3])


def test_a_stored_mail_is_deleted_and_no_other(server, mailbox):
    fill(server, 2)
    server.folders["INBOX"][9] = server.folders["INBOX"].pop(2)
    server.folders["INBOX"][9].flags.add(DELETED)  # by somebody else, who may still want it back
    mailbox.folders.update(uid_validity=1, last_uid=0)
    server.dies_at_uid = 9
    fetch(with_after(mailbox, AfterFetch.DELETE))
    assert list(server.folders["INBOX"]) == [9]


def test_without_uidplus_a_mail_is_only_flagged_as_deleted(server, mailbox):
    server.capabilities = set()
    fill(server, 1)
    fetch(with_after(mailbox, AfterFetch.DELETE))
    assert server.folders["INBOX"][1].flags == {DELETED}


def test_nothing_is_touched_before_the_mail_is_stored(server, mailbox, monkeypatch):
    def touch(self: FakeClient, uids: list[int], *_more: object, **_options: object) -> None:
        assert InboundEmail.objects.count() == uids[0]
        assert connection.savepoint_ids == []

    monkeypatch.setattr(FakeClient, "add_flags", touch)
    fill(server)
    assert fetch(mailbox).problem == ""


def test_a_mail_that_cannot_be_moved_is_stored_and_the_failure_reported(server, mailbox):
    fill(server)
    report = fetch(with_after(mailbox, AfterFetch.MOVE, move_to="Nowhere"))
    assert report.stored == 3
    assert "Nowhere" in mailbox.error


def test_a_crash_between_storing_and_remembering_stores_nothing_twice(server, mailbox):
    fill(server)
    fetch(mailbox)
    mailbox.folders.update(last_uid=0)
    report = fetch(mailbox)
    assert (report.stored, report.known) == (0, 3)


# Errors


def test_a_connection_lost_in_the_middle_keeps_what_was_stored(server, mailbox):
    fill(server)
    server.dies_at_uid, server.most_logins = 3, 1
    report = fetch(mailbox)
    assert (report.stored, inbox(mailbox).last_uid) == (2, 2)
    assert "connection" in mailbox.error
    server.dies_at_uid, server.most_logins = None, 100
    assert fetch(mailbox).stored == 1


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (socket.gaierror(-2, "Name or service not known"), "no host named imap.desk.example"),
        (ConnectionRefusedError(111, "Connection refused"), "Nothing is listening on imap.desk.example:993"),
        (TimeoutError("timed out"), "did not respond in time"),
        (ssl.SSLError(1, "wrong version number"), "No secure connection"),
        (ssl.SSLCertVerificationError(1, "self-signed certificate"), "certificate"),
        (OSError(113, "No route to host"), "No route to host"),
        (UnicodeError("label too long"), "refused"),
        (KeyError("odd"), "cannot read"),
    ],
)
def test_a_connection_fault_is_reported_in_a_sentence(server, mailbox, fault, words):
    server.fails_with = fault
    report = fetch(mailbox)
    assert words in report.problem
    assert mailbox.error == report.problem
    assert "secret" not in report.problem


def test_a_wrong_password_is_told_without_the_password(server, mailbox):
    server.password = "other"
    assert "rejected the user name or password of support" in fetch(mailbox).problem
    assert "secret" not in mailbox.error


def test_a_missing_folder_is_reported_by_name(server, mailbox):
    mailbox.folders.update(name="Inbox/客服")
    assert "Inbox/客服" in fetch(mailbox).problem


@pytest.mark.parametrize("missing", [{"password": None}, {"username": ""}, {"after_fetch": AfterFetch.MOVE}])
def test_missing_settings_of_a_mailbox_are_reported(server, mailbox, missing):
    Mailbox.objects.filter(pk=mailbox.pk).update(**missing)
    assert "missing" in fetch(mailbox).problem


def test_neither_the_problem_nor_the_log_of_an_odd_answer_holds_a_secret(mailbox, monkeypatch, caplog):
    def answer(*_folder: object, **_more: object) -> None:
        raise ValueError(f"BAD {b64encode(b'user=u' + mailbox.password.encode())} {mailbox.password}")

    Mailbox.objects.update(password="the-password")
    mailbox.refresh_from_db()
    monkeypatch.setattr(fetching, "open_mailbox_folder", answer)
    problem = fetch(mailbox).problem
    assert problem.endswith("(ValueError: BAD b'***' ***).")
    assert "Traceback" in caplog.text
    assert "the-password" not in caplog.text + problem
    assert b64encode(b"user=uthe-password").decode() not in caplog.text + problem


def test_a_password_does_not_travel_openly_to_another_machine(server, mailbox):
    Mailbox.objects.filter(pk=mailbox.pk).update(security=MailSecurity.NONE)
    assert "in plain text" in fetch(mailbox).problem
    Mailbox.objects.filter(pk=mailbox.pk).update(host="127.0.0.1")
    assert fetch(mailbox).problem == ""


def test_errors_in_a_row_are_tried_less_and_less_often(server, mailbox):
    server.fails_with = TimeoutError()
    waits = []
    for _try in range(6):
        fetch(mailbox)
        waits.append((mailbox.retry_at - NOW) // timedelta(minutes=1))
    assert waits == [1, 2, 5, 10, 15, 15]
    server.fails_with = None
    fetch(mailbox)
    assert (mailbox.failures, mailbox.retry_at, mailbox.error, mailbox.fetched_at) == (0, None, "", NOW)


# Which mailboxes


def due(at: datetime = NOW) -> list[str]:
    return [report.address for report in fetch_due(read_clock=lambda: at)]


def test_a_broken_mailbox_stops_no_other(server, mailbox):
    broken = MailboxFactory(
        host="imap.desk.example", username="b", password="wrong", address="a@desk.example"
    )
    fill(server)
    reports = fetch_due(read_clock=lambda: NOW)
    assert sorted((report.address, report.stored) for report in reports) == [
        ("a@desk.example", 0),
        ("support@desk.example", 3),
    ]
    broken.refresh_from_db()
    assert broken.failures == 1


def test_a_mailbox_that_failed_waits_its_time(server, mailbox):
    Mailbox.objects.filter(pk=mailbox.pk).update(retry_at=NOW)
    assert due(NOW - timedelta(seconds=1)) == []
    assert due() == ["support@desk.example"]


@pytest.mark.parametrize("unused", [{"is_active": False}, {"host": ""}])
def test_a_mailbox_that_is_off_or_has_no_host_is_left_alone(server, mailbox, unused):
    Mailbox.objects.filter(pk=mailbox.pk).update(**unused)
    assert due() == []


def test_a_mailbox_that_is_being_fetched_is_not_fetched_twice(server, mailbox):
    Mailbox.objects.filter(pk=mailbox.pk).update(locked_until=NOW + timedelta(minutes=5))
    fill(server)
    assert due() == []
    assert "right now" in fetch(mailbox).problem
    assert ids() == []
    assert (mailbox.failures, mailbox.error) == (0, "")


def test_a_lock_left_behind_by_a_crash_expires(server, mailbox):
    Mailbox.objects.filter(pk=mailbox.pk).update(locked_until=NOW - timedelta(seconds=1))
    fill(server)
    assert fetch(mailbox).stored == 3
    assert mailbox.locked_until is None


def test_a_fetcher_that_was_overtaken_stops(server, mailbox, monkeypatch):
    monkeypatch.setattr(fetching, "BATCH", 1)
    other = NOW + timedelta(hours=1)
    fill(server)

    def overtake(self: FakeClient, *_a: object, **_k: object) -> None:
        Mailbox.objects.update(locked_until=other)

    monkeypatch.setattr(FakeClient, "add_flags", overtake)
    assert fetch(mailbox).stored == 1
    assert mailbox.locked_until == other


def test_the_task_says_how_each_mailbox_went(server, mailbox, frozen):
    fill(server)
    assert tasks.fetch_mail() == "support@desk.example: 3 new, 0 already known"


def test_the_task_without_mailboxes_does_nothing():
    assert tasks.fetch_mail() == "nothing due"

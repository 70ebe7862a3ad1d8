"""Fetching from a real Dovecot: UIDs, internal dates, flags, moving, deleting, and what a server refuses."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory

import pytest
from imapclient import IMAPClient

from tests.factories import AdminFactory, MailboxFactory
from tests.flow.dovecot import PASSWORD, USER, Dovecot
from tests.rawmail import rawmail
from tickets.models import InboundEmail, Mailbox, MissingMail
from tickets.models.mailbox import AfterFetch, MailProtocol, MailSecurity
from tickets.services.fetching import fetch_mailbox
from tickets.services.importing import begin_import, import_due, preview_import
from tickets.services.leases import FetchReport
from tickets.services.mailbox_comparison import compare_mailboxes, fetch_missing
from tickets.services.watching import FolderWatch

pytestmark = [pytest.mark.flow, pytest.mark.django_db]

RECEIVED = datetime(2026, 11, 18, 10, 0, 7, tzinfo=UTC)


@pytest.fixture
def dovecot() -> Iterator[Dovecot]:
    with TemporaryDirectory(prefix="desk-dovecot-") as folder, Dovecot(Path(folder)).running() as server:
        yield server


@pytest.fixture
def mailbox(dovecot: Dovecot) -> Mailbox:
    return MailboxFactory(
        host=dovecot.host, port=dovecot.port, security=MailSecurity.NONE, username=USER, password=PASSWORD
    )


def fetch(mailbox: Mailbox) -> FetchReport:
    report = fetch_mailbox(mailbox.pk, read_clock=lambda: datetime.now(UTC))
    mailbox.refresh_from_db()
    return report


def deliver(dovecot: Dovecot, number: int = 3, size: int = 10) -> None:
    for serial in range(1, number + 1):
        raw = rawmail(message_id=f"<{serial}@company.example>", subject="黑屏", body="x" * size)
        dovecot.deliver(raw, RECEIVED + timedelta(minutes=serial))


def test_mails_are_stored_byte_for_byte_with_the_servers_time_of_receipt(dovecot, mailbox):
    deliver(dovecot)
    assert (fetch(mailbox).problem, fetch(mailbox).stored) == ("", 0)
    rows = list(InboundEmail.objects.order_by("pk"))
    assert [row.received_at for row in rows] == [
        RECEIVED + timedelta(minutes=minutes) for minutes in (1, 2, 3)
    ]
    assert bytes(rows[0].raw) == rawmail(message_id="<1@company.example>", subject="黑屏", body="x" * 10)
    assert dovecot.count("INBOX", "SEEN") == 3
    assert mailbox.folders.get().last_uid == 3


def test_a_mail_read_elsewhere_is_fetched_too(dovecot, mailbox):
    deliver(dovecot, 1)
    with IMAPClient(dovecot.host, dovecot.port, ssl=False) as somebody:
        somebody.login(USER, PASSWORD)
        somebody.select_folder("INBOX")
        somebody.add_flags([1], [b"\\Seen"])
    assert fetch(mailbox).stored == 1


def test_fetching_alone_marks_nothing_as_read(dovecot, mailbox, settings):
    settings.MAIL_MAX_BYTES = 10_000
    deliver(dovecot, 2, size=20_000)
    Mailbox.objects.filter(pk=mailbox.pk).update(after_fetch=AfterFetch.MOVE, move_to="Nowhere")
    assert fetch(mailbox).problem == ""  # what is not stored whole is not moved
    assert (InboundEmail.objects.count(), dovecot.count("INBOX", "UNSEEN")) == (2, 2)
    assert {row.size > len(row.raw) for row in InboundEmail.objects.all()} == {True}


def test_stored_mails_are_moved(dovecot, mailbox):
    deliver(dovecot)
    Mailbox.objects.filter(pk=mailbox.pk).update(after_fetch=AfterFetch.MOVE, move_to="Done")
    assert fetch(mailbox).problem == ""
    assert (dovecot.count("INBOX"), dovecot.count("Done")) == (0, 3)


def test_stored_mails_are_deleted_and_those_that_others_flagged_stay(dovecot, mailbox):
    deliver(dovecot, 1)
    fetch(mailbox)
    with IMAPClient(dovecot.host, dovecot.port, ssl=False) as somebody:
        somebody.login(USER, PASSWORD)
        somebody.select_folder("INBOX")
        somebody.add_flags([1], [b"\\Deleted"])
    deliver(dovecot, 3)
    Mailbox.objects.filter(pk=mailbox.pk).update(after_fetch=AfterFetch.DELETE)
    report = fetch(mailbox)
    assert (report.stored, report.known, report.problem) == (2, 1, "")
    assert dovecot.count("INBOX", "DELETED") == dovecot.count("INBOX") == 1


def test_a_recreated_folder_is_read_from_the_start_and_stores_nothing_twice(dovecot, mailbox):
    mailbox.folders.update(name="Other")
    with IMAPClient(dovecot.host, dovecot.port, ssl=False) as somebody:
        somebody.login(USER, PASSWORD)
        for _time in range(2):
            if somebody.folder_exists("Other"):
                somebody.delete_folder("Other")
            somebody.create_folder("Other")
            somebody.append("Other", rawmail())
            report = fetch(mailbox)
            assert report.problem == ""
    assert (report.stored, report.known) == (0, 1)
    assert InboundEmail.objects.count() == 1


def test_a_wrong_password_and_a_missing_folder_are_sentences(dovecot, mailbox):
    mailbox.folders.update(name="没有")
    assert "没有" in fetch(mailbox).problem
    mailbox.password = "wrong-password"
    mailbox.save()
    problem = fetch(mailbox).problem
    assert "rejected the user name or password of support" in problem
    assert "wrong-password" not in problem


def test_tls_on_a_plain_port_and_a_closed_port_are_sentences(dovecot, mailbox, settings):
    settings.MAIL_TIMEOUT_SECONDS = 2
    Mailbox.objects.filter(pk=mailbox.pk).update(security=MailSecurity.TLS)
    assert str(dovecot.port) in fetch(mailbox).problem
    Mailbox.objects.filter(pk=mailbox.pk).update(security=MailSecurity.STARTTLS)
    assert fetch(mailbox).problem != ""
    Mailbox.objects.filter(pk=mailbox.pk).update(port=1)
    assert "Nothing is listening" in fetch(mailbox).problem


def test_the_session_ends_properly(dovecot, mailbox):
    deliver(dovecot, 1)
    fetch(mailbox)
    assert "Logged out" in (dovecot.folder / "dovecot.log").read_text()


def test_by_pop3_each_mail_comes_once_and_is_deleted_after_storing(dovecot, mailbox):
    Mailbox.objects.update(protocol=MailProtocol.POP3, port=dovecot.pop_port, after_fetch=AfterFetch.LEAVE)
    deliver(dovecot)
    assert (fetch(mailbox).stored, fetch(mailbox).stored, dovecot.count("INBOX")) == (3, 0, 3)
    Mailbox.objects.update(after_fetch=AfterFetch.DELETE)
    dovecot.deliver(rawmail(message_id="<last@company.example>"))
    report = fetch(mailbox)
    assert (report.stored, report.known, report.problem, dovecot.count("INBOX")) == (1, 0, "", 0)
    assert InboundEmail.objects.count() == 4


def test_new_mail_is_told_within_seconds(dovecot, mailbox):
    told: SimpleQueue[int] = SimpleQueue()
    watch = FolderWatch(mailbox.folders.select_related("mailbox").get(), told.put, lambda: datetime.now(UTC))
    watch.start()
    try:
        assert told.get(timeout=20) == mailbox.pk  # it is connected, and IDLE begins
        dovecot.deliver(rawmail())
        assert told.get(timeout=20) == mailbox.pk
    finally:
        watch.over.set()
    assert watch.ended.wait(20)


def test_older_mail_is_counted_and_imported_and_stays_as_it_is(dovecot, mailbox):
    deliver(dovecot)
    mailbox.folders.update(begins_at=RECEIVED + timedelta(minutes=3))
    mailbox.refresh_from_db()
    since = RECEIVED - timedelta(days=1)
    assert preview_import(mailbox=mailbox, since=since, at=datetime.now(UTC)).mails == 2
    begin_import(mailbox=mailbox, since=since, actor=AdminFactory(), at=RECEIVED + timedelta(hours=1))
    (report,) = import_due(read_clock=lambda: datetime.now(UTC))
    assert (report.stored, report.is_done, report.problem) == (2, True, "")
    assert InboundEmail.objects.filter(is_history=True).count() == 2
    assert (dovecot.count("INBOX"), dovecot.count("INBOX", "SEEN")) == (3, 0)
    assert fetch(mailbox).stored == 1


def test_what_the_desk_lost_is_found_and_fetched_without_touching_the_server(dovecot, mailbox):
    Mailbox.objects.filter(pk=mailbox.pk).update(after_fetch=AfterFetch.FLAG)
    mailbox.folders.update(begins_at=RECEIVED - timedelta(days=1))
    deliver(dovecot)
    assert fetch(mailbox).stored == 3
    with IMAPClient(dovecot.host, dovecot.port, ssl=False) as somebody:
        somebody.login(USER, PASSWORD)
        somebody.select_folder("INBOX")
        somebody.remove_flags([2], [b"\\Seen"])
    InboundEmail.objects.filter(rfc_message_id="2@company.example").delete()
    at = RECEIVED + timedelta(hours=2)
    (report,) = compare_mailboxes(read_clock=lambda: at)
    assert (report.problem, report.missing) == ("", 1)
    fetch_missing(missing=MissingMail.objects.get(uid=2), at=at)
    row = InboundEmail.objects.get(rfc_message_id="2@company.example")
    assert row.received_at == RECEIVED + timedelta(minutes=2)
    assert dovecot.count("INBOX", "UNSEEN") == 1
    (report,) = compare_mailboxes(read_clock=lambda: at)
    assert report.missing == 0

"""Several folders of one mailbox, each with its own place; one that cannot be opened stops no other."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.factories import NOW, AdminFactory, MailboxFactory, MailboxFolderFactory
from tests.imapfake import FakeClient, FakeServer, Kept
from tests.rawmail import rawmail
from tickets.models import InboundEmail, Mailbox
from tickets.services.fetching import fetch_mailbox
from tickets.services.importing import begin_import, import_due, preview_import
from tickets.services.leases import FetchReport
from tickets.services.mailbox_folders import set_folders

pytestmark = pytest.mark.django_db

TEN = datetime(2026, 11, 18, 10, 0, tzinfo=UTC)
EARLIER = TEN - timedelta(days=30)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> FakeServer:
    server = FakeServer(folders={"INBOX": {}, "VIP": {}})
    monkeypatch.setattr("tickets.protocols.imap.CheckedClient", server.client)
    return server


@pytest.fixture
def mailbox() -> Mailbox:
    mailbox = MailboxFactory(host="imap.desk.example", username="support", password="secret")
    MailboxFolderFactory(mailbox=mailbox, name="VIP", begins_at=TEN)
    return mailbox


def put(server: FakeServer, folder: str, name: str, at: datetime = TEN) -> None:
    mails = server.folders[folder]
    mails[max(mails, default=0) + 1] = Kept(rawmail(message_id=f"<{name}@x.example>"), at)


def fetch(mailbox: Mailbox) -> FetchReport:
    report = fetch_mailbox(mailbox.pk, read_clock=lambda: NOW)
    mailbox.refresh_from_db()
    return report


def ids() -> list[str]:
    return [row.rfc_message_id.partition("@")[0] for row in InboundEmail.objects.order_by("pk")]


def test_every_folder_is_fetched_by_its_own_uids(server, mailbox):
    put(server, "INBOX", "a")
    put(server, "INBOX", "b")
    put(server, "VIP", "c")
    assert (fetch(mailbox).stored, ids()) == (3, ["a", "b", "c"])
    put(server, "VIP", "d")
    assert (fetch(mailbox).stored, ids()[3:]) == (1, ["d"])
    assert list(mailbox.folders.values_list("name", "last_uid")) == [("INBOX", 2), ("VIP", 2)]


def test_a_folder_that_is_missing_is_named_and_stops_no_other(server, mailbox):
    del server.folders["VIP"]
    put(server, "INBOX", "a")
    report = fetch(mailbox)
    assert report.stored == 1
    assert "The folder VIP cannot be opened" in report.problem
    assert (mailbox.error, mailbox.failures, mailbox.retry_at) == (report.problem, 0, None)
    assert mailbox.fetched_at == NOW
    server.folders["VIP"] = {}
    assert (fetch(mailbox).problem, mailbox.error) == ("", "")


def test_if_no_folder_can_be_opened_the_mailbox_is_tried_less_often(server, mailbox):
    server.folders.clear()
    report = fetch(mailbox)
    assert ("INBOX" in report.problem, "VIP" in report.problem) == (True, True)
    assert (mailbox.failures, mailbox.fetched_at) == (1, None)


def test_a_refused_login_is_tried_once_and_not_for_every_folder(server, mailbox, monkeypatch):
    tried = []
    log_in = FakeClient.login

    def login(client: FakeClient, username: str, password: str) -> None:
        tried.append(username)
        log_in(client, username, password)

    monkeypatch.setattr(FakeClient, "login", login)
    server.password = "other"
    assert "rejected" in fetch(mailbox).problem
    assert tried == ["support"]


def test_a_mailbox_without_a_folder_says_so(server, mailbox):
    mailbox.folders.all().delete()
    assert "No folder" in fetch(mailbox).problem


def test_mail_that_comes_while_we_are_reading_is_fetched_too(server, mailbox, monkeypatch):
    put(server, "INBOX", "a")
    flag = FakeClient.add_flags

    def add_flags(client: FakeClient, *args: object, **options: object) -> None:
        flag(client, *args, **options)  # type: ignore[arg-type]
        if len(server.folders["INBOX"]) < 3:
            put(server, "INBOX", f"later{len(ids())}")

    monkeypatch.setattr(FakeClient, "add_flags", add_flags)
    fetch(mailbox)
    assert ids() == ["a", "later1", "later2"]


def test_each_folder_has_its_own_beginning(server, mailbox):
    put(server, "INBOX", "a", TEN - timedelta(days=1))
    put(server, "VIP", "b", TEN - timedelta(days=1))
    assert (fetch(mailbox).older, ids()) == (1, ["a"])


def test_an_import_goes_through_all_folders_up_to_the_beginning_of_each(server, mailbox):
    mailbox.folders.filter(name="INBOX").update(begins_at=TEN - timedelta(days=5))
    put(server, "INBOX", "old", TEN - timedelta(days=9))
    put(server, "INBOX", "new", TEN - timedelta(days=4))
    put(server, "VIP", "vip", TEN - timedelta(days=4))
    assert preview_import(mailbox=mailbox, since=EARLIER, at=NOW).mails == 2
    begin_import(mailbox=mailbox, since=EARLIER, actor=AdminFactory(), at=NOW)
    (report,) = import_due(read_clock=lambda: NOW)
    assert (report.stored, report.is_done, ids()) == (2, True, ["old", "vip"])
    assert import_due(read_clock=lambda: NOW) == []


def test_an_import_ends_when_every_folder_has_been_read(server, mailbox):
    gone = server.folders.pop("VIP")
    put(server, "INBOX", "old", EARLIER + timedelta(days=1))
    mailbox.folders.update(begins_at=TEN)
    begin_import(mailbox=mailbox, since=EARLIER, actor=AdminFactory(), at=NOW)
    (report,) = import_due(read_clock=lambda: NOW)
    assert (report.stored, report.is_done, "VIP" in report.problem) == (1, False, True)
    server.folders["VIP"] = gone
    (report,) = import_due(read_clock=lambda: NOW + timedelta(hours=1))
    assert (report.stored, report.known, report.is_done) == (0, 0, True)


def places(mailbox: Mailbox) -> list[tuple[str, int, datetime]]:
    return list(mailbox.folders.order_by("name").values_list("name", "last_uid", "begins_at"))


@pytest.mark.parametrize(
    ("names", "is_new_account", "expected"),
    [
        (["INBOX", "VIP"], False, [("INBOX", 7, EARLIER), ("VIP", 7, EARLIER)]),
        (["INBOX"], False, [("INBOX", 7, EARLIER)]),
        (["INBOX", "New"], False, [("INBOX", 7, EARLIER), ("New", 0, NOW)]),
        (["INBOX", "VIP"], True, [("INBOX", 0, NOW), ("VIP", 0, NOW)]),
        ([], True, []),
    ],
)
def test_a_folder_that_stays_keeps_its_place(mailbox, names, is_new_account, expected):
    mailbox.folders.update(last_uid=7, begins_at=EARLIER)
    set_folders(mailbox=mailbox, names=names, begins_at=NOW, is_new_account=is_new_account)
    assert places(mailbox) == expected


def test_a_folder_taken_off_the_mailbox_while_it_is_read_breaks_nothing(server, mailbox, monkeypatch):
    put(server, "INBOX", "a")
    flag = FakeClient.add_flags

    def add_flags(client: FakeClient, *args: object, **options: object) -> None:
        flag(client, *args, **options)  # type: ignore[arg-type]
        mailbox.folders.all().delete()

    monkeypatch.setattr(FakeClient, "add_flags", add_flags)
    assert (fetch(mailbox).problem, mailbox.locked_until) == ("", None)

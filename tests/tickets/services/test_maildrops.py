"""POP3 by UIDL from a real server: each mail once, stored before it is deleted, and one bad mail stops no other.

Tests protocols.pop3 and leases too.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.adminpages import add_url, errors, page_url
from tests.factories import NOW, AdminFactory, MailboxFactory
from tests.hostilepop import PopServer, hostile_pop
from tests.rawmail import rawmail
from tickets.choices import ReceiptTime
from tickets.errors import DeskError
from tickets.models import InboundEmail, Mailbox, SeenUidl
from tickets.models.mailbox import AfterFetch, MailProtocol, MailSecurity
from tickets.services import maildrops
from tickets.services.connection_test import try_mailbox
from tickets.services.fetching import fetch_due, fetch_mailbox
from tickets.services.importing import preview_import
from tickets.services.leases import FetchReport
from tickets.services.watching import watched_folders

pytestmark = pytest.mark.django_db

TEN = datetime(2026, 11, 18, 10, 0, 7, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[PopServer]:
    with hostile_pop() as server:
        yield server


@pytest.fixture
def mailbox(server: PopServer, settings) -> Mailbox:
    settings.MAIL_MAX_BYTES = 10_000
    settings.MAIL_TIMEOUT_SECONDS = 5
    return MailboxFactory(
        protocol=MailProtocol.POP3, host="127.0.0.1", port=server.port, security=MailSecurity.NONE,
        username="support", password="secret", after_fetch=AfterFetch.LEAVE,
    )  # fmt: skip


def put(server: PopServer, name: str, at: datetime | None = TEN, **more: object) -> None:
    trace = (
        {"Received": f"from relay.example by mx.desk.example; {at:%a, %d %b %Y %H:%M:%S} +0000"} if at else {}
    )
    server.mails[name] = rawmail(message_id=f"<{name}@x.example>", headers=trace, **more)


def fetch(mailbox: Mailbox) -> FetchReport:
    report = fetch_mailbox(mailbox.pk, read_clock=lambda: NOW)
    mailbox.refresh_from_db()
    return report


def ids() -> list[str]:
    return [row.rfc_message_id.partition("@")[0] for row in InboundEmail.objects.order_by("pk")]


def seen() -> set[str]:
    return set(SeenUidl.objects.values_list("uidl", flat=True))


def test_each_mail_is_fetched_once_oldest_first_and_left_on_the_server(server, mailbox):
    for name in "abc":
        put(server, name)
    assert (fetch(mailbox).stored, ids()) == (3, ["a", "b", "c"])
    put(server, "d")
    report = fetch(mailbox)
    assert (report.stored, report.known, ids()[3:]) == (1, 0, ["d"])
    assert len(server.asked("RETR")) == 4
    assert list(server.mails) == ["a", "b", "c", "d"]


def test_the_bytes_are_those_of_the_mail_with_long_lines_and_points(server, mailbox):
    put(server, "a", body=".\r\n..two\r\n" + "x" * 5000)
    fetch(mailbox)
    assert bytes(InboundEmail.objects.get().raw) == server.mails["a"]


def test_the_time_of_receipt_is_that_of_the_topmost_received_line(server, mailbox):
    put(server, "a")
    put(server, "b", None)
    fetch(mailbox)
    first, second = InboundEmail.objects.order_by("pk")
    assert (first.via, first.received_at, first.receipt) == ("pop3", TEN, ReceiptTime.RECEIVED_LINE)
    assert (second.received_at, second.receipt) == (NOW, ReceiptTime.FETCH)


def test_uidls_of_mails_that_are_gone_from_the_server_are_forgotten(server, mailbox, monkeypatch):
    monkeypatch.setattr(maildrops, "CHUNK", 2)
    for number in range(5):
        put(server, f"m{number}")
    fetch(mailbox)
    for number in range(4):
        del server.mails[f"m{number}"]
    fetch(mailbox)
    assert seen() == {"m4"}


def test_mail_from_before_the_mailbox_began_is_left_alone_and_not_downloaded(server, mailbox):
    mailbox.folders.update(begins_at=TEN)
    put(server, "old", TEN - timedelta(days=400))
    put(server, "new", TEN + timedelta(minutes=1))
    report = fetch(mailbox)
    assert (report.stored, report.older, ids()) == (1, 1, ["new"])
    assert server.asked("RETR") == ["RETR 2"]
    assert fetch(mailbox).older == 0


def test_old_mail_under_new_uidls_is_still_old(server, mailbox):
    mailbox.folders.update(begins_at=TEN)
    put(server, "new")
    fetch(mailbox)
    put(server, "old", TEN - timedelta(days=400))
    server.mails["new-again"] = server.mails.pop("new")
    report = fetch(mailbox)
    assert (report.stored, report.known, report.older, ids()) == (0, 1, 1, ["new"])


def test_a_server_that_gives_no_headers_alone_is_fetched_all_the_same(server, mailbox):
    mailbox.folders.update(begins_at=TEN)
    server.refuses = ("TOP",)
    put(server, "old", TEN - timedelta(days=400))
    put(server, "new")
    report = fetch(mailbox)
    assert (report.stored, report.older, report.problem) == (1, 1, "")


# Deleting


def test_a_stored_mail_is_deleted_after_the_commit(server, mailbox, monkeypatch):
    Mailbox.objects.update(after_fetch=AfterFetch.DELETE)
    put(server, "a")
    put(server, "b")
    stored = []
    delete = maildrops.Maildrop.delete

    def counted(drop: maildrops.Maildrop, uidl: str) -> None:
        stored.append((uidl, InboundEmail.objects.count()))
        delete(drop, uidl)

    monkeypatch.setattr(maildrops.Maildrop, "delete", counted)
    assert fetch(mailbox).stored == 2
    assert (server.mails, stored) == ({}, [("a", 1), ("b", 2)])
    fetch(mailbox)
    assert seen() == set()


def test_a_deletion_that_was_undone_is_done_again_and_nothing_is_stored_twice(server, mailbox):
    Mailbox.objects.update(after_fetch=AfterFetch.DELETE)
    put(server, "a")
    server.breaks_on = ("QUIT",)
    assert fetch(mailbox).problem
    assert (ids(), list(server.mails)) == (["a"], ["a"])
    server.breaks_on = ()
    report = fetch(mailbox)
    assert (report.stored, report.problem, server.mails, ids()) == (0, "", {}, ["a"])


def test_a_server_that_deletes_nothing_stops_no_mail(server, mailbox):
    Mailbox.objects.update(after_fetch=AfterFetch.DELETE)
    server.refuses = ("DELE",)
    for name in "ab":
        put(server, name)
    assert fetch(mailbox).problem == "Stored email cannot be deleted on the server: -ERR not now"
    put(server, "c")
    fetch(mailbox)
    assert ids() == ["a", "b", "c"]
    assert "not now" in mailbox.error
    server.refuses = ()
    assert (fetch(mailbox).problem, list(server.mails)) == ("", [])


def test_what_is_not_stored_whole_is_never_deleted(server, mailbox):
    Mailbox.objects.update(after_fetch=AfterFetch.DELETE)
    put(server, "large", body="x" * 20_000)
    put(server, "small")
    for _time in range(2):
        assert fetch(mailbox).problem == ""
    assert (list(server.mails), server.asked("RETR")) == (["large"], ["RETR 2"])
    assert InboundEmail.objects.get(rfc_message_id="large@x.example").size == len(server.mails["large"])


def test_mail_from_before_the_beginning_is_never_deleted(server, mailbox):
    Mailbox.objects.update(after_fetch=AfterFetch.DELETE)
    mailbox.folders.update(begins_at=TEN)
    put(server, "old", TEN - timedelta(days=400))
    for _time in range(2):
        fetch(mailbox)
    assert list(server.mails) == ["old"]


# One bad mail


@pytest.mark.parametrize("way", ["breaks_on", "refuses"])
@pytest.mark.parametrize("commands", [("RETR 2",), ("RETR 2", "TOP 2")])
def test_one_bad_mail_stops_no_other(server, mailbox, way, commands):
    mailbox.folders.update(last_uid=1)
    for name in "abc":
        put(server, name)
    setattr(server, way, commands)
    report = fetch(mailbox)
    assert (report.stored, report.problem, len(ids())) == (3, "", 3)
    assert seen() == {"a", "b", "c"}


@pytest.mark.parametrize("size", ["", "many", "-5", "99999999999999999999", "9" * 5000])
def test_an_odd_size_stops_no_other(server, mailbox, size):
    for name in "abc":
        put(server, name)
    server.sizes["b"] = size
    assert (fetch(mailbox).problem, len(ids())) == ("", 3)


def test_a_mail_that_is_much_larger_than_announced_comes_as_its_head(server, mailbox):
    put(server, "liar", body="\r\n".join(["x" * 1000] * 100))
    server.sizes["liar"] = "10"
    put(server, "b")
    assert (fetch(mailbox).problem, sorted(ids())) == ("", ["b", "liar"])
    assert b"xxx" not in bytes(InboundEmail.objects.get(rfc_message_id="liar@x.example").raw)


def test_a_name_of_any_length_is_remembered(server, mailbox):
    put(server, "n" * 900)
    assert (fetch(mailbox).stored, fetch(mailbox).stored) == (1, 0)


@pytest.mark.parametrize("after_fetch", [AfterFetch.LEAVE, AfterFetch.DELETE])
def test_a_server_that_gives_a_uidl_twice_hides_no_mail(server, mailbox, after_fetch):
    Mailbox.objects.update(after_fetch=after_fetch)
    for name in "abc":
        put(server, name)
    server.names = {"b": "x" * 255, "c": "x" * 255}
    assert (fetch(mailbox).problem, ids()) == ("", ["a", "b", "c"])
    assert list(server.mails) == ([] if after_fetch == AfterFetch.DELETE else ["a", "b", "c"])
    put(server, "d")
    assert (fetch(mailbox).problem, ids()) == ("", ["a", "b", "c", "d"])


# Errors, and what POP3 shares with IMAP


def test_no_page_shows_a_password_that_the_server_repeats(server, mailbox):
    server.echoes = True
    Mailbox.objects.update(password="hunter2")
    assert "hunter2" not in fetch(mailbox).problem
    assert "failed. PASS ***" in mailbox.error


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"password": "other"}, "rejected the user name or password of support: "),
        ({"password": None}, "missing"),
        ({"port": 1}, "Nothing is listening on 127.0.0.1:1"),
        ({"host": "pop.nowhere.example", "security": "tls"}, "no host named pop.nowhere.example"),
        ({"host": "pop.example"}, "in plain text"),
        ({"security": "starttls"}, "offers no STARTTLS"),
        ({"security": "tls"}, "does not speak TLS"),
    ],
)
def test_a_fault_is_a_sentence_and_is_tried_less_often(server, mailbox, change, words):
    Mailbox.objects.update(**change)
    report = fetch(mailbox)
    assert words in report.problem
    assert (mailbox.error, mailbox.failures) == (report.problem, 1)
    assert "secret" not in report.problem


def test_a_server_without_uidl_says_so(server, mailbox):
    server.refuses = ("UIDL",)
    assert "refused" in fetch(mailbox).problem


def test_a_maildrop_is_read_by_one_process_at_a_time(server, mailbox):
    Mailbox.objects.update(locked_until=NOW + timedelta(minutes=5))
    assert fetch_due(read_clock=lambda: NOW) == []
    assert "right now" in fetch(mailbox).problem
    assert server.commands == []


def test_a_fetcher_that_was_overtaken_stops(server, mailbox, monkeypatch):
    monkeypatch.setattr(maildrops, "RENEW_EVERY", 1)
    monkeypatch.setattr(maildrops, "renew_lease", lambda *_a, **_k: InboundEmail.objects.count() < 2)
    for name in "abc":
        put(server, name)
    assert (fetch(mailbox).stored, mailbox.folders.get().last_uid) == (2, 0)


def test_it_is_not_watched_and_imports_nothing(server, mailbox):
    assert watched_folders() == []
    with pytest.raises(DeskError, match="by IMAP only"):
        preview_import(mailbox=mailbox, since=TEN - timedelta(days=999), at=NOW)


def test_a_connection_is_tried(server, mailbox):
    put(server, "a")
    steps = try_mailbox(mailbox, folders=["INBOX"], has_new_refresh_token=False, now=NOW)
    assert [(step.title, step.is_ok) for step in steps][:2] == [("Server", True), ("Login", True)]
    assert "1 email is there." in steps[1].text
    mailbox.password = "other"
    steps = try_mailbox(mailbox, folders=["INBOX"], has_new_refresh_token=False, now=NOW)
    assert [(step.title, step.is_ok) for step in steps][:2] == [("Server", True), ("Login", False)]


@pytest.mark.parametrize("number", ["9" * 5000, "1"])
def test_a_connection_to_a_server_that_answers_nonsense_is_tried(server, mailbox, number):
    put(server, "a")
    server.sizes["a"] = f"10\r\n{number} 10"
    steps = try_mailbox(mailbox, folders=["INBOX"], has_new_refresh_token=False, now=NOW)
    assert [step.title for step in steps][:1] == ["Server"]


def test_the_page_offers_what_pop3_can_do(login, server, mailbox):
    form = {
        "name": "P", "address": "pop@desk.example", "default_priority": 2, "language": "en", "is_active": "on",
        "protocol": "pop3", "host": "pop.example", "port": 995, "security": "tls", "login": "password",
        "username": "u", "password": "p", "folders": "A\nB", "after_fetch": "flag",
    }  # fmt: skip
    client = login(AdminFactory())
    assert "only be left" in errors(client.post(add_url(Mailbox), form))
    assert "Choose IMAP" in errors(client.post(add_url(Mailbox), form | {"login": "refresh"}))
    assert client.post(add_url(Mailbox), form | {"after_fetch": "delete"}).status_code == 302
    assert [folder.name for folder in Mailbox.objects.get(address="pop@desk.example").folders.all()] == [
        "INBOX"
    ]
    assert "/import/" not in client.get(page_url(mailbox)).content.decode()

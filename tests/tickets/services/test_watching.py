"""Folders watched by IDLE on a real IMAP server: new mail is told at once, and broken connections are opened again.

Tests the command watch_mail too.
"""

import os
import signal
from collections.abc import Iterator
from datetime import timedelta
from queue import SimpleQueue

import pytest
from django.core.management import call_command
from django.db import OperationalError

from tests.factories import NOW, MailboxFactory, MailboxFolderFactory
from tests.hostileimap import HostileServer, hostile_imap
from tests.imapfake import FakeServer
from tests.rawmail import rawmail
from tickets import tasks
from tickets.models import Mailbox, MailboxFolder
from tickets.nudges import nudge_mailbox
from tickets.protocols import imap
from tickets.protocols.problems import LoginRefused, MailboxProblem, TokenRefused
from tickets.services import watching
from tickets.services.watching import LONG_WAIT, FolderWatch, MailWatch

pytestmark = pytest.mark.django_db

SOON = 10.0  # seconds: longer than anything here takes


@pytest.fixture
def server() -> Iterator[HostileServer]:
    with hostile_imap() as server:
        server.capabilities = "IDLE"
        yield server


@pytest.fixture
def mailbox(server: HostileServer, settings) -> Mailbox:
    settings.MAIL_TIMEOUT_SECONDS = 5
    return MailboxFactory(host="127.0.0.1", port=server.port, security="none", username="u", password="p")


@pytest.fixture
def told() -> "SimpleQueue[int]":
    return SimpleQueue()


@pytest.fixture
def watch(mailbox: Mailbox, told: "SimpleQueue[int]") -> Iterator[FolderWatch]:
    folder = MailboxFolder.objects.select_related("mailbox").get()
    watch = FolderWatch(folder, told.put, lambda: NOW)
    yield watch
    watch.over.set()


def test_new_mail_is_told_at_once(server, mailbox, watch, told):
    watch.start()
    session = server.idling.get(timeout=SOON)
    assert told.get(timeout=SOON) == mailbox.pk  # mail from before the connection
    session.push("* 1 FETCH (FLAGS (\\Seen))")
    session.push("* 1 EXPUNGE")
    session.push("* 3 EXISTS")
    assert told.get(timeout=SOON) == mailbox.pk
    server.idling.get(timeout=SOON)  # it goes on
    assert told.empty()


def test_mail_that_comes_while_an_idle_begins_is_told(server, mailbox, watch, told):
    server.says_with_idle = ["* 1 EXISTS"]
    watch.start()
    assert [told.get(timeout=SOON) for _time in range(2)] == [mailbox.pk, mailbox.pk]
    server.idling.get(timeout=SOON)


def test_other_words_while_an_idle_begins_are_no_mail(server, mailbox, watch, told, monkeypatch):
    server.says_with_idle = ["* OK Still here"]
    watch.start()
    sessions = [server.idling.get(timeout=SOON) for _time in range(2)]
    assert told.get(timeout=SOON) == mailbox.pk
    sessions[1].push("* 1 EXISTS")
    assert told.get(timeout=SOON) == mailbox.pk
    assert told.empty()


@pytest.mark.parametrize("moment", ["idle", "done"])
def test_a_server_that_does_not_stop_talking_is_hung_up_on(server, mailbox, watch, monkeypatch, moment):
    monkeypatch.setattr(imap, "MOST_IDLE_BYTES", 2_000)
    flood = ["* OK Still here"] * 1_000
    server.says_with_idle = flood if moment == "idle" else []
    server.says_with_done = flood if moment == "done" else []
    monkeypatch.setattr(watching, "RENEW_AFTER", 0.01 if moment == "done" else 60.0)
    with pytest.raises(MailboxProblem, match="does not stop talking"):
        watch._watch()


def test_an_idle_is_renewed_over_the_same_connection(server, watch, monkeypatch):
    monkeypatch.setattr(watching, "RENEW_AFTER", 0.01)
    watch.start()
    sessions = [server.idling.get(timeout=SOON) for _time in range(3)]
    assert (len(set(sessions)), server.logins) == (1, 1)


@pytest.mark.parametrize("end", ["cut", "bye"])
def test_a_connection_that_ends_is_opened_again(server, mailbox, watch, told, monkeypatch, end):
    monkeypatch.setattr(watching, "WAITS", (0.0,))
    watch.start()
    first = server.idling.get(timeout=SOON)
    first.cut() if end == "cut" else first.push("* BYE going down")
    assert server.idling.get(timeout=SOON) is not first
    assert [told.get(timeout=SOON) for _time in range(2)] == [mailbox.pk, mailbox.pk]


def test_a_server_without_idle_is_left_to_polling(server, watch, told):
    server.capabilities = ""
    assert watch._watch() == LONG_WAIT
    assert told.empty()
    assert "IDLE" not in server.commands


@pytest.mark.parametrize(
    ("problem", "waits"),
    [
        (MailboxProblem("down"), [2.0, 5.0, 15.0, 60.0, 300.0, 300.0]),
        (LoginRefused("password"), [LONG_WAIT, LONG_WAIT]),
        (TokenRefused("token"), [LONG_WAIT, LONG_WAIT]),
    ],
)
def test_breaks_in_a_row_are_waited_for_longer_and_refused_logins_longest(watch, problem, waits):
    assert [watch._wait_after(problem) for _time in waits] == waits


def test_it_ends_while_it_idles(server, watch, monkeypatch):
    monkeypatch.setattr(imap, "LOOK_EVERY", 0.01)
    watch.start()
    server.idling.get(timeout=SOON)
    watch.over.set()
    assert watch.ended.wait(SOON)
    assert server.commands[-1] == "LOGOUT"


# Which folders


@pytest.fixture
def started(monkeypatch) -> list[str]:
    """The names of the folders that are watched, in order; no connection is opened."""
    names: list[str] = []
    monkeypatch.setattr(FolderWatch, "start", lambda watch: names.append(watch.folder.name))
    return names


@pytest.fixture
def all_folders(told) -> MailWatch:
    return MailWatch(told.put, read_clock=lambda: NOW)


def test_folders_that_are_added_are_watched(mailbox, started, all_folders):
    all_folders._follow()
    MailboxFolderFactory(mailbox=mailbox, name="VIP")
    all_folders._follow()
    assert started == ["INBOX", "VIP"]


@pytest.mark.parametrize(
    "change", [{"password": "new"}, {"host": "127.0.0.2"}, {"port": 99}, {"client_secret": "x"}]
)
def test_another_account_is_watched_anew(mailbox, started, all_folders, change):
    all_folders._follow()
    (before,) = all_folders.watches.values()
    Mailbox.objects.update(**change)
    all_folders._follow()
    assert (started, before.over.is_set(), len(all_folders.watches)) == (["INBOX", "INBOX"], True, 1)


@pytest.mark.parametrize(
    "change", [{"name": "x"}, {"error": "x"}, {"access_token": "x"}, {"refresh_token": "x"}]
)
def test_other_changes_leave_the_connection_alone(mailbox, started, all_folders, change):
    all_folders._follow()
    Mailbox.objects.update(**change)
    all_folders._follow()
    assert started == ["INBOX"]


@pytest.mark.parametrize("change", [{"is_active": False}, {"host": ""}])
def test_a_mailbox_that_is_switched_off_is_watched_no_longer(mailbox, started, all_folders, change):
    all_folders._follow()
    (before,) = all_folders.watches.values()
    Mailbox.objects.update(**change)
    all_folders._follow()
    assert (before.over.is_set(), all_folders.watches) == (True, {})


def test_a_database_that_is_away_ends_nothing(mailbox, started, all_folders, monkeypatch):
    all_folders._follow()

    def away() -> None:
        raise OperationalError("the database is away")

    monkeypatch.setattr(watching, "watched_folders", away)
    all_folders._follow()
    assert [watch.over.is_set() for watch in all_folders.watches.values()] == [False]


def test_the_look_costs_one_query_for_any_number(started, all_folders, count_queries):
    for _number in range(3):
        MailboxFactory(host="imap.example")
    assert count_queries(all_folders._follow) == 1


# The process


def test_what_is_told_is_fetched_and_a_failure_ends_nothing(started, told):
    def fetch(mailbox: int) -> None:
        told.put(mailbox)
        if mailbox == 1:
            raise OperationalError("the queue is away")

    watch = MailWatch(fetch, read_clock=lambda: NOW)
    for mailbox in (1, 2):
        watch.news.put(mailbox)
    watch.stop()
    watch.run()
    assert [told.get_nowait(), told.get_nowait()] == [1, 2]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_ends_at_once_when_it_is_told_to(mailbox, monkeypatch, number):
    before = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)}
    monkeypatch.setattr(MailWatch, "_follow", lambda _watch: os.kill(os.getpid(), number))
    try:
        assert call_command("watch_mail") is None
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def test_a_mailbox_is_fetched_by_the_queue(mailbox, queued, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        nudge_mailbox(mailbox.pk)
    assert [(task["func"], task["args"]) for task in queued.tasks] == [
        ("tickets.tasks.fetch_one", (mailbox.pk,))
    ]


def test_only_a_mailbox_that_is_due_is_fetched(mailbox, monkeypatch, frozen):
    server = FakeServer(password="p")
    server.add(rawmail(), NOW)
    monkeypatch.setattr("tickets.protocols.imap.CheckedClient", server.client)
    Mailbox.objects.update(retry_at=NOW + timedelta(minutes=10))
    assert tasks.fetch_one(mailbox.pk) == "not due"
    Mailbox.objects.update(retry_at=None)
    assert "1 new" in tasks.fetch_one(mailbox.pk)

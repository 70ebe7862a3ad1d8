"""The operators hear once that a mailbox stopped, and once that it is well again.

Tests escalation.notifications.operators too.
"""

from datetime import timedelta

import pytest

from escalation.choices import NoticeKind
from escalation.models import Notification
from escalation.notifications.dispatch import dispatch_due
from escalation.notifications.operators import operators
from escalation.notifications.wording import Notice, short_text_of, subject_of, text_of
from tests.factories import NOW, AdminFactory, MailboxFactory, MailboxFolderFactory, staff
from tests.imapfake import FakeServer
from tickets.models import Mailbox, OutboundEmail
from tickets.services.fetching import fetch_mailbox

pytestmark = pytest.mark.django_db

STOPPED, RECOVERED = NoticeKind.MAILBOX_STOPPED, NoticeKind.MAILBOX_RECOVERED


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> FakeServer:
    server = FakeServer()
    monkeypatch.setattr("tickets.protocols.imap.CheckedClient", server.client)
    return server


@pytest.fixture
def mailbox() -> Mailbox:
    staff("otto", groups=["Operator"])
    return MailboxFactory(
        address="support@desk.example", host="imap.desk.example", username="support", password="secret"
    )


def fetch(mailbox: Mailbox, *minutes: int) -> None:
    for minute in minutes:
        at = NOW + timedelta(minutes=minute)
        fetch_mailbox(mailbox.pk, read_clock=lambda at=at: at)  # type: ignore[misc]


def told() -> list[tuple[str, str]]:
    rows = Notification.objects.order_by("pk").select_related("recipient")
    return [(row.recipient.username, row.kind) for row in rows]


def test_a_server_that_is_away_for_two_minutes_alarms_nobody(server, mailbox):
    server.fails_with = ConnectionRefusedError()
    fetch(mailbox, 0, 1, 2)
    server.fails_with = None
    fetch(mailbox, 3)
    assert told() == []
    mailbox.refresh_from_db()
    assert mailbox.trouble_since is None


def test_three_minutes_of_trouble_are_told_once_and_so_is_the_recovery(server, mailbox):
    server.fails_with = ConnectionRefusedError()
    fetch(mailbox, 0, 1)
    assert told() == []
    fetch(mailbox, 3, 8, 18, 33)
    assert told() == [("otto", STOPPED)]
    detail = Notification.objects.get().detail
    assert detail.startswith("support@desk.example\nNothing is listening")
    server.fails_with = None
    fetch(mailbox, 48, 49)
    assert told() == [("otto", STOPPED), ("otto", RECOVERED)]


def test_a_new_trouble_after_the_recovery_is_told_again(server, mailbox):
    for start in (0, 100):
        server.fails_with = TimeoutError()
        fetch(mailbox, start, start + 3)
        server.fails_with = None
        fetch(mailbox, start + 4)
    assert [kind for _who, kind in told()] == [STOPPED, RECOVERED, STOPPED, RECOVERED]


def test_the_second_refusal_of_a_login_is_told(server, mailbox):
    server.password = "other"
    fetch(mailbox, 0)
    assert told() == []
    fetch(mailbox, 1)
    assert told() == [("otto", STOPPED)]
    assert "secret" not in Notification.objects.get().detail


def test_a_token_that_cannot_be_renewed_is_told(server, mailbox):
    Mailbox.objects.update(login="refresh")
    fetch(mailbox, 0, 1)
    assert told() == [("otto", STOPPED)]


def test_a_missing_folder_is_told_though_others_are_fetched(server, mailbox):
    MailboxFolderFactory(mailbox=mailbox, name="Gone")
    fetch(mailbox, 0, 1, 2, 3, 4)
    assert told() == [("otto", STOPPED)]
    assert "Gone" in Notification.objects.get().detail
    mailbox.folders.filter(name="Gone").delete()
    fetch(mailbox, 5)
    assert told()[1:] == [("otto", RECOVERED)]


def test_an_alarm_that_fails_stops_no_mailbox(server, mailbox, monkeypatch):
    def broken(*_args: object, **_more: object) -> None:
        raise KeyError("no way")

    monkeypatch.setattr("escalation.handlers.tell_operators", broken)
    server.password = "other"
    fetch(mailbox, 0, 1)
    assert told() == []
    monkeypatch.undo()
    monkeypatch.setattr("tickets.protocols.imap.CheckedClient", server.client)
    fetch(mailbox, 3)
    assert told() == [("otto", STOPPED)]


def test_a_mailbox_that_is_well_costs_no_query_for_it(server, mailbox, count_queries):
    fetch(mailbox, 0)
    well = count_queries(lambda: fetch(mailbox, 1))
    Mailbox.objects.update(trouble_since=NOW)
    assert count_queries(lambda: fetch(mailbox, 2)) > well


def test_operators_are_told_and_without_any_the_administrators():
    root = AdminFactory()
    staff("lea", groups=["Team lead"])
    assert operators() == [root]
    otto = staff("otto", groups=["Operator"])
    gone = staff("gone", groups=["Operator"])
    gone.is_active = False
    gone.save(update_fields=["is_active"])
    assert operators() == [otto]


@pytest.mark.parametrize(
    ("kind", "subject", "words"),
    [
        (
            STOPPED,
            "Email is not being fetched",
            ["Email to a@x.example is not being fetched: Why.", "/mailbox/"],
        ),
        (RECOVERED, "Email is fetched again", ["Email to a@x.example is being fetched again."]),
    ],
)
def test_the_words(kind, subject, words):
    notice = Notice(kind, None, detail="a@x.example\nWhy." if kind == STOPPED else "a@x.example")
    assert subject_of(notice, at=NOW) == subject
    for text in (text_of(notice, at=NOW), short_text_of(notice, at=NOW)):
        assert [word for word in words if word not in text] == []


def test_it_reaches_the_operator_in_their_language(server, mailbox):
    otto = operators()[0]
    otto.staff_profile.language = "zh-hans"
    otto.staff_profile.save()
    server.password = "other"
    fetch(mailbox, 0, 1)
    dispatch_due(read_clock=lambda: NOW + timedelta(minutes=1))
    mail = OutboundEmail.objects.get()
    assert (mail.recipients, mail.subject) == ([otto.email], "邮件收取中断")
    assert "发往 support@desk.example 的邮件未能收取" in mail.text

"""The page that imports older mail: a preview first, then the import; who may, and what is refused."""

from datetime import timedelta

import pytest
from django.urls import reverse

from tests.adminpages import page_url, said
from tests.factories import NOW, AdminFactory, MailboxFactory, staff
from tests.imapfake import FakeServer
from tests.rawmail import rawmail
from tickets.models import Mailbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]


@pytest.fixture
def server(monkeypatch):
    server = FakeServer()
    monkeypatch.setattr("tickets.protocols.imap.CheckedClient", server.client)
    for days in (3, 2):
        server.add(rawmail(message_id=f"<{days}@company.example>"), NOW - timedelta(days=days))
    return server


@pytest.fixture
def mailbox(server):
    mailbox = MailboxFactory(
        address="support@desk.example", host="imap.desk.example", username="support", password="secret"
    )
    mailbox.folders.update(begins_at=NOW)
    return mailbox


def address(mailbox: Mailbox) -> str:
    return reverse("admin:tickets_mailbox_import", args=[mailbox.pk])


def test_the_page_of_the_mailbox_leads_there(login, mailbox):
    assert address(mailbox) in login(AdminFactory()).get(page_url(mailbox)).content.decode()


def test_a_mailbox_that_is_not_polled_has_nothing_to_import(login, mailbox):
    Mailbox.objects.update(host="")
    assert address(mailbox) not in login(AdminFactory()).get(page_url(mailbox)).content.decode()


def test_the_first_click_shows_what_there_is_and_begins_nothing(login, mailbox):
    html = login(AdminFactory()).post(address(mailbox), {"since": "2026-11-01", "look": "1"}).content.decode()
    assert "2 emails (" in html
    assert 'name="begin"' in html
    assert Mailbox.objects.get().import_since is None


def test_without_any_mail_there_is_nothing_to_begin(login, mailbox):
    html = login(AdminFactory()).post(address(mailbox), {"since": "2026-11-17", "look": "1"}).content.decode()
    assert "There is no email from this time in the folder." in html
    assert 'name="begin"' not in html


def test_the_second_click_begins_the_import(login, mailbox, queued, django_capture_on_commit_callbacks):
    root = AdminFactory()
    with django_capture_on_commit_callbacks(execute=True):
        response = login(root).post(address(mailbox), {"since": "2026-11-01", "begin": "1"}, follow=True)
    row = Mailbox.objects.get()
    assert (row.import_by, row.folders.get().import_until, row.imported) == (root, NOW, 0)
    assert "The import begins within a minute." in said(response)[0]
    assert "running, 0 imported so far" in response.content.decode()
    assert queued.names == ["tickets.tasks.fetch_mail"]


@pytest.mark.parametrize("act", ["look", "begin"])
@pytest.mark.parametrize(
    ("since", "sentence"),
    [
        ("2026-11-19", "Choose a time before the mailbox began"),
        ("long ago", "Enter a valid date"),
        ("", "required"),
    ],
)
def test_a_day_without_sense_is_refused_with_a_sentence(login, mailbox, act, since, sentence):
    html = login(AdminFactory()).post(address(mailbox), {"since": since, act: "1"}).content.decode()
    assert sentence in html
    assert Mailbox.objects.get().import_since is None


def test_a_server_that_does_not_answer_is_explained(login, mailbox, server):
    server.fails_with = ConnectionRefusedError()
    html = login(AdminFactory()).post(address(mailbox), {"since": "2026-11-01", "look": "1"}).content.decode()
    assert "imap.desk.example" in html
    assert 'name="begin"' not in html


@pytest.mark.parametrize(("group", "status"), [("Account manager", 403), ("Team lead", 403)])
def test_nobody_imports_who_may_not_change_mailboxes(login, mailbox, group, status):
    client = login(staff(groups=[group]))
    assert client.post(address(mailbox), {"since": "2026-11-01", "begin": "1"}).status_code == status
    assert Mailbox.objects.get().import_since is None

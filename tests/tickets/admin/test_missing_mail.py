"""The list of mail that a server has and the desk has not: who sees it, and fetching from it."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.adminpages import list_url, run_action
from tests.factories import NOW, MailboxFactory, staff
from tests.imapfake import FakeServer
from tests.rawmail import rawmail
from tickets.models import InboundEmail, MissingMail

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

Login = Callable[[User], Client]


@pytest.fixture
def missing(monkeypatch: pytest.MonkeyPatch) -> MissingMail:
    server = FakeServer()
    server.add(rawmail(), NOW - timedelta(hours=5), uid=7)
    monkeypatch.setattr("tickets.protocols.imap.CheckedClient", server.client)
    mailbox = MailboxFactory(host="imap.desk.example", username="support", password="secret")
    return MissingMail.objects.create(
        mailbox=mailbox, folder="INBOX", uid_validity=1, uid=7, subject="Black screen", found_at=NOW
    )


def test_an_operator_sees_what_is_missing_and_fetches_it(login: Login, missing: MissingMail) -> None:
    client = login(staff(groups=["Operator"]))
    assert "Black screen" in client.get(list_url(MissingMail)).content.decode()
    run_action(client, "fetch", [missing])
    assert InboundEmail.objects.get().received_at == NOW - timedelta(hours=5)
    assert not MissingMail.objects.exists()


def test_who_does_not_run_the_desk_does_not_see_the_list(login: Login, missing: MissingMail) -> None:
    assert login(staff(groups=["Account manager"])).get(list_url(MissingMail)).status_code == 403


def test_a_folder_that_is_no_longer_fetched_is_a_sentence(login: Login, missing: MissingMail) -> None:
    missing.mailbox.folders.update(name="Other")
    page = run_action(login(staff(groups=["Operator"])), "fetch", [missing])
    assert "no longer fetched" in page.content.decode()
    assert MissingMail.objects.exists()

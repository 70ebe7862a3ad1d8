"""manage.py fetch_mail: a line per mailbox, and exit status 1 with a sentence when one failed."""

import pytest
from django.core.management import CommandError, call_command

from tests.factories import NOW, MailboxFactory
from tests.imapfake import FakeServer
from tests.rawmail import rawmail
from tickets.models import Mailbox

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> FakeServer:
    server = FakeServer()
    monkeypatch.setattr("tickets.protocols.imap.CheckedClient", server.client)
    return server


@pytest.fixture
def mailbox() -> Mailbox:
    return MailboxFactory(address="a@desk.example", host="imap.desk.example", username="a", password="secret")


def test_each_mailbox_has_its_line(server, mailbox, capsys, frozen):
    server.add(rawmail(), NOW)
    call_command("fetch_mail")
    assert capsys.readouterr().out == "a@desk.example: 1 new, 0 already known\n"


def test_one_that_fails_is_named_and_the_others_are_fetched(server, mailbox, capsys):
    MailboxFactory(address="b@desk.example", host="imap.desk.example", username="b", password="wrong")
    server.add(rawmail(), NOW)
    with pytest.raises(CommandError, match=r"b@desk.example: The server rejected") as failed:
        call_command("fetch_mail")
    assert failed.value.returncode == 1
    assert "a@desk.example: 1 new" in capsys.readouterr().out


def test_a_mailbox_that_is_named_is_fetched_even_before_its_next_try(server, mailbox, capsys):
    Mailbox.objects.filter(pk=mailbox.pk).update(retry_at=NOW.replace(year=2100))
    call_command("fetch_mail", "--mailbox", "A@desk.example")
    assert "0 new" in capsys.readouterr().out


@pytest.mark.parametrize("host", ["", None])
def test_naming_a_mailbox_that_cannot_be_fetched_is_an_error(host):
    if host is not None:
        MailboxFactory(address="a@desk.example", host=host)
    with pytest.raises(CommandError, match=r"a@desk.example"):
        call_command("fetch_mail", "--mailbox", "a@desk.example")


def test_a_desk_without_imap_says_so(capsys):
    MailboxFactory()
    call_command("fetch_mail")
    assert "nothing to fetch" in capsys.readouterr().out

"""Whatever an IMAP server answers, a person reads a sentence and the other mailboxes go on.

Tests importing, mailbox_comparison and connection_test against a server that answers nonsense.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.urls import reverse

from tests.factories import NOW, AdminFactory, MailboxFactory
from tests.hostileimap import HostileMail, HostileServer, hostile_imap
from tests.rawmail import rawmail
from tickets.errors import DeskError
from tickets.models import Mailbox, MissingMail
from tickets.services.connection_test import try_mailbox
from tickets.services.fetching import fetch_due
from tickets.services.importing import preview_import
from tickets.services.mailbox_comparison import compare_mailboxes, fetch_missing

pytestmark = pytest.mark.django_db

ODD = pytest.mark.parametrize(
    ("field", "answer"),
    [
        ("validity", "nothing"),
        ("validity", "[UIDVALIDITY] ok"),
        ("validity", "[UIDVALIDITY soon] ok"),
        ("validity", "[UIDVALIDITY 7] [UIDNEXT (] ok"),
        ("finds", "* SEARCH soon"),
        ("finds", "* SEARCH (1 2"),
    ],
)


@pytest.fixture
def server() -> Iterator[HostileServer]:
    with hostile_imap() as server:
        server.mails = {1: HostileMail(rawmail(), date='"01-Jan-2020 10:00:00 +0000"')}
        yield server


@pytest.fixture
def mailbox(server: HostileServer) -> Mailbox:
    return MailboxFactory(
        host="127.0.0.1", port=server.port, security="none", username="u", password="the-password"
    )


def answers(server: HostileServer, field: str, answer: str) -> None:
    setattr(server, field, answer)


def sentence_of(work: Callable[[], object]) -> str:
    """What a person reads; any other exception than the desk's own is a page that fails."""
    try:
        work()
    except DeskError as problem:
        return str(problem)
    return "It worked."


@ODD
def test_the_preview_of_an_import_is_a_number_or_a_sentence(server, mailbox, field, answer):
    answers(server, field, answer)
    since = NOW - timedelta(days=4_000)
    assert sentence_of(lambda: preview_import(mailbox=mailbox, since=since, at=NOW)).endswith(".")


@ODD
def test_a_missing_mail_that_cannot_be_fetched_now_is_a_sentence(server, mailbox, field, answer):
    answers(server, field, answer)
    missing = MissingMail.objects.create(mailbox=mailbox, folder="INBOX", uid_validity=7, uid=1, found_at=NOW)
    assert sentence_of(lambda: fetch_missing(missing=missing, at=NOW)).endswith(".")


def test_a_server_without_uidvalidity_is_told_on_the_pages(server, mailbox, client):
    server.validity = "nothing"
    client.force_login(AdminFactory())
    missing = MissingMail.objects.create(mailbox=mailbox, folder="INBOX", uid_validity=7, uid=1, found_at=NOW)
    response = client.post(
        reverse("admin:tickets_mailbox_import", args=[mailbox.pk]), {"since": "2020-01-01"}
    )
    assert (response.status_code, "cannot read" in response.content.decode()) == (200, True)
    with pytest.raises(DeskError, match="cannot read"):
        fetch_missing(missing=missing, at=NOW)
    assert MissingMail.objects.filter(pk=missing.pk).exists()


@ODD
def test_other_mailboxes_are_fetched_and_compared(server, mailbox, field, answer):
    answers(server, field, answer)
    with hostile_imap() as well:
        well.mails = {1: HostileMail(rawmail(message_id="<well@x.example>"))}
        MailboxFactory(
            address="well@desk.example", host="127.0.0.1", port=well.port, security="none",
            username="u", password="the-password",
        )  # fmt: skip
        assert len(fetch_due(read_clock=lambda: NOW)) == 2
        assert [report.problem for report in compare_mailboxes(read_clock=lambda: NOW)][-1] == ""
    assert len(well.commands) > 2


@ODD
def test_the_connection_test_says_what_it_saw(server, mailbox, field, answer):
    answers(server, field, answer)
    steps = try_mailbox(mailbox, folders=["INBOX"], has_new_refresh_token=False, now=NOW)
    assert all(step.text for step in steps)

"""A mailbox that logs in by access token: got, kept, renewed, refused. Token server and IMAP server are real.

Tests connecting and protocols.oauth too.
"""

import logging
from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.factories import NOW, MailboxFactory
from tests.hostileimap import HostileMail, HostileServer, hostile_imap
from tests.rawmail import rawmail
from tests.tokenserver import TokenServer, token_server
from tickets.models import Mailbox
from tickets.models.mailbox import SECRETS, MailLogin, MailSecurity
from tickets.protocols.oauth import AccessToken
from tickets.protocols.problems import TokenRefused
from tickets.services import access_tokens
from tickets.services.access_tokens import client_of, renew_token
from tickets.services.fetching import fetch_mailbox
from tickets.services.leases import FetchReport

pytestmark = pytest.mark.django_db


@pytest.fixture
def tokens(settings) -> Iterator[TokenServer]:
    settings.ALLOW_PRIVATE_TARGETS = True
    with token_server() as server:
        yield server


@pytest.fixture
def server(tokens: TokenServer) -> Iterator[HostileServer]:
    with hostile_imap() as server:
        server.tokens = tokens.accepted_by
        server.mails[1] = HostileMail(rawmail())
        yield server


@pytest.fixture
def mailbox(server: HostileServer, tokens: TokenServer) -> Mailbox:
    return MailboxFactory(
        host="127.0.0.1",
        port=server.port,
        security=MailSecurity.NONE,
        login=MailLogin.REFRESH_TOKEN,
        username="support@desk.example",
        token_url=tokens.url,
        client_id="desk",
        client_secret="client-s3cret",
        refresh_token="refresh-0",
    )


def fetch(mailbox: Mailbox, after: timedelta = timedelta()) -> FetchReport:
    report = fetch_mailbox(mailbox.pk, read_clock=lambda: NOW + after)
    mailbox.refresh_from_db()
    return report


def test_a_token_is_got_for_the_refresh_token_and_kept_encrypted(tokens, server, mailbox):
    assert fetch(mailbox).stored == 1
    assert tokens.asked == [
        {
            "grant_type": "refresh_token", "client_id": "desk", "client_secret": "client-s3cret",
            "refresh_token": "refresh-0",
        }
    ]  # fmt: skip
    assert (mailbox.access_token, mailbox.access_token_until) == ("access-1", NOW + timedelta(hours=1))
    stored = Mailbox.objects.filter(pk=mailbox.pk).extra(select={"raw": "access_token"}).values("raw").get()
    assert "access-1" not in stored["raw"]


@pytest.mark.parametrize(("minutes", "asked"), [(0, 1), (57, 1), (58, 2), (59, 2), (61, 2)])
def test_it_is_kept_until_two_minutes_before_it_expires(tokens, server, mailbox, minutes, asked):
    fetch(mailbox)
    assert fetch(mailbox, timedelta(minutes=minutes)).problem == ""
    assert len(tokens.asked) == asked


def test_a_token_that_the_mail_server_refuses_early_is_renewed_and_tried_once_more(tokens, server, mailbox):
    fetch(mailbox)
    server.tokens.clear()
    assert fetch(mailbox).problem == ""
    assert (tokens.tokens, server.logins) == (["access-1", "access-2"], 3)


def test_a_new_token_that_is_refused_is_reported_and_not_renewed_again(tokens, server, mailbox):
    server.tokens = set()
    report = fetch(mailbox)
    assert "rejected the access token of support@desk.example" in report.problem
    assert (len(tokens.asked), server.logins, mailbox.failures) == (1, 1, 1)


def test_a_refresh_token_that_is_replaced_is_stored_and_used_next_time(tokens, server, mailbox):
    tokens.rotates = True
    fetch(mailbox)
    assert mailbox.refresh_token == "refresh-1"
    assert fetch(mailbox, timedelta(hours=2)).problem == ""
    assert [form["refresh_token"] for form in tokens.asked] == ["refresh-0", "refresh-1"]


def test_with_client_credentials_the_client_asks_in_its_own_name(tokens, server, mailbox):
    scope = "https://outlook.office365.com/.default"
    Mailbox.objects.update(login=MailLogin.CLIENT, scope=scope)
    assert fetch(mailbox).stored == 1
    assert tokens.asked == [
        {
            "grant_type": "client_credentials", "client_id": "desk", "client_secret": "client-s3cret",
            "scope": scope,
        }
    ]  # fmt: skip


def test_a_token_that_another_process_has_got_meanwhile_is_used(tokens, server, mailbox):
    stale = Mailbox.objects.get(pk=mailbox.pk)
    fetch(mailbox)
    assert renew_token(stale, now=NOW) == "access-1"
    assert len(tokens.asked) == 1


@pytest.mark.parametrize(
    "changes", [{"token_url": "http://127.0.0.1:1/"}, {"host": "localhost"}, {"port": 1}, {"security": "tls"}]
)
def test_new_secrets_go_to_no_server_from_before_the_change(tokens, server, mailbox, changes):
    """A fetch that began before somebody entered another account must not log in with the new one's secrets."""
    stale = Mailbox.objects.get(pk=mailbox.pk)
    Mailbox.objects.filter(pk=mailbox.pk).update(refresh_token="newly typed", **changes)
    with pytest.raises(TokenRefused, match="changed meanwhile"):
        renew_token(stale, now=NOW)
    assert tokens.asked == []


def test_a_token_for_the_account_from_before_is_stored_for_no_other(tokens, server, mailbox, monkeypatch):
    def change_while_the_server_answers(client):
        Mailbox.objects.update(host="other.example", refresh_token="newly typed")
        return AccessToken("for the old account", timedelta(hours=1), "old account's next")

    monkeypatch.setattr(access_tokens, "request_token", change_while_the_server_answers)
    with pytest.raises(TokenRefused, match="changed meanwhile"):
        renew_token(mailbox, now=NOW)
    mailbox.refresh_from_db()
    assert (mailbox.access_token, mailbox.refresh_token) == (None, "newly typed")


def test_only_one_process_renews_at_a_time(tokens, server, mailbox):
    Mailbox.objects.update(token_claimed_until=NOW + timedelta(seconds=1))
    assert "right now" in fetch(mailbox).problem
    assert tokens.asked == []
    assert fetch(mailbox, timedelta(seconds=2)).problem == ""


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"client_secret": "wrong"}, "rejected the client ID or secret: invalid_client AADSTS7000215"),
        ({"refresh_token": "old-refresh-token"}, "no longer accepts the refresh token: invalid_grant"),
        ({"token_url": "http://token.nowhere.example/x"}, "no token server named token.nowhere.example"),
        ({"token_url": ""}, "Token address"),
        ({"refresh_token": None}, "refresh token is missing"),
        ({"login": MailLogin.CLIENT, "client_secret": None}, "client secret is missing"),
        ({"client_id": ""}, "client ID"),
    ],
)
def test_why_there_is_no_token_is_said_in_a_sentence(tokens, server, mailbox, caplog, changes, words):
    caplog.set_level(logging.DEBUG)
    Mailbox.objects.update(**changes)
    report = fetch(mailbox)
    assert words in report.problem
    assert mailbox.error == report.problem
    for secret in ("client-s3cret", "refresh-0", "old-refresh-token"):
        assert secret not in report.problem + caplog.text
    assert server.logins == 0


@pytest.mark.parametrize(
    ("status", "answer", "words"),
    [
        (503, "<html>away</html>", "gave no token: HTTP 503"),
        (200, "[1]", "gave no token: HTTP 200"),
        (200, {"access_token": ["a"]}, "gave no token: HTTP 200"),
        (
            400,
            {"error": "invalid_scope", "error_description": "no\n\x00such"},
            "gave no token: invalid_scope no",
        ),
    ],
)
def test_an_odd_answer_is_no_token(tokens, server, mailbox, status, answer, words):
    tokens.status, tokens.answer = status, answer
    assert words in fetch(mailbox).problem
    assert "\x00" not in mailbox.error


def test_nothing_listens_at_the_token_server(tokens, server, mailbox):
    Mailbox.objects.update(token_url="http://127.0.0.1:1/token")
    assert "Nothing is listening at the token server 127.0.0.1:1" in fetch(mailbox).problem


def test_a_private_token_server_is_refused_unless_the_settings_allow_it(tokens, server, mailbox, settings):
    settings.ALLOW_PRIVATE_TARGETS = False
    assert "ALLOW_PRIVATE_TARGETS" in fetch(mailbox).problem
    assert tokens.asked == []


@pytest.mark.parametrize(
    ("expires_in", "life"), [("600", 600), (None, 3600), ("soon", 3600), (-5, 0), (10**9, 86_400)]
)
def test_an_odd_lifetime_is_survived(tokens, server, mailbox, expires_in, life):
    tokens.expires_in = expires_in
    assert fetch(mailbox).problem == ""
    assert mailbox.access_token_until == NOW + timedelta(seconds=life)


def test_no_secret_is_in_what_is_printed(tokens, server, mailbox):
    fetch(mailbox)
    printed = repr(client_of(mailbox)) + repr(mailbox)
    secrets = [getattr(mailbox, name) for name in SECRETS if name != "password"]
    assert [secret for secret in secrets if secret in printed] == []

"""What is wrong with a mailbox is said before it is saved: name, TLS, login, token, folders, sending.

Against real servers on loopback. Tests protocols.certificates and admin.mailbox_test too.
"""

import smtplib
import socket
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from django.urls import reverse
from imapclient.exceptions import IMAPClientAbortError

from tests.factories import NOW, AdminFactory, MailboxFactory, staff
from tests.hostileimap import HostileServer, hostile_imap
from tests.imfake import self_signed
from tests.tokenserver import token_server
from tickets.models import InboundEmail, Mailbox
from tickets.models.mailbox import AfterFetch, MailLogin, MailSecurity
from tickets.protocols import smtp
from tickets.protocols.imap import Account, sentence
from tickets.protocols.smtp import OutgoingMail, SendingResult, ServerReply, SmtpServer, SmtpTransport
from tickets.services import connection_test
from tickets.services.connection_test import TriedStep, try_mailbox

pytestmark = pytest.mark.django_db


@pytest.fixture
def server() -> Iterator[HostileServer]:
    with hostile_imap() as server:
        server.folders = ("INBOX", "Done")
        yield server


def unsaved(port: int, **values: object) -> Mailbox:
    return Mailbox(
        **{
            "address": "support@desk.example", "host": "127.0.0.1", "port": port, "security": MailSecurity.NONE,
            "username": "u", "password": "the-password",
        }
        | values
    )  # fmt: skip


def tried(mailbox: Mailbox, *folders: str) -> dict[str, TriedStep]:
    steps = try_mailbox(mailbox, folders=folders or ("INBOX",), has_new_refresh_token=True, now=NOW)
    assert not [step.text for step in steps if "the-password" in step.text]
    return {step.title: step for step in steps}


def faults(mailbox: Mailbox, *folders: str) -> dict[str, str]:
    return {title: step.text for title, step in tried(mailbox, *folders).items() if not step.is_ok}


def test_all_is_well_and_nothing_is_stored_or_fetched(server):
    steps = tried(unsaved(server.port, after_fetch=AfterFetch.MOVE, move_to="Done"))
    assert list(steps) == ["Server", "Login", "Folder INBOX", "Folder Done for stored email", "Sending"]
    assert all(step.is_ok for step in steps.values())
    assert not InboundEmail.objects.exists()
    assert not Mailbox.objects.exists()
    assert [command for command in server.commands if command.startswith(("UID", "STORE"))] == []


def test_a_missing_folder_names_those_there_are_and_the_next_step_is_tried(server):
    mailbox = unsaved(server.port, after_fetch=AfterFetch.MOVE, move_to="Donne")
    wrong = faults(mailbox, "INBOX", "VIP")
    assert list(wrong) == ["Folder VIP", "Folder Donne for stored email"]
    assert wrong["Folder VIP"].endswith("Mailbox doesn't exist. The server has: Done, INBOX.")


def test_nothing_listens(server):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert "Nothing is listening" in faults(unsaved(port))["Server"]


def test_a_name_that_does_not_exist(server):
    mailbox = unsaved(993, host="imap.nowhere.example", security=MailSecurity.TLS)
    assert "no host named imap.nowhere.example" in faults(mailbox)["Server"]


def test_a_server_that_says_nothing_is_not_waited_for_long(server, monkeypatch):
    monkeypatch.setattr(connection_test, "SECONDS", 0.1)
    server.is_silent = True
    assert "did not respond in time" in faults(unsaved(server.port))["Server"]


def test_a_server_that_speaks_no_tls(server):
    assert "does not speak TLS" in faults(unsaved(server.port, security=MailSecurity.TLS))["Server"]
    assert "offers no STARTTLS" in faults(unsaved(server.port, security=MailSecurity.STARTTLS))["Server"]


@pytest.mark.parametrize(
    ("host", "ends", "is_trusted", "words"),
    [
        ("localhost", timedelta(days=-1), True, "has expired"),
        ("127.0.0.1", timedelta(days=1), True, "is for another name"),
        ("localhost", timedelta(days=1), False, "nobody whom this machine trusts"),
        ("localhost", timedelta(days=1), True, None),
    ],
)
def test_what_is_wrong_with_a_certificate(tmp_path, monkeypatch, host, ends, is_trusted, words):
    path = self_signed(Path(tmp_path) / "server.pem", ends=ends)
    if is_trusted:
        monkeypatch.setenv("SSL_CERT_FILE", path)
    with hostile_imap(certificate=path) as server:
        wrong = faults(unsaved(server.port, host=host, security=MailSecurity.TLS))
    if words is None:
        assert wrong == {}
    else:
        assert words in wrong["Server"]


def test_a_refused_login_is_told_apart_from_the_server(server):
    server.refused_password = "the-password"
    steps = tried(unsaved(server.port))
    assert (steps["Server"].is_ok, steps["Login"].is_ok) == (True, False)
    assert "rejected the user name or password of u" in steps["Login"].text


def test_no_page_shows_a_password_that_the_server_repeats(server):
    server.refused_password, server.echoes = "pass", True
    for password in ("the-password", 'pass"w'):
        assert tried(unsaved(server.port, password=password))["Login"].text.endswith('LOGIN u "***"')


@pytest.mark.parametrize(
    "sent", ["the-password", "\0u\0the-password", "user=u\1auth=Bearer the-password\1\1"]
)
def test_no_page_shows_a_password_that_the_server_repeats_encoded(server, sent):
    encoded = b64encode(sent.encode()).decode()
    server.refused_password, server.says_more = "the-password", f" {encoded}"
    assert tried(unsaved(server.port))["Login"].text.endswith("Authentication failed. ***")
    server.refused_password, server.folders = "", ("Other",)
    assert encoded not in "".join(tried(unsaved(server.port))["Folder INBOX"].text)


def test_a_mail_server_that_repeats_the_password_with_a_refused_mail_shows_it_to_nobody(monkeypatch):
    transport = SmtpTransport(SmtpServer("smtp", "mx", 25, "desk", "hunter2"), timeout=1)
    encoded = b64encode(b"\0desk\0hunter2").decode()
    refused = ServerReply(SendingResult.LATER, f"451 try later {encoded}")
    monkeypatch.setattr(smtp, "_hand_over", lambda *_mail: refused)
    transport.smtp = smtplib.SMTP()
    parcel = OutgoingMail("<1@desk>", "desk@desk.example", "li@company.example", b"")
    assert transport.send(parcel).text == "451 try later ***"


def test_a_cut_connection_tells_nobody_what_the_server_repeated():
    account = Account("mx", 993, "tls", "password", "u", "the-password", "INBOX")
    error = IMAPClientAbortError("LOGIN => dGhlLXBhc3N3b3Jk")
    assert sentence(error, account).endswith("failed: LOGIN => ***")


def test_an_answer_that_nobody_understands_is_a_sentence(server, monkeypatch):
    monkeypatch.setattr(connection_test, "open_session", lambda *_account, **_more: {}["UIDVALIDITY"])
    assert "cannot read" in faults(unsaved(server.port))["Server"]


def test_a_missing_password_asks_no_server(server):
    assert "missing" in faults(unsaved(server.port, password=""))["Server"]
    assert server.commands == []


def test_tokens_are_tried_and_not_stored(server, settings):
    settings.ALLOW_PRIVATE_TARGETS = True
    with token_server() as tokens:
        server.tokens = tokens.accepted_by
        values = {
            "login": MailLogin.REFRESH_TOKEN, "token_url": tokens.url, "client_id": "desk",
            "client_secret": "client-s3cret", "refresh_token": "refresh-0",
        }  # fmt: skip
        assert faults(unsaved(server.port, **values)) == {}
        wrong = faults(unsaved(server.port, **{**values, "refresh_token": "the-wrong-one"}))
        assert list(wrong) == ["Access token"]
        assert "the-wrong-one" not in wrong["Access token"]
        tokens.rotates = True
        assert "replaced the refresh token" in tried(unsaved(server.port, **values))["Access token"].text


def test_a_stored_refresh_token_that_the_test_used_up_is_replaced(server, settings):
    settings.ALLOW_PRIVATE_TARGETS = True
    with token_server() as tokens:
        server.tokens, tokens.rotates = tokens.accepted_by, True
        mailbox = MailboxFactory(
            host="127.0.0.1", port=server.port, security=MailSecurity.NONE, username="u",
            login=MailLogin.REFRESH_TOKEN, token_url=tokens.url, client_id="desk",
            client_secret="client-s3cret", refresh_token="refresh-0",
        )  # fmt: skip
        steps = try_mailbox(mailbox, folders=["INBOX"], has_new_refresh_token=False, now=NOW)
    assert [step.title for step in steps if not step.is_ok] == []
    mailbox.refresh_from_db()
    assert (mailbox.refresh_token, mailbox.access_token, mailbox.token_claimed_until) == (
        "refresh-1",
        None,
        None,
    )


# Sending


@contextmanager
def smtp_server(answer: str = "250 OK", *, password: str = "") -> Iterator[int]:
    class Handler:
        async def handle_MAIL(self, _server, _session, envelope, address, _options):
            envelope.mail_from = address
            return answer

        async def handle_DATA(self, _server, _session, _envelope):
            raise AssertionError("nothing may be sent")

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = {}
    if password:

        def authenticate(_server, _session, _envelope, _mechanism, data) -> AuthResult:
            return AuthResult(success=data.password == password.encode(), handled=False)

        options = {"auth_require_tls": False, "authenticator": authenticate}
    controller = Controller(Handler(), hostname="127.0.0.1", port=port, server_hostname="mx", **options)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


def sending(settings: object, url: str) -> TriedStep:
    settings.SMTP_URL = url  # type: ignore[attr-defined]
    return tried(Mailbox(address="support@desk.example"))["Sending"]


def test_the_mail_server_takes_the_address(settings):
    with smtp_server() as port:
        step = sending(settings, f"smtp://127.0.0.1:{port}")
    assert (step.is_ok, "takes email from support@desk.example" in step.text) == (True, True)


def test_the_mail_server_refuses_the_sender(settings):
    with smtp_server("553 5.7.1 Sender address rejected: not owned") as port:
        step = sending(settings, f"smtp://127.0.0.1:{port}")
    assert (step.is_ok, "takes no email from support@desk.example: 553" in step.text) == (False, True)


def test_the_mail_server_refuses_the_login(settings):
    with smtp_server(password="right") as port:
        step = sending(settings, f"smtp://desk:wrong@127.0.0.1:{port}")
        assert sending(settings, f"smtp://desk:right@127.0.0.1:{port}").is_ok
    assert (step.is_ok, "rejected the user name or password" in step.text) == (False, True)
    assert "wrong" not in step.text


def test_a_mail_server_that_repeats_the_password_shows_it_to_nobody():
    transport = SmtpTransport(SmtpServer("smtp", "mx", 25, "desk", "hunter2"), timeout=1)
    error = smtplib.SMTPAuthenticationError(535, b"no user desk with hunter2")
    assert transport._sentence(error).endswith("535 no user desk with ***")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("smtp://smtp.nowhere.example", "no mail server named smtp.nowhere.example"),
        ("smtp+tls://127.0.0.1:{port}", "lacks what SMTP_URL asks for"),
        ("smtps://127.0.0.1:{port}", "No secure connection"),
        ("smtp://127.0.0.1:1", "cannot be reached"),
    ],
)
def test_why_the_mail_server_cannot_be_used(settings, url, words):
    with smtp_server() as port:
        step = sending(settings, url.format(port=port))
    assert (step.is_ok, words in step.text) == (False, True)


def test_without_a_mail_server_it_says_where_mail_goes(settings):
    settings.SMTP_URL = ""
    step = tried(Mailbox(address="support@desk.example"))["Sending"]
    assert (step.is_ok, "written to files" in step.text) == (True, True)


# The panel


def posted(port: int, **changes: object) -> dict[str, object]:
    return {
        "name": "Support", "address": "help@desk.example", "default_priority": 2, "language": "en", "is_active": "on",
        "protocol": "imap",
        "host": "127.0.0.1", "port": port, "security": "none", "login": "password", "username": "help",
        "folders": "INBOX", "after_fetch": "flag", "password": "the-password",
    } | changes  # fmt: skip


def test_the_form_is_tried_before_it_is_saved(login, server):
    client = login(staff(groups=["Operator"]))
    html = client.post(
        reverse("admin:tickets_mailbox_test"), posted(server.port, folders="VIP")
    ).content.decode()
    assert "Folder VIP" in html
    assert "The server has: Done, INBOX." in html
    assert "the-password" not in html
    assert not Mailbox.objects.exists()


def test_the_stored_password_is_used_where_none_is_typed(login, server):
    mailbox = MailboxFactory(
        host="127.0.0.1", port=server.port, security="none", username="help", password="stored-password"
    )
    address = reverse("admin:tickets_mailbox_test", args=[mailbox.pk])
    html = (
        login(AdminFactory()).post(address, posted(server.port, password="", name="Other")).content.decode()
    )
    assert "help is logged in." in html
    assert 'LOGIN help "stored-password"' in server.commands
    mailbox.refresh_from_db()
    assert mailbox.name != "Other"


def test_what_the_form_refuses_is_not_tried(login, server):
    html = (
        login(AdminFactory())
        .post(reverse("admin:tickets_mailbox_test"), posted(server.port, username=""))
        .content
    )
    assert "Enter the account" in html.decode()
    assert server.commands == []


def test_the_result_speaks_the_language_of_the_reader(login, server):
    html = (
        login(staff(groups=["Operator"], language="zh-hans"))
        .post(reverse("admin:tickets_mailbox_test"), posted(server.port))
        .content.decode()
    )
    assert "help 登录成功。" in html


@pytest.mark.parametrize("group", ["Account manager", "Team lead", "Duty manager", "Support director"])
def test_nobody_else_can_search_the_network_by_it(login, server, group):
    mailbox = MailboxFactory()
    client = login(staff(groups=[group]))
    for arguments in ([], [mailbox.pk]):
        address = reverse("admin:tickets_mailbox_test", args=arguments)
        assert client.post(address, posted(server.port)).status_code == 403
        assert client.get(address).status_code in (403, 405)
    assert server.commands == []


def test_both_pages_have_the_panel(login):
    mailbox = MailboxFactory()
    client = login(AdminFactory())
    for page, arguments in (("add", []), ("change", [mailbox.pk])):
        html = client.get(reverse(f"admin:tickets_mailbox_{page}", args=arguments)).content.decode()
        assert reverse("admin:tickets_mailbox_test", args=arguments) in html

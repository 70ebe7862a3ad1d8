"""Mail over a real SMTP server on loopback, and into a folder."""

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword

from tickets.protocols import smtp
from tickets.protocols.smtp import (
    FolderTransport,
    OutgoingMail,
    SendingResult,
    ServerReply,
    ServerUnreachable,
    SmtpServer,
    SmtpTransport,
    transport,
)


@dataclass
class Server:
    """What the SMTP server says to whom, and what it took."""

    refusals: dict[str, str] = field(default_factory=dict)
    data_answer: str = "250 2.0.0 Taken"
    taken: list[Envelope] = field(default_factory=list)
    port: int = 0
    greeted: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    dislikes: str = ""  # a sender, refused at this command
    dislikes_at: str = ""

    def _refuses(self, command: str, sender: str | None) -> bool:
        return bool(sender) and (sender, command) == (self.dislikes, self.dislikes_at)

    async def handle_MAIL(
        self, _s: Any, _session: Any, envelope: Envelope, address: str, _options: Any
    ) -> str:
        if self._refuses("MAIL", address):
            return "553 5.7.1 Sender address rejected: not owned by user"
        envelope.mail_from = address
        return "250 OK"

    async def handle_EHLO(
        self, _server: Any, session: Any, _envelope: Any, name: str, answers: list[str]
    ) -> list[str]:
        session.host_name = name
        self.greeted.append(name)
        return answers

    async def handle_RCPT(
        self, _s: Any, _session: Any, envelope: Envelope, address: str, _options: Any
    ) -> str:
        self.asked.append(address)
        if self._refuses("RCPT", envelope.mail_from):
            return "553 5.7.1 Sender address rejected: not owned by user"
        answer = self.refusals.get(address, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:
        if self._refuses("DATA", envelope.mail_from):
            return "554 5.2.252 SendAsDenied"
        self.taken.append(envelope)
        return self.data_answer


@pytest.fixture
def start() -> Iterator[Callable[..., Server]]:
    controllers = []

    def started(server: Server, **options: Any) -> Server:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        controller = Controller(server, hostname="127.0.0.1", port=port, server_hostname="mx", **options)
        controller.start()
        controllers.append(controller)
        server.port = port
        return server

    yield started
    for controller in controllers:
        controller.stop()


@pytest.fixture
def server(start: Callable[..., Server]) -> Server:
    return start(Server())


def parcel(recipient: str = "li@company.example", **more: Any) -> OutgoingMail:
    data = b"Subject: x\r\n\r\n.dot\r\nbody\r\n"
    return OutgoingMail("1@desk.example", "support@desk.example", recipient, data, **more)


def send(server: Server, what: OutgoingMail, *, url: str = "smtp://127.0.0.1:{port}") -> ServerReply:
    with SmtpTransport(SmtpServer.from_url(url.format(port=server.port)), timeout=5) as connection:
        return connection.send(what)


def test_a_mail_arrives_with_its_envelope_and_every_byte(server):
    answer = send(server, parcel())
    assert answer == ServerReply(SendingResult.ACCEPTED, "250 2.0.0 Taken", "support@desk.example")
    (envelope,) = server.taken
    assert envelope.mail_from == "support@desk.example"
    assert envelope.rcpt_tos == ["li@company.example"]
    assert envelope.content == b"Subject: x\r\n\r\n.dot\r\nbody\r\n"


def test_the_desk_greets_with_the_domain_of_its_address(server, settings):
    settings.DESK_ADDRESS = "Help <help@客服.example>"
    settings.SMTP_URL = f"smtp://127.0.0.1:{server.port}"
    with transport() as connection:
        connection.send(parcel())
    assert server.greeted == ["xn--ubtq9x.example"]


def test_one_connection_serves_a_batch(server):
    with SmtpTransport(SmtpServer.from_url(f"smtp://127.0.0.1:{server.port}"), timeout=5) as connection:
        answers = [connection.send(parcel()).verdict for _mail in range(3)]
    assert answers == [SendingResult.ACCEPTED] * 3
    assert len(server.taken) == 3


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [("550 5.1.1 no such user", SendingResult.NEVER), ("450 4.2.0 greylisted", SendingResult.LATER)],
)
def test_a_refused_recipient_is_told_with_the_server_s_words(server, reply, verdict):
    server.refusals["li@company.example"] = reply
    answer = send(server, parcel())
    assert answer == ServerReply(verdict, reply)
    assert server.taken == []


@pytest.mark.parametrize(
    ("reply", "verdict"), [("554 5.7.1 spam", SendingResult.NEVER), ("451 4.3.0 busy", SendingResult.LATER)]
)
def test_a_refused_mail_is_told_with_the_server_s_words(server, reply, verdict):
    server.data_answer = reply
    assert send(server, parcel()) == ServerReply(verdict, reply)


def test_the_next_mail_goes_out_after_a_refused_one(server):
    server.refusals["bad@company.example"] = "550 no"
    with SmtpTransport(SmtpServer.from_url(f"smtp://127.0.0.1:{server.port}"), timeout=5) as connection:
        assert connection.send(parcel("bad@company.example")).verdict is SendingResult.NEVER
        assert connection.send(parcel()).verdict is SendingResult.ACCEPTED


def test_a_server_that_closes_is_unreachable(server):
    server.refusals["li@company.example"] = "421 4.3.2 shutting down"
    with pytest.raises(ServerUnreachable):
        send(server, parcel())


def test_a_port_without_a_listener_is_reported_with_its_host_and_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(ServerUnreachable, match=f"127.0.0.1:{port}"):
        send(Server(port=port), parcel())


def test_a_server_that_says_nothing_is_given_up_in_time():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = SmtpServer("smtp", "127.0.0.1", silent.getsockname()[1])
        with (
            SmtpTransport(server, timeout=0.2) as connection,
            pytest.raises(ServerUnreachable, match="in time"),
        ):
            connection.send(parcel())


def login(right: bytes) -> Callable[..., AuthResult]:
    def check(
        _server: Any, _session: Any, _envelope: Any, _mechanism: str, given: LoginPassword
    ) -> AuthResult:
        return AuthResult(success=given.password == right, handled=False)

    return check


@pytest.mark.parametrize("url", ["smtp://ann:p%40ss%2Fword@127.0.0.1:{port}"])
def test_the_password_of_the_url_logs_in(start, url):
    server = start(Server(), authenticator=login(b"p@ss/word"), auth_require_tls=False)
    assert send(server, parcel(), url=url).verdict is SendingResult.ACCEPTED


def test_a_refused_password_is_a_sentence_without_the_password(start, caplog):
    server = start(Server(), authenticator=login(b"right"), auth_require_tls=False)
    with pytest.raises(ServerUnreachable, match="user name or password") as refused:
        send(server, parcel(), url="smtp://ann:s3cret@127.0.0.1:{port}")
    assert "s3cret" not in str(refused.value) + caplog.text + repr(SmtpServer.from_url("smtp://a:s3cret@h"))


def test_a_server_without_starttls_is_reported(server):
    with pytest.raises(ServerUnreachable, match="lacks"):
        send(server, parcel(), url="smtp+tls://127.0.0.1:{port}")


def test_tls_on_a_plain_port_is_reported(server):
    with pytest.raises(ServerUnreachable, match=r"[Ss]ecure|reached"):
        send(server, parcel(), url="smtps://127.0.0.1:{port}")


def test_an_address_beyond_ascii_needs_a_server_that_takes_it(start):
    with_utf8 = start(Server(), enable_SMTPUTF8=True)
    without = start(Server(), enable_SMTPUTF8=False)
    assert send(with_utf8, parcel("李@company.example")).verdict is SendingResult.ACCEPTED
    assert send(without, parcel("李@company.example")).verdict is SendingResult.NEVER


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mx.example", ("smtp", "mx.example", 25, "", "")),
        ("smtp+tls://a:b@mx.example", ("smtp+tls", "mx.example", 587, "a", "b")),
        ("smtps://a%40x:b%3Ac@mx.example:4465", ("smtps", "mx.example", 4465, "a@x", "b:c")),
    ],
)
def test_the_smtp_url_gives_security_host_port_user_and_password(url, expected):
    server = SmtpServer.from_url(url)
    assert (server.security, server.host, server.port, server.user, server.password) == expected


@pytest.mark.parametrize("url", ["smtp://", "smtp://host:99999", "smtp://host:abc", "http://host"])
def test_a_url_that_cannot_be_read_is_a_sentence(url):
    with pytest.raises(ServerUnreachable, match="SMTP_URL"):
        SmtpServer.from_url(url)


# The folder


def test_the_folder_holds_one_file_per_mail_however_often_it_is_sent(tmp_path):
    folder = FolderTransport(tmp_path / "out")
    assert folder.send(parcel()).verdict is SendingResult.ACCEPTED
    (path,) = (tmp_path / "out").iterdir()
    path.write_bytes(b"as it was")
    assert folder.send(parcel()).verdict is SendingResult.ACCEPTED
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["1@desk.example.eml"]
    assert path.read_bytes() == b"as it was"


@pytest.mark.parametrize("message_id", ["../../etc/passwd", "", ".", "x" * 300, "a/b@c"])
def test_no_message_id_leads_out_of_the_folder(tmp_path, message_id):
    path = FolderTransport(tmp_path).path_for(message_id)
    assert path.parent == tmp_path
    assert len(path.name) < 200


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(ServerUnreachable, match="out"):
        FolderTransport(tmp_path / "out").send(parcel())


def test_a_write_that_fails_leaves_no_half_mail(tmp_path, monkeypatch):
    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(smtp.os, "fsync", full)
    with pytest.raises(ServerUnreachable, match="No space left"):
        FolderTransport(tmp_path).send(parcel())
    assert list(tmp_path.iterdir()) == []


def test_the_settings_choose_between_folder_and_smtp(settings):
    assert isinstance(transport(), FolderTransport)
    settings.SMTP_URL = "smtp://mx.example"
    assert isinstance(transport(), SmtpTransport)


# The signed sender


SIGNED = "support+b1-0-x@desk.example"


def signed_parcel() -> OutgoingMail:
    return replace(parcel(), sender=SIGNED, plain_sender="support@desk.example")


def test_a_server_that_takes_the_signed_sender_gets_it(server):
    assert send(server, signed_parcel()).sender == SIGNED
    assert server.taken[0].mail_from == SIGNED


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA"])
def test_a_server_that_refuses_the_signed_sender_gets_the_mail_from_the_plain_one(server, stage, caplog):
    server.dislikes, server.dislikes_at = SIGNED, stage
    answer = send(server, signed_parcel())
    assert (answer.verdict, answer.sender) == (SendingResult.ACCEPTED, "support@desk.example")
    assert [envelope.mail_from for envelope in server.taken] == ["support@desk.example"]
    assert "signed sender" in caplog.text


def test_an_unknown_recipient_is_not_asked_for_twice(server):
    server.refusals["li@company.example"] = "550 5.1.1 no such user"
    assert send(server, signed_parcel()).verdict is SendingResult.NEVER
    assert server.asked == ["li@company.example"]

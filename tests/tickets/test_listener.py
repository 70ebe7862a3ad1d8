"""The mail servers, spoken to over real sockets: what is answered, when, and how often."""

import asyncio
import logging
import smtplib
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from aiosmtpd.smtp import Envelope
from django.db import OperationalError

from customers import time_of_record
from tickets import listener
from tickets.listener import Endpoint, Refusals, Report, report_to_nobody, serve
from tickets.models import InboundEmail, Mailbox

MAIL = b"From: Lin <lin@live.example>\r\nSubject: Room is down\r\n\r\nThe room is down.\r\n"
MOST_BYTES = 300_000


@dataclass
class Store:
    """Stands where the intake stands, and remembers what it was given."""

    kept: list[dict[str, Any]] = field(default_factory=list)
    fails_for: set[str] = field(default_factory=set)
    lookups_fail: bool = False

    def receive_raw(self, *, mailbox: Mailbox, **more: Any) -> None:
        if mailbox.address in self.fails_for:
            raise OperationalError("the disk is full")
        self.kept.append({"mailbox": mailbox.address, **more})

    def mailbox_for(self, address: str) -> Mailbox | None:
        if self.lookups_fail:
            raise OperationalError("the database is away")
        local, _at, domain = address.partition("@")
        known = {"support": 1, "rooms": 2, "客服": 3}
        pk = known.get(local.partition("+")[0]) if domain == "desk.example" else None
        return Mailbox(pk=pk, address=f"{local.partition('+')[0]}@{domain}") if pk else None


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    store = Store()
    monkeypatch.setattr(listener, "receive_raw", store.receive_raw)
    monkeypatch.setattr(listener, "mailbox_for", store.mailbox_for)
    monkeypatch.setattr(listener, "close_old_connections", lambda: None)
    monkeypatch.setattr(time_of_record, "follows_database", lambda: False)  # no test here has a database
    return store


@pytest.fixture(autouse=True)
def _quiet_library(caplog: pytest.LogCaptureFixture) -> None:
    """aiosmtpd logs every command with whatever bytes it has, as `manage.py listen_mail` knows too."""
    caplog.set_level(logging.WARNING, logger="mail.log")


@dataclass
class Ports:
    lmtp: int
    smtp: int


class Server:
    """The servers in a thread with a loop of their own."""

    def __init__(self, report: Report = report_to_nobody) -> None:
        self.report = report
        self.is_open = threading.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def open(self) -> Ports:
        self.thread.start()
        assert self.is_open.wait(10)
        return Ports(*self.ports)

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.stop.set)
        self.thread.join(10)
        assert not self.thread.is_alive()

    async def _serve(self) -> None:
        self.loop, self.stop = asyncio.get_running_loop(), asyncio.Event()
        doors = [Endpoint("lmtp", "127.0.0.1", 0), Endpoint("smtp", "127.0.0.1", 0)]
        await serve(doors, most_bytes=MOST_BYTES, opened=self._opened, stop=self.stop, report=self.report)

    def _opened(self, ports: list[int]) -> None:
        self.ports = ports
        self.is_open.set()


@pytest.fixture
def ports() -> Iterator[Ports]:
    server = Server()
    yield server.open()
    server.close()


class LmtpClient:
    """An LMTP client that shows every answer; smtplib.LMTP reads only the first one after DATA."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.answers = self.socket.makefile("rb")
        assert self.answer().startswith("220")
        self.say(b"LHLO there\r\n")
        self.extensions = self.answer()

    def __enter__(self) -> "LmtpClient":
        return self

    def __exit__(self, *_error: object) -> None:
        self.answers.close()
        self.socket.close()

    def say(self, data: bytes) -> None:
        self.socket.sendall(data)

    def answer(self) -> str:
        lines = []
        while not lines or lines[-1][3:4] == "-":
            lines.append(self.answers.readline().decode())
        return "".join(lines).strip()

    def ask(self, command: str) -> str:
        self.say(command.encode() + b"\r\n")
        return self.answer()

    def deliver(
        self, recipients: Sequence[str], mail: bytes = MAIL, *, sender: str = "lin@live.example"
    ) -> list[str]:
        """Returns the answers after DATA: one is read per accepted recipient, and then one to NOOP."""
        assert self.ask(f"MAIL FROM:<{sender}>").startswith("250")
        accepted = [self.ask(f"RCPT TO:<{recipient}>").startswith("250") for recipient in recipients]
        assert self.ask("DATA").startswith("354")
        self.say(mail + b".\r\n")
        answers = [self.answer() for _accepted in filter(None, accepted)]
        # Were there more answers or fewer, this one would be wrong or missing.
        assert self.ask("VRFY nobody@desk.example").startswith("252")
        return answers


def test_lmtp_answers_once_for_each_recipient(store: Store, ports: Ports) -> None:
    with LmtpClient(ports.lmtp) as client:
        answers = client.deliver(["support@desk.example", "rooms@desk.example"])
    assert [answer[:3] for answer in answers] == ["250", "250"]
    assert [mail["mailbox"] for mail in store.kept] == ["support@desk.example", "rooms@desk.example"]


def test_smtplibs_lmtp_client_receives_one_answer_per_recipient_and_no_more(
    store: Store, ports: Ports
) -> None:
    client = smtplib.LMTP("127.0.0.1", ports.lmtp)
    client.sendmail("lin@live.example", ["support@desk.example", "rooms@desk.example"], MAIL)
    # smtplib itself reads only one answer after DATA.
    assert client.getreply()[0] == 250
    assert client.quit()[0] == 221
    assert len(store.kept) == 2


def test_each_recipient_gets_its_own_answer_when_one_cannot_be_stored(store: Store, ports: Ports) -> None:
    store.fails_for = {"rooms@desk.example"}
    with LmtpClient(ports.lmtp) as client:
        answers = client.deliver(["rooms@desk.example", "support@desk.example"])
    assert [answer[:3] for answer in answers] == ["451", "250"]


def test_two_addresses_of_one_mailbox_store_one_mail_and_get_two_answers(store: Store, ports: Ports) -> None:
    with LmtpClient(ports.lmtp) as client:
        answers = client.deliver(["support@desk.example", "support+t1@desk.example"])
    assert [answer[:3] for answer in answers] == ["250", "250"]
    (mail,) = store.kept
    assert list(mail["envelope_to"]) == ["support@desk.example", "support+t1@desk.example"]


def test_an_unknown_recipient_is_refused_and_the_known_one_still_gets_the_mail(
    store: Store, ports: Ports
) -> None:
    with LmtpClient(ports.lmtp) as client:
        answers = client.deliver(["nobody@desk.example", "support@desk.example"])
    assert [answer[:3] for answer in answers] == ["250"]
    with LmtpClient(ports.lmtp) as client:
        client.ask("MAIL FROM:<lin@live.example>")
        answer = client.ask("RCPT TO:<nobody@desk.example>")
    assert answer == "550 5.1.1 <nobody@desk.example>: this desk has no mailbox with this address"


def test_the_mail_is_stored_byte_for_byte_with_its_envelope(
    store: Store, ports: Ports, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = b"Subject: \xff\xfe raw\r\n\r\n.leading dot\r\nbare\nfeed\r\n\x00\x80\r\n"
    with LmtpClient(ports.lmtp) as client:
        client.deliver(["support@desk.example"], raw.replace(b"\n.", b"\n.."))
    (mail,) = store.kept
    assert mail["raw"] == raw
    assert mail["via"] == "lmtp"
    assert mail["envelope_from"] == "lin@live.example"
    assert abs(mail["received_at"] - datetime.now(UTC)).total_seconds() < 60


def test_a_null_sender_is_normal(store: Store, ports: Ports) -> None:
    with LmtpClient(ports.lmtp) as client:
        client.deliver(["support@desk.example"], sender="")
    assert store.kept[0]["envelope_from"] == ""


def test_a_line_of_a_hundred_thousand_bytes_is_accepted(store: Store, ports: Ports) -> None:
    mail = MAIL + b"<p>" + b"x" * 100_000 + b"</p>\r\n"
    with LmtpClient(ports.lmtp) as client:
        answers = client.deliver(["support@desk.example"], mail)
    assert answers[0].startswith("250")
    assert store.kept[0]["raw"] == mail


def test_a_mail_above_the_limit_is_refused_once_for_each_recipient(store: Store, ports: Ports) -> None:
    mail = MAIL + b"line of text\r\n" * (MOST_BYTES // 14 + 1)
    with LmtpClient(ports.lmtp) as client:
        answers = client.deliver(["support@desk.example", "rooms@desk.example"], mail)
    assert [answer[:3] for answer in answers] == ["552", "552"]
    assert store.kept == []


def test_the_size_limit_is_told_beforehand(store: Store, ports: Ports) -> None:
    with LmtpClient(ports.lmtp) as client:
        assert f"250-SIZE {MOST_BYTES}" in client.extensions
        assert client.ask(f"MAIL FROM:<lin@live.example> SIZE={MOST_BYTES + 1}").startswith("552")


def test_chinese_addresses_are_taken(store: Store, ports: Ports) -> None:
    with LmtpClient(ports.lmtp) as client:
        assert client.ask("MAIL FROM:<林@live.example> SMTPUTF8").startswith("250")
        assert client.ask("RCPT TO:<客服@desk.example>").startswith("250")
        client.ask("DATA")
        client.say(MAIL + b".\r\n")
        assert client.answer().startswith("250")
    assert store.kept[0]["envelope_from"] == "林@live.example"


def test_an_address_of_invalid_bytes_is_refused_with_550(store: Store, ports: Ports) -> None:
    with LmtpClient(ports.lmtp) as client:
        client.ask("MAIL FROM:<lin@live.example>")
        client.say(b"RCPT TO:<\xff\xfe@desk.example>\r\n")
        assert client.answer().startswith("550")


def test_a_database_outage_is_answered_with_a_temporary_error_at_every_step(
    store: Store, ports: Ports
) -> None:
    store.fails_for = {"support@desk.example"}
    with LmtpClient(ports.lmtp) as client:
        answers = client.deliver(["support@desk.example"])
        assert answers[0].startswith("451 4.3.0")
        store.lookups_fail = True
        client.ask("MAIL FROM:<lin@live.example>")
        assert client.ask("RCPT TO:<support@desk.example>").startswith("451 4.3.0")


def test_smtp_answers_once_and_asks_for_the_mail_again_when_one_mailbox_failed(
    store: Store, ports: Ports
) -> None:
    store.fails_for = {"rooms@desk.example"}
    with smtplib.SMTP("127.0.0.1", ports.smtp) as client:
        with pytest.raises(smtplib.SMTPDataError) as refusal:
            client.sendmail("lin@live.example", ["support@desk.example", "rooms@desk.example"], MAIL)
        store.fails_for = set()
        client.sendmail("lin@live.example", ["rooms@desk.example"], MAIL)
    assert refusal.value.smtp_code == 451
    assert [mail["via"] for mail in store.kept] == ["smtp", "smtp"]


def test_250_is_not_said_before_the_mail_is_stored(
    store: Store, ports: Ports, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_commit = threading.Event()
    real: Callable[..., None] = store.receive_raw

    def slow(**more: Any) -> None:
        assert may_commit.wait(10)
        real(**more)

    monkeypatch.setattr(listener, "receive_raw", slow)
    with LmtpClient(ports.lmtp) as client, LmtpClient(ports.lmtp) as other:
        for command in ("MAIL FROM:<lin@live.example>", "RCPT TO:<support@desk.example>", "DATA"):
            client.ask(command)
        client.say(MAIL + b".\r\n")
        # The server goes on serving others meanwhile, and has said nothing yet.
        assert other.ask("NOOP").startswith("250")
        client.socket.setblocking(False)
        with pytest.raises(BlockingIOError):
            client.socket.recv(1)
        client.socket.settimeout(10)
        may_commit.set()
        assert client.answer().startswith("250")


def begin(client: LmtpClient) -> None:
    for command in ("MAIL FROM:<lin@live.example>", "RCPT TO:<support@desk.example>", "DATA"):
        client.ask(command)


def test_mail_is_refused_before_the_disk_is_full_and_taken_again_afterwards(
    store: Store, ports: Ports, settings: Any
) -> None:
    settings.DISK_LEAST_MB = 10_000_000  # more than this machine's disk has
    with LmtpClient(ports.lmtp) as client:
        client.ask("MAIL FROM:<lin@live.example>")
        assert client.ask("RCPT TO:<support@desk.example>").startswith("451 4.3.1 ")
        settings.DISK_LEAST_MB = 0
        client.ask("RSET")
        assert client.deliver(["support@desk.example"])[0].startswith("250")
    assert len(store.kept) == 1


def test_what_was_refused_by_our_fault_is_counted_until_a_mail_is_taken(store: Store, now: datetime) -> None:
    refusals = Refusals()
    hooks = listener.MailServerHooks("lmtp", refusals=refusals, read_clock=lambda: now)
    share = listener.EnvelopeShare(Mailbox(pk=1, address="support@desk.example"), ("support@desk.example",))
    store.fails_for = {"support@desk.example"}
    for _mail in range(2):
        hooks._store_one(Envelope(), share, now)
    assert (refusals.number, refusals.answer) == (2, listener.TRY_LATER)
    assert refusals.at is not None
    store.fails_for = set()
    hooks._store_one(Envelope(), share, now)
    assert refusals == Refusals()


def test_the_listener_reports_in_the_beginning_and_a_report_that_fails_stops_nothing(store: Store) -> None:
    reported = threading.Event()

    def report(refusals: Refusals) -> None:
        assert refusals == Refusals()
        reported.set()
        raise OperationalError("the database is away")

    server = Server(report)
    with LmtpClient(server.open().lmtp) as client:
        assert reported.wait(10)
        assert client.deliver(["support@desk.example"])[0].startswith("250")
    server.close()


def test_whoever_is_sending_when_the_server_stops_is_told_to_try_again(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    server = Server()
    ports = server.open()
    with LmtpClient(ports.lmtp) as idle, LmtpClient(ports.lmtp) as sending:
        begin(sending)
        sending.say(b"Subject: half a mail\r\n")
        server.close()
        assert idle.answer().startswith("421 4.3.2 ")
        assert sending.answer().startswith("421 4.3.2 ")
    assert (store.kept, caplog.records) == ([], [])


def test_a_mail_that_ends_while_the_server_stops_is_refused_without_a_fault(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    told, may_end = threading.Event(), threading.Event()
    close = listener.MailServerHooks.close

    def close_slowly(desk: listener.MailServerHooks) -> None:
        told.set()
        assert may_end.wait(10)
        close(desk)

    monkeypatch.setattr(listener.MailServerHooks, "close", close_slowly)
    server = Server()
    with LmtpClient(server.open().lmtp) as client:
        begin(client)
        server.loop.call_soon_threadsafe(server.stop.set)
        assert told.wait(10)
        client.say(MAIL + b".\r\n")
        assert client.answer().startswith("421 4.3.2 ")
        may_end.set()
    server.thread.join(10)
    assert (store.kept, caplog.records) == ([], [])


def test_a_mail_under_way_is_finished_before_the_server_stops(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    storing, stopping, may_commit = threading.Event(), threading.Event(), threading.Event()
    close = listener.MailServerHooks.close
    monkeypatch.setattr(listener.MailServerHooks, "close", lambda desk: (stopping.set(), close(desk)))

    def slow(**more: Any) -> None:
        storing.set()
        assert may_commit.wait(10)

    monkeypatch.setattr(listener, "receive_raw", slow)
    server = Server()
    with LmtpClient(server.open().lmtp) as client:
        for command in ("MAIL FROM:<lin@live.example>", "RCPT TO:<support@desk.example>", "DATA"):
            client.ask(command)
        client.say(MAIL + b".\r\n")
        assert storing.wait(10)
        server.loop.call_soon_threadsafe(server.stop.set)
        assert stopping.wait(10)
        may_commit.set()
        assert client.answer().startswith("250")
    server.thread.join(10)


@pytest.mark.django_db(transaction=True)
def test_a_mail_that_was_answered_with_250_is_in_the_database(ports: Ports) -> None:
    Mailbox.objects.get_or_create(address="support@desk.example", defaults={"name": "Support"})
    with LmtpClient(ports.lmtp) as client:
        answers = client.deliver(["support@desk.example"])
    assert answers[0].startswith("250")
    inbound = InboundEmail.objects.get()
    assert bytes(inbound.raw) == MAIL
    assert (inbound.via, inbound.envelope_from) == ("lmtp", "lin@live.example")

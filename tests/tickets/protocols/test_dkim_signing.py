"""DKIM signatures, verified by the library's own verifier, also after a real SMTP server."""

import base64
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dkim
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from tests.factories import NOW, AttachmentFactory, OutboundEmailFactory, OutboundMessageFactory
from tickets.choices import OutboxState
from tickets.protocols.dkim_signing import SigningProblem, check_key, signed
from tickets.services.outgoing.delivery import deliver_due

MAIL = b"From: support@desk.example\r\nTo: li@company.example\r\nSubject: Re: x\r\n\r\nUpdate the SDK.\r\n"


@dataclass(frozen=True)
class Key:
    """A key, and what the DNS says about it."""

    pem: bytes
    record: bytes

    def look_up(self, name: bytes, timeout: float = 5) -> bytes:
        assert name == b"desk1._domainkey.desk.example."
        return self.record


@pytest.fixture(scope="module", params=[PrivateFormat.TraditionalOpenSSL, PrivateFormat.PKCS8])
def key(request: pytest.FixtureRequest) -> Key:
    """In the form of older and of newer versions of OpenSSL."""
    made = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    public = made.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return Key(
        made.private_bytes(Encoding.PEM, request.param, NoEncryption()),
        b"v=DKIM1; k=rsa; p=" + base64.b64encode(public),
    )


@pytest.fixture
def with_key(settings: Any, key: Key, tmp_path: Any) -> Key:
    path = tmp_path / "dkim.pem"
    path.write_bytes(key.pem)
    settings.DKIM_KEY_FILE, settings.DKIM_SELECTOR = str(path), "desk1"
    settings.DKIM_DOMAINS = ["desk.example"]
    return key


def sign(data: bytes = MAIL, domain: str = "desk.example") -> bytes:
    return signed(data, domain=domain, name="1")


def verifies(data: bytes, key: Key) -> bool:
    return bool(dkim.verify(data, dnsfunc=key.look_up))


def test_a_signed_mail_verifies_with_the_public_key(with_key):
    data = sign()
    assert data.endswith(MAIL)
    assert b"d=desk.example; " in data.replace(b";\r\n", b"; ")
    assert verifies(data, with_key)


@pytest.mark.parametrize(
    ("before", "after"),
    [(b"Update", b"Delete"), (b"Re: x", b"Re: y"), (b"li@company", b"eve@company"), (b"support@", b"boss@")],
)
def test_a_changed_mail_does_not(with_key, before, after):
    assert not verifies(sign().replace(before, after), with_key)


def test_a_domain_beyond_ascii_is_signed_in_its_ascii_form(with_key, settings):
    settings.DKIM_DOMAINS = ["客服.example"]
    assert b"d=xn--ubtq9x.example" in sign(domain="xn--ubtq9x.example")


@pytest.mark.parametrize("domain", ["rooms.example", "sub.desk.example"])
def test_mail_of_another_domain_is_not_signed(with_key, domain):
    assert sign(domain=domain) == MAIL


def test_without_a_key_nothing_is_signed(settings):
    settings.DKIM_KEY_FILE = ""
    assert sign() == MAIL


def break_by_missing_file(settings: Any) -> None:
    settings.DKIM_KEY_FILE += ".gone"


def break_by_rubbish(settings: Any) -> None:
    rubbish = b"-----BEGIN RSA PRIVATE KEY-----\nSECRETSECRET\n-----END RSA PRIVATE KEY-----\n"
    Path(settings.DKIM_KEY_FILE).write_bytes(rubbish)


def break_by_no_selector(settings: Any) -> None:
    settings.DKIM_SELECTOR = ""


def break_by_half_a_key(settings: Any) -> None:
    path = Path(settings.DKIM_KEY_FILE)
    path.write_bytes(path.read_bytes()[:300])


breaks = pytest.mark.parametrize(
    "breaking", [break_by_missing_file, break_by_rubbish, break_by_no_selector, break_by_half_a_key]
)


@breaks
def test_a_broken_key_stops_no_mail_and_is_told_without_any_of_it(with_key, settings, caplog, breaking):
    breaking(settings)
    assert sign() == MAIL
    assert "Mail 1 leaves without a DKIM signature" in caplog.text
    assert "SECRETSECRET" not in caplog.text
    assert with_key.pem.splitlines()[1].decode() not in caplog.text


@breaks
def test_the_check_says_what_is_wrong(with_key, settings, breaking):
    check_key()
    breaking(settings)
    with pytest.raises(SigningProblem, match=r"DKIM_SELECTOR|dkim\.pem"):
        check_key()


@dataclass
class Inbox:
    """An SMTP server that keeps the bytes of each mail."""

    contents: list[bytes] = field(default_factory=list)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:
        self.contents.append(envelope.original_content or b"")
        return "250 OK"


@pytest.fixture
def inbox(settings: Any) -> Iterator[Inbox]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    inbox = Inbox()
    controller = Controller(inbox, hostname="127.0.0.1", port=port, server_hostname="mx")
    controller.start()
    settings.SMTP_URL = f"smtp://127.0.0.1:{port}"
    yield inbox
    controller.stop()


@pytest.mark.django_db
def test_a_mail_of_the_outbox_still_verifies_behind_an_smtp_server(with_key, inbox):
    message = OutboundMessageFactory()
    AttachmentFactory(message=message, name="日志.txt")
    mail = OutboundEmailFactory(
        message=message,
        sender="支持 <support@desk.example>",
        subject="Re: 黑屏 [SD#1]",
        text=".\n第一行 \n\nFrom here on  \n" + "x" * 2000,
        headers={"References": " ".join(f"<{'r' * 60}{number}@desk.example>" for number in range(9))},
    )
    deliver_due(read_clock=lambda: NOW)
    mail.refresh_from_db()
    assert mail.state == OutboxState.ACCEPTED
    (content,) = inbox.contents
    assert verifies(content, with_key)
    assert not verifies(content.replace(b"Subject: ", b"Subject: a"), with_key)


@pytest.mark.django_db
def test_a_mail_leaves_although_its_key_is_broken(with_key, inbox, settings):
    break_by_rubbish(settings)
    mail = OutboundEmailFactory()
    deliver_due(read_clock=lambda: NOW)
    mail.refresh_from_db()
    assert mail.state == OutboxState.ACCEPTED
    assert b"DKIM-Signature" not in inbox.contents[0]

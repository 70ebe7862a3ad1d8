"""The mail server of the outside world: takes what the desk sends, and can refuse it."""

import email
import email.policy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.flow.waiting import free_port, until


@dataclass(frozen=True)
class Letter:
    """A mail as it arrived outside."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        message = email.message_from_bytes(self.raw, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        return message

    @property
    def text(self) -> str:
        part = self.message.get_body(("plain", "html"))
        return part.get_content() if part else ""


@dataclass
class Outside:
    """Collects letters. Addresses in `refuses` are answered with 550."""

    port: int = field(default_factory=free_port)
    host: str = "127.0.0.1"
    letters: list[Letter] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)

    @contextmanager
    def running(self) -> Iterator["Outside"]:
        controller = Controller(self, hostname=self.host, port=self.port)
        controller.start()
        try:
            yield self
        finally:
            controller.stop()

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address.lower() in self.refuses:
            return f"550 5.1.1 <{address}>: no such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        content = envelope.original_content or b""
        self.letters.append(Letter(envelope.mail_from or "", tuple(envelope.rcpt_tos), content))
        return "250 OK"

    def to(self, address: str) -> list[Letter]:
        return [letter for letter in self.letters if address in letter.recipients]

    def wait_for(self, address: str, words: str, seconds: float = 60) -> Letter:
        """The first letter to the address with these words in its subject or text."""

        def find() -> Letter | None:
            return next(
                (letter for letter in self.to(address) if words in letter.text + letter.message["Subject"]),
                None,
            )

        letter = until(find, f"a letter to {address} with {words!r}", seconds)
        assert letter
        return letter

"""Transports for outgoing mail: an SMTP server, or a folder of .eml files if no server is set.

A transport answers for one mail at a time and raises ServerUnreachable if it cannot serve any.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import re
import smtplib
import socket
import ssl
import tempfile
from dataclasses import dataclass, field, replace
from email.utils import parseaddr
from enum import Enum
from pathlib import Path
from typing import Protocol, Self
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from tickets.lib.tls import verifying_context
from tickets.protocols.connection_faults import certificate_fault
from tickets.protocols.secret_masking import without_secrets

logger = logging.getLogger(__name__)

_BAD_RECIPIENT = re.compile(r"5\d\d[ -]5\.1\.[1-6]\b")  # RFC 3463, 3.2: it is not about the sender


class SendingResult(Enum):
    ACCEPTED = "accepted"
    LATER = "later"
    NEVER = "never"


@dataclass(frozen=True)
class ServerReply:
    """The server's answer to a mail. ``text`` has its words, without any secret.

    ``sender`` is the envelope sender that the server took, empty if there was no envelope.
    """

    verdict: SendingResult
    text: str
    sender: str = ""


class ServerUnreachable(Exception):
    """No mail at all can be sent now. ``str()`` is a sentence for people."""


@dataclass(frozen=True)
class OutgoingMail:
    """A composed mail with its envelope. Each recipient has a transaction of their own, and so an answer.

    ``plain_sender`` is tried if the server refuses the mail from ``sender``.
    """

    message_id: str
    sender: str
    recipient: str
    data: bytes
    plain_sender: str = ""


class Transport(Protocol):
    def send(self, parcel: OutgoingMail) -> ServerReply: ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...


def try_sender(address: str, *, timeout: float) -> str:
    """Ask the mail server if it would take mail from this address, and send none.

    Returns a sentence about where mail would go. Raises ServerUnreachable if it would not be taken.
    """
    if not settings.SMTP_URL:
        words = {"folder": settings.OUTGOING_DIR}
        return _("No SMTP server is set: email is written to files in %(folder)s.") % words
    server = SmtpServer.from_url(settings.SMTP_URL)
    with SmtpTransport(server, timeout=timeout, own_name=_own_name()) as smtp:
        smtp.try_sender(address)
    return _("The mail server %(place)s takes email from %(address)s.") % {
        "place": f"{server.host}:{server.port}",
        "address": address,
    }


def _own_name() -> str:
    return parseaddr(settings.DESK_ADDRESS)[1].rpartition("@")[2]


def transport() -> Transport:
    """The transport that the settings choose: SMTP_URL, otherwise the folder OUTGOING_DIR."""
    if settings.SMTP_URL:
        return SmtpTransport(
            SmtpServer.from_url(settings.SMTP_URL),
            timeout=settings.MAIL_TIMEOUT_SECONDS,
            own_name=_own_name(),
        )
    return FolderTransport(settings.OUTGOING_DIR)


class FolderTransport:
    """Writes each mail to a file named after its Message-ID, so that a mail is never there twice."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def send(self, parcel: OutgoingMail) -> ServerReply:
        path = self.path_for(parcel.message_id)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                self._write(path, parcel.data)
        except OSError as error:
            words = {"folder": self.folder, "error": error.strerror}
            raise ServerUnreachable(_("Cannot write to %(folder)s: %(error)s.") % words) from error
        return ServerReply(SendingResult.ACCEPTED, _("Written to %(name)s") % {"name": path.name})

    def path_for(self, message_id: str) -> Path:
        name = re.sub(r"[^A-Za-z0-9.@_-]", "", message_id).lstrip(".")
        if not name or len(name) > 150:
            name = hashlib.sha256(message_id.encode()).hexdigest()
        return self.folder / f"{name}.eml"

    def _write(self, path: Path, data: bytes) -> None:
        """Write so that readers of the folder see the whole mail or none of it."""
        handle, draft = tempfile.mkstemp(dir=self.folder, prefix=".", suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(draft).replace(path)
        except OSError:
            Path(draft).unlink(missing_ok=True)
            raise


@dataclass(frozen=True)
class SmtpServer:
    """Address and login. ``security`` is smtp (plain), smtp+tls (STARTTLS) or smtps (TLS from the start)."""

    security: str
    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)

    @classmethod
    def from_url(cls, url: str) -> SmtpServer:
        """Read ``smtp://user:password@host:port``. Raises ServerUnreachable with a sentence if it is malformed."""
        parts = urlsplit(url)
        usual = {"smtp": 25, "smtp+tls": 587, "smtps": 465}
        try:
            port = parts.port or usual[parts.scheme]
        except (ValueError, KeyError):
            port = 0
        if not parts.hostname or not port:
            raise ServerUnreachable(
                _("SMTP_URL cannot be read. Write it as smtps://user:password@host:465, with special "
                  "characters in the password percent-encoded.")
            )  # fmt: skip
        return cls(
            parts.scheme, parts.hostname, port, unquote(parts.username or ""), unquote(parts.password or "")
        )


_CANNOT_SEND = (OSError, smtplib.SMTPException, UnicodeError)


class SmtpTransport:
    """One connection for a batch of mails, opened with the first.

    ``own_name`` is how we greet the server; without it the library asks the DNS and may wait for it.
    """

    def __init__(self, server: SmtpServer, *, timeout: float, own_name: str = "localhost") -> None:
        self.server = server
        self.timeout = timeout
        self.own_name = own_name.encode("idna").decode("ascii")
        self.smtp: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self.smtp is not None:
            with contextlib.suppress(*_CANNOT_SEND):
                self.smtp.quit()
            self.smtp.close()

    def send(self, parcel: OutgoingMail) -> ServerReply:
        smtp = self._connected()
        try:
            reply = _hand_over(smtp, parcel)
        except (OSError, smtplib.SMTPServerDisconnected) as error:
            self._forget()
            raise ServerUnreachable(self._sentence(error)) from error
        except smtplib.SMTPResponseException as error:  # the server refused DATA itself
            self._forget()
            verdict = SendingResult.NEVER if error.smtp_code >= 500 else SendingResult.LATER
            reply = ServerReply(verdict, _words(error))
        return replace(reply, text=self._masked(reply.text))

    def try_sender(self, address: str) -> None:
        """Greet, log in and name the sender. Raises ServerUnreachable if the server refuses any of it."""
        smtp = self._connected()
        try:
            code, text = smtp.mail(address, ["SMTPUTF8"] if not address.isascii() else [])
            smtp.rset()
        except _CANNOT_SEND as error:
            self._forget()
            raise ServerUnreachable(self._sentence(error)) from error
        if code != 250:
            words = {
                "place": f"{self.server.host}:{self.server.port}", "address": address,
                "error": self._masked(_reply(code, text)),
            }  # fmt: skip
            raise ServerUnreachable(
                _("The mail server %(place)s takes no email from %(address)s: %(error)s") % words
            )

    def _connected(self) -> smtplib.SMTP:
        if self.smtp is None:
            try:
                self.smtp = self._connect()
            except _CANNOT_SEND as error:
                raise ServerUnreachable(self._sentence(error)) from error
        return self.smtp

    def _connect(self) -> smtplib.SMTP:
        server = self.server
        context = verifying_context()
        if server.security == "smtps":
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, self.own_name, timeout=self.timeout, context=context
            )
        else:
            smtp = smtplib.SMTP(server.host, server.port, self.own_name, timeout=self.timeout)
        try:
            smtp.ehlo_or_helo_if_needed()
            if server.security == "smtp+tls":
                smtp.starttls(context=context)
            if server.user:
                smtp.login(server.user, server.password)
        except _CANNOT_SEND:
            smtp.close()
            raise
        return smtp

    def _forget(self) -> None:
        if self.smtp is not None:
            self.smtp.close()
        self.smtp = None

    def _masked(self, words: str) -> str:
        return without_secrets(words, [self.server.password])

    def _sentence(self, error: Exception) -> str:
        """What is wrong with the server, in words that never contain the password."""
        said = self._masked(_words(error))
        place = {"place": f"{self.server.host}:{self.server.port}", "error": said}
        match error:
            case smtplib.SMTPAuthenticationError():
                return _("The mail server %(place)s rejected the user name or password: %(error)s") % place
            case smtplib.SMTPNotSupportedError():
                return _("The mail server %(place)s lacks what SMTP_URL asks for: %(error)s") % place
            case ssl.SSLCertVerificationError():
                return certificate_fault(error, place["place"])
            case socket.gaierror():
                return _("There is no mail server named %(place)s. Check SMTP_URL.") % place
            case ssl.SSLError():
                return _("No secure connection to the mail server %(place)s: %(error)s") % place
            case _ if _timed_out(error):
                return _("The mail server %(place)s did not respond in time.") % place
        return _("The mail server %(place)s cannot be reached: %(error)s") % place


def _timed_out(error: Exception) -> bool:
    """True for a time-out: in mid-conversation smtplib turns it into "connection closed"."""
    return isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError)


def _hand_over(smtp: smtplib.SMTP, parcel: OutgoingMail) -> ServerReply:
    """Hand the mail over, from the plain sender if the server will not take it from the other.

    Providers that let an account send from its own address only refuse the sender in any of their three answers.
    """
    reply = _transact(smtp, parcel)
    is_refused = reply.verdict is SendingResult.NEVER and not _BAD_RECIPIENT.match(reply.text)
    if not is_refused or parcel.plain_sender in ("", parcel.sender):
        return reply
    plain = _transact(smtp, replace(parcel, sender=parcel.plain_sender))
    if plain.verdict is SendingResult.ACCEPTED:
        logger.warning("The mail server takes no mail from a signed sender: %s", reply.text)
    return plain


def _transact(smtp: smtplib.SMTP, parcel: OutgoingMail) -> ServerReply:
    """One SMTP transaction (RFC 5321, 3.3). A refusal ends in RSET, so that the next mail can follow."""
    smtp.ehlo_or_helo_if_needed()
    options = ["SMTPUTF8"] if _needs_utf8(parcel) else []
    if options and not smtp.has_extn("smtputf8"):
        return ServerReply(
            SendingResult.NEVER, _("The mail server does not accept non-ASCII addresses (SMTPUTF8).")
        )
    code, text = smtp.mail(parcel.sender, options)
    if code != 250:
        return _refused(smtp, code, text)
    code, text = smtp.rcpt(parcel.recipient)
    if code not in (250, 251):
        return _refused(smtp, code, text)
    code, text = smtp.data(parcel.data)
    if code != 250:
        return _refused(smtp, code, text)
    return ServerReply(SendingResult.ACCEPTED, _reply(code, text), parcel.sender)


def _refused(smtp: smtplib.SMTP, code: int, text: bytes) -> ServerReply:
    if code == 421:  # the server is closing the connection: no mail will pass now
        raise smtplib.SMTPServerDisconnected(_reply(code, text))
    smtp.rset()
    return ServerReply(SendingResult.NEVER if code >= 500 else SendingResult.LATER, _reply(code, text))


def _needs_utf8(parcel: OutgoingMail) -> bool:
    return not (parcel.sender.isascii() and parcel.recipient.isascii())


def _reply(code: int, text: bytes) -> str:
    return f"{code} {text.decode('utf-8', 'replace')}".strip()


def _words(error: Exception) -> str:
    match error:
        case smtplib.SMTPResponseException(smtp_code=code, smtp_error=text):
            return _reply(code, text if isinstance(text, bytes) else str(text).encode())
        case smtplib.SMTPException() | ssl.SSLError():
            return str(error)
        case OSError():
            return error.strerror or str(error) or type(error).__name__
    return type(error).__name__

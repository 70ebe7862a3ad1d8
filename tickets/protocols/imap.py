"""IMAP as the desk needs it: reads a folder by UID and reports problems as sentences. Knows no database."""

from __future__ import annotations

import contextlib
import logging
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from imaplib import IMAP4
from ipaddress import ip_address
from typing import Any, cast

from django.utils.translation import gettext as _
from imapclient import DELETED, SEEN, IMAPClient
from imapclient.exceptions import CapabilityError, IMAPClientAbortError, IMAPClientError, LoginError
from imapclient.imap4 import IMAP4WithTimeout
from imapclient.tls import IMAP4_TLS, wrap_socket

from tickets.lib.tls import verifying_context
from tickets.protocols.connection_faults import connection_fault, no_starttls, words_of
from tickets.protocols.mail_hosts import connected_to
from tickets.protocols.problems import FolderRefused, LoginRefused, MailboxProblem
from tickets.protocols.secret_masking import without_secrets

logger = logging.getLogger(__name__)

# Faults that end the connection; any other fault concerns one answer, and the next command can be sent.
LOST_CONNECTION = (OSError, IMAPClientAbortError)

LOOK_EVERY = 1.0  # seconds after which an IDLE looks whether it should end
MOST_EMPTY = 3  # reads in a row that give nothing; TLS has such reads of its own

MOST_IDLE_BYTES = 1_000_000  # of one IDLE: a server that does not stop talking is hung up on
LARGEST_UID = 2**32 - 1  # RFC 9051, 9: nz-number

FIRST_YEAR = 1990  # an internal date before this is a fault of the server


@dataclass(frozen=True)
class Account:
    """Where a mailbox is and how to log in. ``security``: tls, starttls, none; ``login``: password, xoauth2."""

    host: str
    port: int
    security: str
    login: str
    username: str
    secret: str = field(repr=False)
    folder: str

    @property
    def place(self) -> str:
        return f"{self.host}:{self.port}"

    def refuse_plain_text(self) -> None:
        """Raise MailboxProblem if the password would leave this machine without encryption."""
        if self.security == "none" and not _is_loopback(self.host):
            raise MailboxProblem(
                _(
                    "%(host)s is another machine, so the password would be sent in plain text. "
                    "Choose TLS or STARTTLS."
                )
                % {"host": self.host}
            )


@dataclass(frozen=True)
class WaitingMail:
    """A mail in the folder. ``received_at`` is its internal date, in UTC. Values the server cannot give are None."""

    uid: int
    size: int | None
    received_at: datetime | None


@contextlib.contextmanager
def open_folder(account: Account, *, timeout: float) -> Iterator[OpenFolder]:
    """Log in and select the folder. Any fault inside the block is raised as MailboxProblem."""
    with open_session(account, timeout=timeout) as session:
        yield session.select(account.folder)


@contextlib.contextmanager
def open_session(account: Account, *, timeout: float) -> Iterator[ImapSession]:
    """Log in and select nothing. Any fault inside the block is raised as MailboxProblem."""
    try:
        with contextlib.closing(ImapSession(account, timeout=timeout)) as session:
            yield session
    except (OSError, IMAPClientError, UnicodeError) as error:
        kind = LoginRefused if _is_refused_login(error) else MailboxProblem
        raise kind(sentence(error, account)) from error


class OpenFolder:
    """A selected folder. Each method is one or two commands; sequence numbers are never used."""

    def __init__(self, client: IMAPClient, uid_validity: int, uid_next: int | None) -> None:
        self.client = client
        self.uid_validity = uid_validity
        self._uid_next = uid_next

    def uid_next(self) -> int:
        """Above the UID of every mail that is here now. Servers need not announce it unasked (RFC 9051, 2.3.1.1)."""
        return self._uid_next or max(self.uids_above(0), default=0) + 1

    def uids_above(self, last: int) -> list[int]:
        """UIDs above ``last``, oldest first. ``n:*`` always includes the newest mail (RFC 9051, 9: seq-range)."""
        uids = self.client.search(["UID", f"{last + 1}:*"])
        return sorted(uid for uid in uids if last < uid <= LARGEST_UID)

    def describe(self, uids: Sequence[int]) -> list[WaitingMail]:
        """Describe the mails in the given order. A mail whose attributes cannot be read is asked for on its own."""
        try:
            answers = self.client.fetch(uids, ["RFC822.SIZE", "INTERNALDATE"])
        except LOST_CONNECTION:
            raise
        except Exception:  # one impossible date makes the whole answer unreadable
            logger.warning("The sizes and dates of %s mails cannot be read at once", len(uids))
            answers = {}
        return [self._described(uid, answers.get(uid) or {}) for uid in uids]

    def body(self, uid: int, *, at_most: int | None = None) -> bytes | None:
        """The whole mail, left unread on the server; None if it has been removed meanwhile.

        With ``at_most``, only that many bytes, for a mail of unknown size.
        """
        if at_most is None:
            return self._part(uid, "BODY.PEEK[]")
        return self._part(uid, f"BODY.PEEK[]<0.{at_most}>")

    def head(self, uid: int) -> bytes | None:
        return self._part(uid, "BODY.PEEK[HEADER]")

    def mark_read(self, uid: int) -> None:
        self.client.add_flags([uid], [SEEN], silent=True)

    def move(self, uid: int, target: str) -> None:
        if self.client.has_capability("MOVE"):
            self.client.move([uid], target)
        else:
            self.client.copy([uid], target)
            self.delete(uid)

    def delete(self, uid: int) -> None:
        """Delete only this mail. Without UIDPLUS it stays flagged, as EXPUNGE would also remove what others flagged."""
        self.client.add_flags([uid], [DELETED], silent=True)
        if self.client.has_capability("UIDPLUS"):
            self.client.uid_expunge([uid])

    def can_idle(self) -> bool:
        return bool(self.client.has_capability("IDLE"))

    def wait_for_mail(self, *, seconds: float, is_over: Callable[[], bool]) -> bool:
        """IDLE (RFC 2177) until the server tells of new mail, or ``seconds`` have passed, or it ``is_over``.

        Returns True for new mail. The caller begins again before 29 minutes, as servers hang up then.
        """
        with self._at_most(MOST_IDLE_BYTES):
            return self._idle(seconds=seconds, is_over=is_over)

    @contextlib.contextmanager
    def _at_most(self, most_bytes: int) -> Iterator[None]:
        """Raise IMAPClientAbortError inside if the server says more than this."""
        imap, left = self.client._imap, most_bytes
        read = imap.readline

        def readline() -> bytes:
            nonlocal left
            line: bytes = read()
            left -= len(line)
            if left < 0:
                raise IMAPClientAbortError("the server does not stop talking")
            return line

        imap.readline = readline
        try:
            yield
        finally:
            del imap.readline

    def _idle(self, *, seconds: float, is_over: Callable[[], bool]) -> bool:
        self.client.idle()
        for _time in range(MOST_EMPTY):
            if not self._has_said_more():
                break
            _text, said = self.client.idle_done()
            if _tells_of_mail(said):
                return True
            self.client.idle()
        responses = self._idle_responses(time.monotonic() + seconds, is_over)
        _text, last = self.client.idle_done()
        return _tells_of_mail([*responses, *last])

    def _has_said_more(self) -> bool:
        """True if more came together with the answer to IDLE. It is in a buffer, where `idle_check` does not look."""
        connection = self.client.socket()
        before = connection.gettimeout()
        connection.setblocking(False)
        try:
            imap = self.client._imap
            return bool((getattr(imap, "_file", None) or imap.file).peek(1))  # Python 3.14 renamed it
        except OSError:  # nothing to read, over TLS
            return False
        finally:
            connection.settimeout(before)

    def _idle_responses(self, until: float, is_over: Callable[[], bool]) -> list[Any]:
        """What the server said until there was new mail. A cut connection is readable again and again, and empty."""
        responses: list[Any] = []
        empty = 0
        while not _tells_of_mail(responses) and not is_over() and (left := until - time.monotonic()) > 0:
            asked = time.monotonic()
            said = self.client.idle_check(timeout=min(left, LOOK_EVERY))
            empty = empty + 1 if not said and time.monotonic() - asked < min(left, LOOK_EVERY) / 2 else 0
            if empty > MOST_EMPTY:
                raise IMAPClientAbortError("the server ended the connection")
            responses += said
        return responses

    def _described(self, uid: int, answer: dict[bytes, Any]) -> WaitingMail:
        size, date = (
            answer[name] if name in answer else self._attribute(uid, name)
            for name in (b"RFC822.SIZE", b"INTERNALDATE")
        )
        return WaitingMail(uid, size if isinstance(size, int) and size >= 0 else None, _in_utc(date))

    def _attribute(self, uid: int, name: bytes) -> Any:
        try:
            return self.client.fetch([uid], [name.decode()]).get(uid, {}).get(name)
        except LOST_CONNECTION:
            raise
        except Exception as error:
            logger.warning("%s of mail %s cannot be read: %s", name.decode(), uid, type(error).__name__)
            return None

    def _part(self, uid: int, item: str) -> bytes | None:
        """One part of the mail; None if the mail is gone. A literal larger than memory ends the connection."""
        try:
            answer = self.client.fetch([uid], [item]).get(uid, {})
        except (MemoryError, OverflowError) as error:
            raise IMAPClientAbortError(f"mail {uid} is announced with an impossible size") from error
        section = item.removeprefix("BODY.PEEK").partition(".")[0]
        content = answer.get(f"BODY{section}{'>' * ('<' in section)}".encode())
        return content if isinstance(content, bytes) else None


def _tells_of_mail(responses: Sequence[Any]) -> bool:
    """Raises IMAPClientAbortError if the server says goodbye."""
    if any(response[0] == b"BYE" for response in responses):
        raise IMAPClientAbortError("the server ended the connection")
    return any(len(response) > 1 and response[1] in (b"EXISTS", b"RECENT") for response in responses)


def _in_utc(date: object) -> datetime | None:
    if not isinstance(date, datetime) or date.year < FIRST_YEAR:
        return None
    try:
        return date.astimezone(UTC)
    except OverflowError:  # in the last hours that a datetime can represent
        return None


class ImapSession:
    """An authenticated connection."""

    def __init__(self, account: Account, *, timeout: float) -> None:
        self.account = account
        account.refuse_plain_text()
        context = None if account.security == "none" else verifying_context()
        is_tls = account.security == "tls"
        self.client = cast(
            IMAPClient,
            CheckedClient(
                account.host,
                account.port,
                ssl=is_tls,
                ssl_context=context if is_tls else None,
                timeout=timeout,
            ),
        )
        self.client.normalise_times = False  # keep the zone of internal dates
        try:
            # Each command is sent in two writes; the second would wait 40 ms for the server's delayed ACK.
            self.client.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if account.security == "starttls":
                self.client.starttls(context)
            self._log_in()
        except BaseException:
            self.client.shutdown()
            raise

    def folder_names(self) -> list[str]:
        """The folders that can be selected, as a person sees them."""
        listed = self.client.list_folders()
        return sorted(str(name) for flags, _delimiter, name in listed if b"\\Noselect" not in flags)

    def select(self, name: str) -> OpenFolder:
        try:
            answer = self.client.select_folder(name)
        except IMAPClientAbortError:
            raise
        except IMAPClientError as error:
            words = {"folder": name, "error": without_secrets(words_of(error), [self.account.secret])}
            raise FolderRefused(_("The folder %(folder)s cannot be opened: %(error)s") % words) from error
        return OpenFolder(self.client, int(answer[b"UIDVALIDITY"]), answer.get(b"UIDNEXT"))

    def close(self) -> None:
        try:
            self.client.logout()
        except (OSError, IMAPClientError):
            with contextlib.suppress(OSError):
                self.client.shutdown()

    def _log_in(self) -> None:
        if self.account.login == "xoauth2":
            self.client.sasl_login("XOAUTH2", _TokenLogin(self.account))
        else:
            self.client.login(self.account.username, self.account.secret)


class _Plain(IMAP4WithTimeout):
    def _create_socket(self, timeout: float | None = None) -> socket.socket:
        return connected_to(self.host, self.port, timeout or self._timeout)


class _Tls(IMAP4_TLS):
    def _create_socket(self, timeout: float | None = None) -> socket.socket:
        bare = connected_to(self.host, self.port, timeout or self._timeout)
        return wrap_socket(bare, self.ssl_context, self.host)


class CheckedClient(IMAPClient):
    """Connects to checked addresses only."""

    def _create_IMAP4(self) -> IMAP4:
        seconds = getattr(self._timeout, "connect", None)
        if self.ssl:
            return _Tls(self.host, self.port, self.ssl_context, seconds)
        return _Plain(self.host, self.port, seconds)


class _TokenLogin:
    """Answers the challenges of XOAUTH2: first with the token; a second one holds an error, and wants nothing."""

    def __init__(self, account: Account) -> None:
        self.first_answer = f"user={account.username}\1auth=Bearer {account.secret}\1\1"

    def __call__(self, challenge: bytes) -> str:
        answer, self.first_answer = self.first_answer, ""
        return answer


def _is_refused_login(error: Exception) -> bool:
    """False for a connection that broke during the login."""
    return isinstance(error, LoginError) and not isinstance(error.__context__, LOST_CONNECTION)


def sentence(error: Exception, account: Account) -> str:
    """A sentence for people that says what is wrong."""
    said = without_secrets(words_of(error), [account.secret])
    words = {"place": account.place, "user": account.username, "error": said}
    match error:
        case LoginError() if _is_refused_login(error):
            if account.login == "xoauth2":
                return _("The server rejected the access token of %(user)s: %(error)s") % words
            return _("The server rejected the user name or password of %(user)s: %(error)s") % words
        case CapabilityError() if account.security == "starttls":
            return no_starttls(account.place)
        case OSError() | IMAPClientAbortError() | LoginError():
            return connection_fault(error, account.place, said)
    return _("The server %(place)s refused: %(error)s") % words


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"

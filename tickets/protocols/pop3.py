"""POP3 as the desk needs it: which mails there are, by UIDL (RFC 1939). Knows no database.

A mail is asked for by a number made of its UIDL, so that it downloads like a mail of an IMAP folder with its UID.
"""

from __future__ import annotations

import contextlib
import hashlib
import poplib
import socket
import ssl
from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from tickets.lib.tls import verifying_context
from tickets.protocols.connection_faults import connection_fault, no_starttls, words_of
from tickets.protocols.imap import Account, WaitingMail
from tickets.protocols.mail_hosts import connected_to
from tickets.protocols.problems import LoginRefused, MailboxProblem
from tickets.protocols.secret_masking import without_secrets

LONGEST_LINE = 10_000_000  # bytes; the library takes 2,048, and HTML mail has longer ones
LONGEST_UIDL = 255
LONGEST_NUMBER = 20  # digits


@contextlib.contextmanager
def open_maildrop(account: Account, *, timeout: float, most_bytes: int) -> Iterator[Maildrop]:
    """Log in. Any fault inside the block is raised as MailboxProblem. What was deleted is gone after the block."""
    try:
        pop = _connect(account, timeout=timeout)
        try:
            _log_in(pop, account)
            yield Maildrop(pop, account, most_bytes=most_bytes)
            pop.quit()
        finally:
            pop.close()
    except (OSError, poplib.error_proto, UnicodeError) as error:
        raise MailboxProblem(_sentence(error, account)) from error


class Maildrop:
    """The mails that are there. ``uidls`` names them in the server's order, oldest first."""

    def __init__(self, pop: poplib.POP3, account: Account, *, most_bytes: int) -> None:
        self.pop = pop
        self.account = account
        self.most_bytes = most_bytes
        sizes = dict(_pairs(pop.list()[1]))
        named = list(_named(_pairs(pop.uidl()[1])))
        self.uidls = [uidl for _number, uidl in named]
        self._numbers = {key_of(uidl): number for number, uidl in named}
        self._sizes = {key: _size(sizes.get(number)) for key, number in self._numbers.items()}

    def describe(self, uidl: str) -> WaitingMail:
        """POP3 has no time of receipt."""
        return WaitingMail(key_of(uidl), self._sizes.get(key_of(uidl)), None)

    def body(self, uid: int, *, at_most: int | None = None) -> bytes | None:
        """The whole mail. One that is larger than announced ends the connection, as the rest could not be skipped."""
        return self._read("RETR", uid, "", at_most or self.most_bytes)

    def head(self, uid: int) -> bytes | None:
        return self._read("TOP", uid, " 0", self.most_bytes)

    def delete(self, uidl: str) -> None:
        """Raises MailboxProblem if the server refuses; the next command can follow."""
        try:
            self.pop.dele(self._numbers[key_of(uidl)])
        except poplib.error_proto as error:
            words = {"error": without_secrets(_words(error), [self.account.secret])}
            raise MailboxProblem(
                _("Stored email cannot be deleted on the server: %(error)s") % words
            ) from error

    def _read(self, command: str, uid: int, more: str, most_bytes: int) -> bytes:
        self.pop.budget = 2 * most_bytes  # type: ignore[attr-defined]  # a server counts line ends as it likes
        _answer, lines, _octets = self.pop._longcmd(f"{command} {self._numbers[uid]}{more}")  # type: ignore[attr-defined]
        return b"\r\n".join(lines) + b"\r\n"


def key_of(uidl: str) -> int:
    """A number for a UIDL, below 2**56, that stands for it where IMAP has UIDs."""
    return int.from_bytes(hashlib.sha256(uidl.encode()).digest()[:7])


class _LongLines:
    """Lets lines be long, and an answer only so large. An end of the connection is a lost connection."""

    budget = LONGEST_LINE
    file: Any

    def _getline(self) -> tuple[bytes, int]:
        line = self.file.readline(LONGEST_LINE + 1)
        self.budget -= len(line)
        if not line.endswith(b"\n") or self.budget < 0:
            raise ConnectionResetError("the answer ended too early, or not at all")
        return line.rstrip(b"\r\n"), len(line)


class _Pop3(_LongLines, poplib.POP3):
    def _create_socket(self, timeout: float | None) -> socket.socket:
        return connected_to(self.host, self.port, timeout)


class _Pop3Tls(_LongLines, poplib.POP3_SSL):
    def _create_socket(self, timeout: float | None) -> socket.socket:
        bare = connected_to(self.host, self.port, timeout)
        context: ssl.SSLContext = self.context  # type: ignore[attr-defined]  # poplib has it
        return context.wrap_socket(bare, server_hostname=self.host)


def _connect(account: Account, *, timeout: float) -> poplib.POP3:
    account.refuse_plain_text()
    context = verifying_context()
    if account.security == "tls":
        return _Pop3Tls(account.host, account.port, timeout=timeout, context=context)
    pop = _Pop3(account.host, account.port, timeout=timeout)
    if account.security == "starttls":
        try:
            pop.stls(context)
        except poplib.error_proto as error:
            pop.close()
            raise MailboxProblem(no_starttls(account.place)) from error
        except OSError:
            pop.close()
            raise
    return pop


def _log_in(pop: poplib.POP3, account: Account) -> None:
    try:
        pop.user(account.username)
        pop.pass_(account.secret)
    except poplib.error_proto as error:
        words = {"user": account.username, "error": without_secrets(_words(error), [account.secret])}
        raise LoginRefused(
            _("The server rejected the user name or password of %(user)s: %(error)s") % words
        ) from error


def _sentence(error: Exception, account: Account) -> str:
    if isinstance(error, OSError):
        return connection_fault(error, account.place, without_secrets(words_of(error), [account.secret]))
    words = {"place": account.place, "error": without_secrets(_words(error), [account.secret])}
    return _("The server %(place)s refused: %(error)s") % words


def _words(error: Exception) -> str:
    text = error.args[0] if error.args else ""
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text) or type(error).__name__


def _pairs(lines: list[bytes]) -> list[tuple[int, bytes]]:
    """Number and value of each line; lines that are none are left out."""
    parts = [line.split(None, 1) for line in lines]
    return [(int(part[0]), part[1].strip()) for part in parts if len(part) == 2 and _is_number(part[0])]


def _named(pairs: list[tuple[int, bytes]]) -> Iterator[tuple[int, str]]:
    """Number and UIDL of each mail. One that is given again is told apart: it may be another mail."""
    times: Counter[bytes] = Counter()
    for number, name in pairs:
        times[name] += 1
        yield number, _uidl(name if times[name] == 1 else b"%s %d" % (name, times[name]))


def _uidl(name: bytes) -> str:
    text = name.decode("ascii", "backslashreplace").replace("\x00", "")
    return text if len(text) <= LONGEST_UIDL else hashlib.sha256(name).hexdigest()


def _size(text: bytes | None) -> int | None:
    return int(text) if text is not None and _is_number(text) else None


def _is_number(text: bytes) -> bool:
    return text.isdigit() and len(text) <= LONGEST_NUMBER

"""An IMAP server as its client sees it: the part of IMAPClient that the desk uses, without a network.

The real thing is in tests/flow/test_imap_dovecot.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, LoginError


@dataclass
class Kept:
    """A mail on the server."""

    raw: bytes
    received_at: datetime
    flags: set[bytes] = field(default_factory=set)
    is_broken: bool = False


@dataclass
class FakeServer:
    """The state of one account. ``folders`` maps names to mails by UID."""

    password: str = "secret"
    folders: dict[str, dict[int, Kept]] = field(default_factory=lambda: {"INBOX": {}})
    uid_validity: int = 1
    capabilities: set[str] = field(default_factory=lambda: {"MOVE", "UIDPLUS"})
    logins: list[tuple[str, str]] = field(default_factory=list)
    fails_with: Exception | None = None
    dies_at_uid: int | None = None
    most_logins: int = 100
    fetched: list[tuple[int, str]] = field(default_factory=list)

    def add(self, raw: bytes, received_at: datetime, *, uid: int | None = None, **more: Any) -> Kept:
        inbox = self.folders["INBOX"]
        kept = inbox[uid or max(inbox, default=0) + 1] = Kept(raw, received_at, **more)
        return kept

    def client(self, host: str, port: int, **options: Any) -> "FakeClient":
        if self.fails_with is not None:
            raise self.fails_with
        if len(self.logins) >= self.most_logins:
            raise IMAPClientAbortError("socket error: EOF")
        return FakeClient(self)


class FakeClient:
    normalise_times = True

    def __init__(self, server: FakeServer) -> None:
        self.server = server
        self.folder: dict[int, Kept] = {}

    def socket(self) -> "FakeClient":
        """Its connection, of which options may be set."""
        return self

    def setsockopt(self, *_option: int) -> None: ...

    def login(self, username: str, password: str) -> None:
        if password != self.server.password:
            raise LoginError("b'[AUTHENTICATIONFAILED] Authentication failed.'")
        self.server.logins.append((username, "password"))

    def select_folder(self, name: str) -> dict[bytes, int]:
        if name not in self.server.folders:
            raise IMAPClientError("select failed: Mailbox doesn't exist: " + name)
        self.folder = self.server.folders[name]
        return {b"UIDVALIDITY": self.server.uid_validity, b"UIDNEXT": max(self.folder, default=0) + 1}

    def search(self, criteria: Sequence[str]) -> list[int]:
        first = int(criteria[1].partition(":")[0])
        newest = max(self.folder, default=0)
        return [uid for uid in reversed(self.folder) if uid >= first or uid == newest]

    def fetch(self, uids: Sequence[int], items: Sequence[str]) -> dict[int, dict[bytes, Any]]:
        assert not self.normalise_times, "internal dates would lose their zone"
        return {uid: self._answer(uid, items) for uid in uids if uid in self.folder}

    def _answer(self, uid: int, items: Sequence[str]) -> dict[bytes, Any]:
        kept = self.folder[uid]
        if items == ["RFC822.SIZE", "INTERNALDATE"]:
            return {b"RFC822.SIZE": len(kept.raw), b"INTERNALDATE": kept.received_at}
        (item,) = items
        self.server.fetched.append((uid, item))
        if self.server.dies_at_uid == uid:
            raise IMAPClientAbortError("socket error: EOF")
        if item == "BODY.PEEK[HEADER]":
            return {b"BODY[HEADER]": kept.raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"}
        assert item == "BODY.PEEK[]", "anything else would mark the mail as read"
        if kept.is_broken:
            raise IMAPClientError("fetch failed: Internal error occurred")
        return {b"BODY[]": kept.raw}

    def has_capability(self, name: str) -> bool:
        return name in self.server.capabilities

    def add_flags(self, uids: Sequence[int], flags: Sequence[bytes], silent: bool = False) -> None:
        for uid in uids:
            self.folder[uid].flags.update(flags)

    def copy(self, uids: Sequence[int], target: str) -> None:
        if target not in self.server.folders:
            raise IMAPClientError("[TRYCREATE] Mailbox doesn't exist: " + target)
        for uid in uids:
            self.server.folders[target][uid] = self.folder[uid]

    def move(self, uids: Sequence[int], target: str) -> None:
        self.copy(uids, target)
        self.uid_expunge(uids)

    def uid_expunge(self, uids: Sequence[int]) -> None:
        for uid in uids:
            del self.folder[uid]

    def logout(self) -> None:
        return None

    def shutdown(self) -> None:
        return None

"""Watches folders by IDLE, so that new mail is fetched within seconds. Polling goes on and needs none of this.

1. Every few seconds we look which folders there are. Each has a thread with a connection of its own; another password
   or host begins another thread.
2. A thread waits until its server tells of new mail. It reads nothing itself: the queue fetches the mailbox, by the
   same service as polling, so that a process that is stopped leaves no lease behind.
3. A connection that breaks is opened again, later each time. A server without IDLE is left to polling.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from queue import Empty, SimpleQueue

from django.db import DatabaseError, InterfaceError, close_old_connections, connection, connections

from tickets.models import MailboxFolder
from tickets.models.mailbox import SECRETS, MailProtocol
from tickets.protocols.problems import LoginRefused, TokenRefused
from tickets.protocols.secret_masking import without_secrets
from tickets.services.access_tokens import ACCOUNT
from tickets.services.connecting import open_mailbox_folder

logger = logging.getLogger(__name__)

LOOK_EVERY = 10.0  # seconds after which changed mailboxes are noticed
RENEW_AFTER = 9 * 60.0  # seconds of one IDLE: well below 29 minutes, and below what routers forget
WAITS = (
    2.0,
    5.0,
    15.0,
    60.0,
    300.0,
)  # seconds after the first, second, ... break in a row; the last one repeats
# Too many refused logins lock an account, and a server that has no IDLE now will hardly have it soon.
LONG_WAIT = 15 * 60.0

STOP = None


@dataclass
class FolderWatch:
    """One watched folder. ``tell`` gets the key of its mailbox when there is new mail; it is called in a thread."""

    folder: MailboxFolder
    tell: Callable[[int], None]
    read_clock: Callable[[], datetime]
    over: threading.Event = field(default_factory=threading.Event)  # set to end it
    ended: threading.Event = field(default_factory=threading.Event)
    breaks: int = 0

    def start(self) -> None:
        threading.Thread(target=self._run, name=f"watch {self.folder.pk}", daemon=True).start()

    def _run(self) -> None:
        while not self.over.is_set():
            try:
                wait = self._watch()
            except Exception as error:  # whatever one server answers, its folder is watched again
                mailbox = self.folder.mailbox
                said = without_secrets(str(error), mailbox.secrets)
                logger.info("Watching %s of %s: %s", self.folder, mailbox, said)
                wait = self._wait_after(error)
            finally:
                connections.close_all()  # those of this thread
            self.over.wait(wait)
        self.ended.set()

    def _watch(self) -> float:
        """Watch over one connection. Returns how long to wait before the next."""
        with open_mailbox_folder(self.folder, now=self.read_clock()) as opened:
            connections.close_all()  # a token may have been stored; nothing is now for hours
            if not opened.can_idle():
                return LONG_WAIT
            self.tell(self.folder.mailbox_id)  # mail may have come while nobody watched
            while not self.over.is_set():
                if opened.wait_for_mail(seconds=RENEW_AFTER, is_over=self.over.is_set):
                    self.tell(self.folder.mailbox_id)
                self.breaks = 0
        return 0.0

    def _wait_after(self, error: Exception) -> float:
        self.breaks += 1
        if isinstance(error, LoginRefused | TokenRefused):
            return LONG_WAIT
        return WAITS[min(self.breaks, len(WAITS)) - 1]


class MailWatch:
    """All watched folders. ``fetch`` is called with a mailbox's key; ``stop`` may be called in a signal handler."""

    def __init__(self, fetch: Callable[[int], None], *, read_clock: Callable[[], datetime]) -> None:
        self.fetch = fetch
        self.read_clock = read_clock
        self.news: SimpleQueue[int | None] = SimpleQueue()
        self.watches: dict[tuple[object, ...], FolderWatch] = {}

    def run(self) -> None:
        """Watch until `stop`. The threads are not waited for: they hold nothing that anybody needs."""
        try:
            while True:
                self._follow()
                if not self._hear():
                    return
        finally:
            for watch in self.watches.values():
                watch.over.set()

    def stop(self) -> None:
        self.news.put(STOP)

    def _hear(self) -> bool:
        """Have the mailboxes fetched that tell of mail before the next look; False at the end."""
        until = time.monotonic() + LOOK_EVERY
        while (left := until - time.monotonic()) > 0:
            try:
                mailbox = self.news.get(timeout=left)
            except Empty:
                break
            if mailbox is STOP:
                return False
            self._fetch(mailbox)
        return True

    def _fetch(self, mailbox: int) -> None:
        try:
            self.fetch(mailbox)
        except Exception:  # polling fetches it within the minute
            logger.exception("Mailbox %s cannot be fetched at once", mailbox)

    def _follow(self) -> None:
        """Begin to watch folders that are new or changed, and end what is gone."""
        if not connection.in_atomic_block:
            close_old_connections()  # one that the server ended would fail at every look
        try:
            wanted = {_identity(folder): folder for folder in watched_folders()}
        except (DatabaseError, InterfaceError):
            logger.exception("The database does not say which mailboxes there are")
            return
        for gone in self.watches.keys() - wanted.keys():
            self.watches.pop(gone).over.set()
        for identity in wanted.keys() - self.watches.keys():
            self.watches[identity] = FolderWatch(wanted[identity], self.news.put, self.read_clock)
            self.watches[identity].start()


def watched_folders() -> Sequence[MailboxFolder]:
    """The folders of every mailbox that is polled by IMAP. One query."""
    imap = MailboxFolder.objects.filter(mailbox__is_active=True, mailbox__protocol=MailProtocol.IMAP)
    polled = imap.exclude(mailbox__host="")
    return list(polled.select_related("mailbox"))


def _identity(folder: MailboxFolder) -> tuple[object, ...]:
    """What makes a connection another one. Access and refresh tokens change by themselves, and it goes on."""
    mailbox = folder.mailbox
    secrets = [getattr(mailbox, name) for name in SECRETS if not name.endswith("_token")]
    return (folder.pk, folder.name, *(getattr(mailbox, name) for name in ACCOUNT), *secrets)

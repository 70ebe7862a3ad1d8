"""Downloads one mail from a mailbox so that, whatever it contains, the next one can be fetched.

If the whole mail cannot be downloaded, its head is kept; if nothing can, a mail that says so. A mail at which the
connection breaks goes down a ladder, one step per new connection: everything twice, the mail without asking for its
attributes, its head, and then a mail that says so.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Protocol

from django.conf import settings

from tickets.choices import ReceiptTime
from tickets.models import MailboxFolder
from tickets.protocols.imap import FIRST_YEAR, LOST_CONNECTION, OpenFolder, WaitingMail
from tickets.protocols.secret_masking import traceback_without_secrets

logger = logging.getLogger(__name__)

# After this many broken connections at one mail we ask only for its bytes, then only for its head, then pass it over.
BYTES_AFTER = 2
HEAD_AFTER = 3
PASS_AFTER = 4

_RECEIVED = re.compile(
    rb"^Received[ \t]*:(?:.*\r?\n[ \t])*.*;([^;\r\n]*(?:\r?\n[ \t][^;\r\n]*)*)", re.I | re.M
)
MOST_TRACE = 20_000  # bytes in which we look for our server's Received line


class MailSource(Protocol):
    """An open IMAP folder, or a POP3 maildrop."""

    def body(self, uid: int, *, at_most: int | None = None) -> bytes | None: ...

    def head(self, uid: int) -> bytes | None: ...


@dataclass(frozen=True)
class DownloadedMail:
    """``whole_size`` is set if ``raw`` is not the whole mail, which must then stay on its server untouched.

    ``receipt`` tells where ``received_at`` (UTC) comes from.
    """

    raw: bytes
    received_at: datetime
    receipt: ReceiptTime
    whole_size: int | None = None


def describe(folder: MailboxFolder, opened: OpenFolder, uids: Sequence[int]) -> Iterator[WaitingMail]:
    """Describe the waiting mails in order; after a break one by one, to learn which of them breaks the connection."""
    if folder.stuck_uid not in uids:
        with remembering_breaks(folder, uids[0]):
            described = opened.describe(uids)
        yield from described
        return
    for uid in uids:
        if breaks_at(folder, uid) >= BYTES_AFTER:
            yield WaitingMail(uid, None, None)
        else:
            with remembering_breaks(folder, uid):
                described = opened.describe([uid])
            yield from described


def download(
    folder: MailboxFolder, opened: MailSource, waiting: WaitingMail, *, now: datetime
) -> DownloadedMail | None:
    """The mail, or as much of it as can be downloaded; None if it is gone. Raises what ends the connection."""
    raw, is_whole = _bytes_of(folder, opened, waiting, breaks=breaks_at(folder, waiting.uid))
    if raw is None:
        return None
    whole_size = None if is_whole else max(waiting.size or 0, len(raw) + 1)
    received_at, receipt = _receipt(waiting, raw, now=now)
    return DownloadedMail(raw, received_at, receipt, whole_size)


@contextmanager
def remembering_breaks(folder: MailboxFolder, uid: int) -> Iterator[None]:
    """Count a connection that breaks inside, so that the next one asks for less of this mail."""
    try:
        yield
    except LOST_CONNECTION:
        breaks = breaks_at(folder, uid) + 1
        MailboxFolder.objects.filter(pk=folder.pk).update(stuck_uid=uid, stuck_breaks=breaks)
        folder.stuck_uid, folder.stuck_breaks = uid, breaks
        raise


def breaks_at(folder: MailboxFolder, uid: int) -> int:
    """How many connections in a row broke at this mail."""
    return folder.stuck_breaks if folder.stuck_uid == uid else 0


def _bytes_of(
    folder: MailboxFolder, opened: MailSource, waiting: WaitingMail, *, breaks: int
) -> tuple[bytes | None, bool]:
    """The bytes, None if the mail is gone, and whether they are all of it."""
    if breaks < HEAD_AFTER and (waiting.size or 0) <= settings.MAIL_MAX_BYTES:
        at_most = settings.MAIL_MAX_BYTES + 1 if waiting.size is None else None
        try:
            body = opened.body(waiting.uid, at_most=at_most)
            return body, body is None or len(body) != at_most
        except LOST_CONNECTION:
            raise
        except Exception as error:
            _log(folder, f"mail {waiting.uid} whole", error)
    return _head_of(folder, opened, waiting, breaks=breaks), False


def _head_of(folder: MailboxFolder, opened: MailSource, waiting: WaitingMail, *, breaks: int) -> bytes | None:
    if breaks < PASS_AFTER:
        try:
            return opened.head(waiting.uid)
        except LOST_CONNECTION:
            raise
        except Exception as error:
            _log(folder, f"mail {waiting.uid} at all", error)
    words = f"Subject: Mail {waiting.uid} of {folder.name} cannot be fetched from its server\r\n"
    return f"{words}Message-ID: <{unfetched_id(folder, waiting.uid)}>\r\n\r\n".encode()


def _log(folder: MailboxFolder, what: str, error: Exception) -> None:
    mailbox = folder.mailbox
    trace = traceback_without_secrets(error, mailbox.secrets)
    logger.error("%s does not give %s\n%s", mailbox.address, what, trace)


def unfetched_id(folder: MailboxFolder, uid: int) -> str:
    """The Message-ID of the mail that stands in for one that cannot be fetched."""
    return f"{folder.uid_validity}.{uid}@unfetched.{folder.pk}"


def _receipt(waiting: WaitingMail, raw: bytes, *, now: datetime) -> tuple[datetime, ReceiptTime]:
    if waiting.received_at is not None:
        return min(waiting.received_at, now), ReceiptTime.SERVER
    traced = topmost_receipt(raw)
    if traced is not None and traced <= now:
        return traced, ReceiptTime.RECEIVED_LINE
    return now, ReceiptTime.FETCH


def topmost_receipt(raw: bytes) -> datetime | None:
    """The time (UTC) in the topmost Received line, which our own server wrote (RFC 5321, 4.4)."""
    line = _RECEIVED.search(raw[:MOST_TRACE])
    if line is None:
        return None
    try:
        time = parsedate_to_datetime(line[1].decode("ascii", "replace"))
        at = (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, TypeError):
        return None
    return at if at.year >= FIRST_YEAR else None

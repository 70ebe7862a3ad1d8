"""Downloads one mail from a mailbox, so that whatever it holds the next one can be fetched.

A mail that cannot be had whole comes as its head; one that cannot be had at all as a mail that says so. A mail at which
the connection breaks goes down the same ladder, a step with each new connection.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from django.conf import settings

from tickets.choices import ReceiptTime
from tickets.models import Mailbox
from tickets.protocols.imap import LOST_CONNECTION, Folder, WaitingMail

logger = logging.getLogger(__name__)

# Broken connections at one mail after which we ask for its head alone, and after which we go past it.
HEAD_AFTER = 2
PASS_AFTER = 3

_RECEIVED = re.compile(
    rb"^Received[ \t]*:(?:.*\r?\n[ \t])*.*;([^;\r\n]*(?:\r?\n[ \t][^;\r\n]*)*)", re.I | re.M
)
MOST_TRACE = 20_000  # bytes in which we look for our server's Received line


@dataclass(frozen=True)
class DownloadedMail:
    """``whole_size`` is set where ``raw`` is not the whole mail, which must then stay on its server untouched.

    ``receipt`` tells where ``received_at`` (UTC) is from.
    """

    raw: bytes
    received_at: datetime
    receipt: ReceiptTime
    whole_size: int | None = None


def download(
    mailbox: Mailbox, folder: Folder, waiting: WaitingMail, *, now: datetime
) -> DownloadedMail | None:
    """The mail, or what can be had of it; None if it is gone. Raises what ends the connection."""
    raw, whole_size = _bytes_of(mailbox, folder, waiting, breaks=breaks_at(mailbox, waiting.uid))
    if raw is None:
        return None
    received_at, receipt = _receipt(waiting, raw, now=now)
    return DownloadedMail(raw, received_at, receipt, whole_size)


@contextmanager
def remembering_breaks(mailbox: Mailbox, uid: int) -> Iterator[None]:
    """Count a connection that breaks inside, so that the next one asks less of this mail."""
    try:
        yield
    except LOST_CONNECTION:
        breaks = breaks_at(mailbox, uid) + 1
        Mailbox.objects.filter(pk=mailbox.pk).update(stuck_uid=uid, stuck_breaks=breaks)
        mailbox.stuck_uid, mailbox.stuck_breaks = uid, breaks
        raise


def breaks_at(mailbox: Mailbox, uid: int) -> int:
    """How many connections in a row broke at this mail."""
    return mailbox.stuck_breaks if mailbox.stuck_uid == uid else 0


def _bytes_of(
    mailbox: Mailbox, folder: Folder, waiting: WaitingMail, *, breaks: int
) -> tuple[bytes | None, int | None]:
    """The bytes, and the whole size where they are only the head."""
    if breaks < HEAD_AFTER and (waiting.size or 0) <= settings.MAIL_MAX_BYTES:
        at_most = settings.MAIL_MAX_BYTES + 1 if waiting.size is None else None
        try:
            body = folder.body(waiting.uid, at_most=at_most)
            return body, (len(body) if body is not None and len(body) == at_most else None)
        except LOST_CONNECTION:
            raise
        except Exception:
            logger.exception("%s does not give mail %s whole", mailbox.address, waiting.uid)
    return _head_of(mailbox, folder, waiting, breaks=breaks), _more_than_the_limit(waiting)


def _head_of(mailbox: Mailbox, folder: Folder, waiting: WaitingMail, *, breaks: int) -> bytes | None:
    if breaks < PASS_AFTER:
        try:
            return folder.head(waiting.uid)
        except LOST_CONNECTION:
            raise
        except Exception:
            logger.exception("%s does not give mail %s at all", mailbox.address, waiting.uid)
    words = f"Subject: Mail {waiting.uid} of {mailbox.folder} cannot be fetched from its server\r\n"
    return (
        f"{words}Message-ID: <{mailbox.uid_validity}.{waiting.uid}@unfetched.{mailbox.pk}>\r\n\r\n".encode()
    )


def _more_than_the_limit(waiting: WaitingMail) -> int:
    """A size by which everybody sees that the text is missing."""
    return waiting.size if waiting.size is not None else settings.MAIL_MAX_BYTES + 1


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
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, TypeError):
        return None

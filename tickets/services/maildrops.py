"""Fetches POP3 mailboxes. The same order as by IMAP: stored and committed first, then deleted on the server.

A mail is new if we have not seen its UIDL. UIDLs whose mails are gone from the server are forgotten. POP3 tells no time
of receipt: the topmost Received line does, and a mail from before the mailbox began is left alone.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime

from django.conf import settings

from tickets.choices import ReceiptTime
from tickets.models import MailboxFolder, SeenUidl
from tickets.models.mailbox import AfterFetch
from tickets.protocols.pop3 import Maildrop, open_maildrop
from tickets.protocols.problems import MailboxProblem
from tickets.services.connecting import account_of, refuse_gaps
from tickets.services.downloading import download, remembering_breaks, topmost_receipt
from tickets.services.intake import store_once
from tickets.services.leases import FetchReport, ReadClock, renew_lease, save_folder

logger = logging.getLogger(__name__)

RENEW_EVERY = 20  # mails after which the lease is renewed
CHUNK = 500  # UIDLs in one statement


def fetch_maildrop(
    folder: MailboxFolder, report: FetchReport, *, read_clock: ReadClock, stop_at: datetime
) -> None:
    """Fetch what is new. ``folder`` is the only one of its mailbox. Raises MailboxProblem."""
    mailbox = folder.mailbox
    refuse_gaps(mailbox)
    account = account_of(mailbox, mailbox.password or "")
    with open_maildrop(
        account, timeout=settings.MAIL_TIMEOUT_SECONDS, most_bytes=settings.MAIL_MAX_BYTES
    ) as drop:
        seen = dict(folder.seen.values_list("uidl", "is_whole"))
        _forget(folder, seen.keys() - set(drop.uidls))
        _delete_again(folder, drop, seen, report)
        new = [uidl for uidl in drop.uidls if uidl not in seen]
        for place, uidl in enumerate(new):
            if place % RENEW_EVERY == 0 and (
                read_clock() >= stop_at or not renew_lease(mailbox, now=read_clock())
            ):
                return
            _fetch_mail(folder, drop, uidl, report, now=read_clock())
        if not folder.last_uid:
            save_folder(folder, last_uid=1)  # from now on mails are not looked at before they are downloaded


def _forget(folder: MailboxFolder, gone: set[str]) -> None:
    for chunk in _chunks(sorted(gone)):
        folder.seen.filter(uidl__in=chunk).delete()


def _chunks(uidls: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(uidls), CHUNK):
        yield uidls[start : start + CHUNK]


def _delete_again(folder: MailboxFolder, drop: Maildrop, seen: dict[str, bool], report: FetchReport) -> None:
    """Delete what is stored and still there: a server undoes its deletions if the connection breaks before QUIT."""
    if folder.mailbox.after_fetch == AfterFetch.DELETE:
        for uidl in drop.uidls:
            if seen.get(uidl):
                _delete(drop, uidl, report)


def _delete(drop: Maildrop, uidl: str, report: FetchReport) -> None:
    """Delete a stored mail. A server that refuses it stops no other mail."""
    try:
        drop.delete(uidl)
    except MailboxProblem as problem:
        report.problem = str(problem)


def _fetch_mail(
    folder: MailboxFolder, drop: Maildrop, uidl: str, report: FetchReport, *, now: datetime
) -> None:
    """Store one mail, unless it is from before the mailbox began, and remember that we have seen it."""
    waiting = drop.describe(uidl)
    with remembering_breaks(folder, waiting.uid):
        if not folder.last_uid and _is_history(folder, topmost_receipt(_head(drop, waiting.uid))):
            report.older += 1
            _remember(folder, uidl, is_whole=False)
            return
        mail = download(folder, drop, waiting, now=now)
        if mail is None:
            return
        if mail.receipt is ReceiptTime.RECEIVED_LINE and _is_history(folder, mail.received_at):
            report.older += 1
            _remember(folder, uidl, is_whole=False)
            return
        _row, is_new = store_once(
            raw=mail.raw,
            received_at=mail.received_at,
            receipt=mail.receipt,
            via="pop3",
            mailbox=folder.mailbox,
            size=mail.whole_size,
        )
        report.stored += is_new
        report.known += not is_new
        _remember(folder, uidl, is_whole=mail.whole_size is None)
        if folder.mailbox.after_fetch == AfterFetch.DELETE and mail.whole_size is None:
            _delete(drop, uidl, report)


def _head(drop: Maildrop, uid: int) -> bytes:
    """The headers; empty if the server does not give them alone (TOP is optional)."""
    try:
        return drop.head(uid) or b""
    except OSError:
        raise
    except Exception:
        logger.warning("Mail %s of a POP3 mailbox has no headers to look at", uid)
        return b""


def _is_history(folder: MailboxFolder, received_at: datetime | None) -> bool:
    return received_at is not None and received_at < folder.begins_at


def _remember(folder: MailboxFolder, uidl: str, *, is_whole: bool) -> None:
    SeenUidl.objects.get_or_create(folder=folder, uidl=uidl, defaults={"is_whole": is_whole})

"""Looks each day for mail that the servers have and the desk has not, and fetches such mail when a person asks for it.

The fetch goes by UIDs and never looks back, so a fault of a server or of ours would lose a mail in silence. Here the
Message-IDs of the last days are compared with the stored rows; where they do not tell, the bytes do.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError, InterfaceError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from tickets.errors import DeskError
from tickets.mail.parse import parse
from tickets.mail.storable_text import storable_line
from tickets.mail.values import UnreadableMail
from tickets.models import InboundEmail, Mailbox, MailboxFolder, MissingMail
from tickets.models.mailbox import MailProtocol
from tickets.protocols.imap import OpenFolder, WaitingMail
from tickets.services.connecting import open_mailbox_folder
from tickets.services.downloading import download, topmost_receipt, unfetched_id
from tickets.services.fetching import RUN_FOR, batches, problem_of, problems_as_sentences
from tickets.services.intake import fingerprint_of, store_once
from tickets.services.intake.storing import message_id_of
from tickets.services.leases import ReadClock

logger = logging.getLogger(__name__)

LOOK_BACK = timedelta(days=3)
# Mail that came later than this may still be on its way into the desk.
SETTLED = timedelta(hours=1)
MOST_COMPARED = 5_000  # of the newest mails of a folder


@dataclass
class ComparisonReport:
    """What comparing one folder found. ``problem`` is a sentence."""

    place: str
    missing: int = 0
    problem: str = ""

    def __str__(self) -> str:
        return f"{self.place}: {self.problem or f'{self.missing} missing'}"


def compare_mailboxes(*, read_clock: ReadClock) -> list[ComparisonReport]:
    """Compare every folder that is fetched by IMAP, and list what is missing. A folder in trouble stops no other.

    POP3 has no times by which to tell what came lately, and its UIDLs say already what is not stored.
    """
    stop_at = read_clock() + RUN_FOR
    by_imap = MailboxFolder.objects.filter(mailbox__is_active=True, mailbox__protocol=MailProtocol.IMAP)
    polled = by_imap.exclude(mailbox__host="")
    reports = []
    for folder in polled.select_related("mailbox").order_by("pk"):
        if read_clock() >= stop_at:
            break
        report = ComparisonReport(f"{folder.mailbox.address} {folder.name}")
        try:
            report.missing = compare_folder(folder, at=read_clock())
        except (DatabaseError, InterfaceError):
            raise
        except Exception as error:  # whatever one server answers, the other folders must be compared
            report.problem = problem_of(folder.mailbox, error)
            logger.warning("%s", report)
        reports.append(report)
    return reports


def compare_folder(folder: MailboxFolder, *, at: datetime) -> int:
    """List what of the last days is missing, instead of what was listed before; return how much it is."""
    with open_mailbox_folder(folder, now=at) as opened:
        if opened.uid_validity != folder.uid_validity:
            return 0  # the next fetch reads the whole folder
        missing = list(_missing(folder, opened, at=at))
    _list(folder, missing)
    return len(missing)


def fetch_missing(*, missing: MissingMail, at: datetime) -> None:
    """Fetch a missing mail now; the server is left as it is. Raises DeskError."""
    folder = missing.mailbox.folders.filter(name=missing.folder).select_related("mailbox").first()
    if folder is None:
        raise DeskError(_("The folder %(folder)s is no longer fetched.") % {"folder": missing.folder})
    with problems_as_sentences(folder.mailbox), open_mailbox_folder(folder, now=at) as opened:
        is_same = opened.uid_validity == missing.uid_validity
        waiting = opened.describe([missing.uid]) if is_same else []
        mail = download(folder, opened, waiting[0], now=at) if waiting else None
    if mail is not None:
        store_once(
            raw=mail.raw,
            received_at=mail.received_at,
            receipt=mail.receipt,
            via="imap",
            mailbox=folder.mailbox,
            size=mail.whole_size,
        )
    missing.delete()


def _missing(folder: MailboxFolder, opened: OpenFolder, *, at: datetime) -> Iterator[MissingMail]:
    uids = [uid for uid in opened.uids_above(0) if uid <= folder.last_uid][-MOST_COMPARED:]
    for batch in batches(uids):
        heads = [(mail, opened.head(mail.uid)) for mail in opened.describe(batch)]
        recent = [(mail, head) for mail, head in heads if head and _is_recent(folder, mail, head, at)]
        stored = _stored_ids(folder.mailbox, [message_id_of(head) for _mail, head in recent])
        for mail, head in recent:
            message_id = message_id_of(head)
            stored[message_id] -= 1
            if (not message_id or stored[message_id] < 0) and not _is_stored(folder, opened, mail):
                yield _row(folder, mail, head, message_id, at)


def _is_recent(folder: MailboxFolder, mail: WaitingMail, head: bytes, at: datetime) -> bool:
    """True if the mail came in the last days, after the folder began. One without any date counts as recent."""
    received_at = mail.received_at or topmost_receipt(head)
    return received_at is None or max(at - LOOK_BACK, folder.begins_at) <= received_at <= at - SETTLED


def _stored_ids(mailbox: Mailbox, ids: list[str]) -> Counter[str]:
    rows = InboundEmail.objects.filter(mailbox=mailbox, rfc_message_id__in=filter(None, ids))
    return Counter(rows.values_list("rfc_message_id", flat=True))


def _is_stored(folder: MailboxFolder, opened: OpenFolder, mail: WaitingMail) -> bool:
    """True if a row has the same bytes, or says that the mail cannot be fetched. For few: it downloads the mail.

    Of a mail that is too large, rows have only the head.
    """
    rows = InboundEmail.objects.filter(mailbox=folder.mailbox)
    if rows.filter(rfc_message_id=unfetched_id(folder, mail.uid)).exists():
        return True
    is_large = mail.size is None or mail.size > settings.MAIL_MAX_BYTES
    raw = opened.head(mail.uid) if is_large else opened.body(mail.uid)
    return raw is None or rows.filter(fingerprint=fingerprint_of(raw)).exists()


def _row(folder: MailboxFolder, mail: WaitingMail, head: bytes, message_id: str, at: datetime) -> MissingMail:
    try:
        parsed = parse(head)
        sender, subject = (parsed.sender.email if parsed.sender else ""), parsed.subject
    except UnreadableMail:
        sender, subject = "", ""
    return MissingMail(
        mailbox=folder.mailbox,
        folder=folder.name,
        uid_validity=folder.uid_validity or 0,
        uid=mail.uid,
        rfc_message_id=message_id,
        sender=sender[:320],
        subject=storable_line(subject)[:500],
        received_at=mail.received_at or topmost_receipt(head),
        found_at=at,
    )


@transaction.atomic
def _list(folder: MailboxFolder, missing: list[MissingMail]) -> None:
    """Keep the rows of what is still missing, with the time at which it was noticed first."""
    listed = MissingMail.objects.filter(mailbox=folder.mailbox, folder=folder.name)
    still = Q(uid_validity=folder.uid_validity or 0, uid__in=[row.uid for row in missing])
    listed.exclude(still).delete()
    MissingMail.objects.bulk_create(missing, batch_size=500, ignore_conflicts=True)

"""Imports mail from before a mailbox began. It opens closed tickets, promises nothing and tells nobody.

The mails stay untouched on their server. The import goes on every minute after the last UID that it stored, under the
lease of the fetch, so that a mailbox is read by one process at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db import DatabaseError, InterfaceError, transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _

from tickets.errors import DeskError
from tickets.models import Mailbox, MailboxFolder
from tickets.models.mailbox import MailProtocol
from tickets.nudges import nudge_fetch
from tickets.protocols.imap import OpenFolder, WaitingMail
from tickets.services.connecting import open_mailbox_folder
from tickets.services.downloading import describe, download, remembering_breaks
from tickets.services.fetching import (
    RUN_FOR,
    after_problem,
    batches,
    each_folder,
    problem_of,
    problems_as_sentences,
    read_past_stuck_mails,
)
from tickets.services.intake import store_once
from tickets.services.leases import (
    ReadClock,
    due_mailboxes,
    release_lease,
    renew_lease,
    save_folder,
    take_lease,
)

MOST_PREVIEWED = 100_000  # mails in the folder; a preview must end while somebody waits for it


@dataclass(frozen=True)
class ImportPreview:
    """What an import would read: its mails, their size in bytes, and when the first and last one were received."""

    mails: int = 0
    size: int = 0
    first: datetime | None = None
    last: datetime | None = None


@dataclass
class ImportReport:
    """What one run of an import did. ``problem`` is a sentence; the import goes on a minute later."""

    address: str
    stored: int = 0
    known: int = 0
    is_done: bool = False
    problem: str = ""

    def __str__(self) -> str:
        state = self.problem or ("done" if self.is_done else "goes on")
        return f"{self.address}: {self.stored} imported, {self.known} already known; {state}"


def preview_import(*, mailbox: Mailbox, since: datetime, at: datetime) -> ImportPreview:
    """Count the mails that the server received from ``since`` on and before the mailbox began. Raises DeskError."""
    _refuse_impossible(mailbox, since)
    with problems_as_sentences(mailbox):
        chosen = [mail for folder in mailbox.folders.all() for mail in _chosen_mails(folder, since, at)]
    times = sorted(mail.received_at for mail in chosen if mail.received_at is not None)
    sizes = sum(mail.size or 0 for mail in chosen)
    return ImportPreview(len(chosen), sizes, times[0], times[-1]) if times else ImportPreview()


def _chosen_mails(folder: MailboxFolder, since: datetime, at: datetime) -> list[WaitingMail]:
    with open_mailbox_folder(folder, now=at) as opened:
        uids = opened.uids_above(0)[-MOST_PREVIEWED:]
        mails = [mail for batch in batches(uids) for mail in opened.describe(batch)]
    return [mail for mail in mails if _is_chosen(mail.received_at, since, folder.begins_at)]


@transaction.atomic
def begin_import(*, mailbox: Mailbox, since: datetime, actor: User, at: datetime) -> None:
    """Import from ``since`` (UTC) on, beginning within the minute. Mail that is here already is not imported twice.

    Raises DeskError for a time after the mailbox began, and while an import is running.
    """
    _refuse_impossible(mailbox, since)
    idle = Q(import_since=None) | ~Q(import_ended_at=None)
    begun = Mailbox.objects.filter(idle, pk=mailbox.pk).update(
        import_since=since,
        import_by=actor,
        import_begun_at=at,
        import_ended_at=None,
        imported=0,
    )
    if not begun:
        raise DeskError(_("An import of this mailbox is running. Wait until it has ended."))
    mailbox.folders.update(import_until=F("begins_at"), import_validity=None, import_uid=0)
    nudge_fetch()


def import_due(*, read_clock: ReadClock) -> list[ImportReport]:
    """Go on with every import that has not ended. A failure does not stop others."""
    stop_at = read_clock() + RUN_FOR
    waiting = due_mailboxes(read_clock()).exclude(import_since=None).filter(import_ended_at=None)
    reports = []
    for mailbox in waiting.order_by("import_begun_at", "pk"):
        if read_clock() >= stop_at or not take_lease(mailbox, now=read_clock()):
            continue
        reports.append(_import_leased(mailbox, read_clock=read_clock, stop_at=stop_at))
    return reports


def _import_leased(mailbox: Mailbox, *, read_clock: ReadClock, stop_at: datetime) -> ImportReport:
    report = ImportReport(mailbox.address)
    try:
        report.problem = _import_folders(mailbox, report, read_clock=read_clock, stop_at=stop_at)
    except (DatabaseError, InterfaceError):
        raise  # not the mailbox's fault; its lease expires by itself
    except Exception as error:  # whatever one server answers, the other mailboxes must go on
        report.problem = problem_of(mailbox, error)
    failed = after_problem(mailbox, report.problem, now=read_clock()) if report.problem else {}
    release_lease(mailbox, **failed)
    return report


def _refuse_impossible(mailbox: Mailbox, since: datetime) -> None:
    if not mailbox.is_polled:
        raise DeskError(_("This mailbox has no mail server to fetch from."))
    if mailbox.protocol == MailProtocol.POP3:
        raise DeskError(_("Older email can be imported by IMAP only."))
    if since >= max(mailbox.folders.values_list("begins_at", flat=True), default=since):
        raise DeskError(_("Email since then is fetched anyway. Choose a time before the mailbox began."))


def _is_chosen(received_at: datetime | None, since: datetime, until: datetime) -> bool:
    return received_at is not None and since <= received_at < until


def _import_folders(
    mailbox: Mailbox, report: ImportReport, *, read_clock: ReadClock, stop_at: datetime
) -> str:
    def read(folder: MailboxFolder) -> None:
        read_past_stuck_mails(
            folder,
            lambda: _import(folder, report, read_clock=read_clock, stop_at=stop_at),
            read_clock=read_clock,
            stop_at=stop_at,
        )

    problem = each_folder(mailbox, read)
    if not problem and not mailbox.folders.exclude(import_until=None).exists():
        mailbox.import_ended_at = read_clock()
        mailbox.save(update_fields=["import_ended_at"])
        report.is_done = True
    return problem


def _import(folder: MailboxFolder, report: ImportReport, *, read_clock: ReadClock, stop_at: datetime) -> None:
    """Import one folder; at its end, it has no ``import_until`` any more."""
    if folder.import_until is None:
        return
    with open_mailbox_folder(folder, now=read_clock()) as opened:
        if folder.import_validity != opened.uid_validity:
            save_folder(folder, import_validity=opened.uid_validity, import_uid=0)
        for batch in batches(opened.uids_above(folder.import_uid)):
            if read_clock() >= stop_at or not renew_lease(folder.mailbox, now=read_clock()):
                return
            for waiting in describe(folder, opened, batch):
                with remembering_breaks(folder, waiting.uid):
                    _import_mail(folder, opened, waiting, report, now=read_clock())
            save_folder(folder, import_uid=batch[-1])
        save_folder(folder, import_until=None)


def _import_mail(
    folder: MailboxFolder, opened: OpenFolder, waiting: WaitingMail, report: ImportReport, *, now: datetime
) -> None:
    """Store one mail if it was received in the time that was chosen; nothing is changed on the server."""
    since, until = folder.mailbox.import_since, folder.import_until
    if since is None or until is None:
        return
    is_dated = waiting.received_at is not None
    if is_dated and not _is_chosen(waiting.received_at, since, until):
        return
    mail = download(folder, opened, waiting, now=now)
    if mail is None or not _is_chosen(mail.received_at, since, until):
        return
    _row, is_new = store_once(
        raw=mail.raw,
        received_at=mail.received_at,
        receipt=mail.receipt,
        via="imap",
        mailbox=folder.mailbox,
        size=mail.whole_size,
        is_history=True,
    )
    report.stored += is_new
    report.known += not is_new
    save_folder(folder, import_uid=waiting.uid)
    Mailbox.objects.filter(pk=folder.mailbox_id).update(imported=F("imported") + int(is_new))

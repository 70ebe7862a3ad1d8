"""Imports mail from before a mailbox began. It opens closed tickets, promises nothing and tells nobody.

The mails stay untouched on their server. The import goes on every minute after the last UID that it stored, under the
lease of the fetch, so that a mailbox is read by one process at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db import DatabaseError, InterfaceError
from django.db.models import F, Q
from django.utils.translation import gettext as _

from tickets.errors import DeskError
from tickets.models import Mailbox
from tickets.nudges import nudge_fetch
from tickets.protocols.imap import Folder, WaitingMail
from tickets.protocols.problems import MailboxProblem
from tickets.services.connecting import open_mailbox
from tickets.services.downloading import describe, download, remembering_breaks
from tickets.services.fetching import (
    RUN_FOR,
    ReadClock,
    after_problem,
    batches,
    due_mailboxes,
    problem_of,
    read_past_stuck_mails,
    release_lease,
    renew_lease,
    take_lease,
)
from tickets.services.intake import store_once

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
    try:
        with open_mailbox(mailbox, now=at) as folder:
            uids = folder.uids_above(0)[-MOST_PREVIEWED:]
            mails = [mail for batch in batches(uids) for mail in folder.describe(batch)]
    except MailboxProblem as problem:
        raise DeskError(str(problem)) from problem
    chosen = [mail for mail in mails if _is_chosen(mail.received_at, since, mailbox.begins_at)]
    times = sorted(mail.received_at for mail in chosen if mail.received_at is not None)
    sizes = sum(mail.size or 0 for mail in chosen)
    return ImportPreview(len(chosen), sizes, times[0], times[-1]) if times else ImportPreview()


def begin_import(*, mailbox: Mailbox, since: datetime, actor: User, at: datetime) -> None:
    """Import from ``since`` (UTC) on, beginning within the minute. Mail that is here already is not imported twice.

    Raises DeskError for a time after the mailbox began, and while an import is running.
    """
    _refuse_impossible(mailbox, since)
    idle = Q(import_since=None) | ~Q(import_ended_at=None)
    begun = Mailbox.objects.filter(idle, pk=mailbox.pk).update(
        import_since=since,
        import_until=mailbox.begins_at,
        import_by=actor,
        import_begun_at=at,
        import_ended_at=None,
        import_validity=None,
        import_uid=0,
        imported=0,
    )
    if not begun:
        raise DeskError(_("An import of this mailbox is running. Wait until it has ended."))
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
        read_past_stuck_mails(
            mailbox,
            lambda: _import(mailbox, report, read_clock=read_clock, stop_at=stop_at),
            read_clock=read_clock,
            stop_at=stop_at,
        )
    except (DatabaseError, InterfaceError):
        raise  # not the mailbox's fault; its lease expires by itself
    except Exception as error:  # whatever one server answers, the other mailboxes must go on
        report.problem = problem_of(mailbox, error)
    failed = after_problem(mailbox, report.problem, now=read_clock()) if report.problem else {}
    release_lease(mailbox, **failed)
    return report


def _refuse_impossible(mailbox: Mailbox, since: datetime) -> None:
    if not mailbox.is_polled:
        raise DeskError(_("This mailbox has no IMAP host to fetch from."))
    if since >= mailbox.begins_at:
        raise DeskError(_("Email since then is fetched anyway. Choose a time before the mailbox began."))


def _is_chosen(received_at: datetime | None, since: datetime, until: datetime) -> bool:
    return received_at is not None and since <= received_at < until


def _import(mailbox: Mailbox, report: ImportReport, *, read_clock: ReadClock, stop_at: datetime) -> None:
    with open_mailbox(mailbox, now=read_clock()) as folder:
        if mailbox.import_validity != folder.uid_validity:
            _save(mailbox, import_validity=folder.uid_validity, import_uid=0)
        for batch in batches(folder.uids_above(mailbox.import_uid)):
            if read_clock() >= stop_at or not renew_lease(mailbox, now=read_clock()):
                return
            for waiting in describe(mailbox, folder, batch):
                with remembering_breaks(mailbox, waiting.uid):
                    _import_mail(mailbox, folder, waiting, report, now=read_clock())
            _save(mailbox, import_uid=batch[-1])
        _save(mailbox, import_ended_at=read_clock())
        report.is_done = True


def _import_mail(
    mailbox: Mailbox, folder: Folder, waiting: WaitingMail, report: ImportReport, *, now: datetime
) -> None:
    """Store one mail if it was received in the time that was chosen; nothing is changed on the server."""
    since, until = mailbox.import_since, mailbox.import_until
    if since is None or until is None:
        return
    is_dated = waiting.received_at is not None
    if is_dated and not _is_chosen(waiting.received_at, since, until):
        return
    mail = download(mailbox, folder, waiting, now=now)
    if mail is None or not _is_chosen(mail.received_at, since, until):
        return
    _row, is_new = store_once(
        raw=mail.raw,
        received_at=mail.received_at,
        receipt=mail.receipt,
        via="imap",
        mailbox=mailbox,
        size=mail.whole_size,
        is_history=True,
    )
    report.stored += is_new
    report.known += not is_new
    _save(mailbox, import_uid=waiting.uid)
    Mailbox.objects.filter(pk=mailbox.pk).update(imported=F("imported") + int(is_new))


def _save(mailbox: Mailbox, **values: object) -> None:
    for name, value in values.items():
        setattr(mailbox, name, value)
    mailbox.save(update_fields=list(values))

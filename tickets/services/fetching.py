"""Fetches mailboxes: each mail is stored and committed before it is touched on the server. POP3 is in maildrops.

1. We lease the mailbox for a while, so that two hosts never read it at once.
2. In each folder we fetch every UID above the last one, oldest first. If the folder or its UIDVALIDITY is new to us, we
   read it from the beginning: mail from before the folder began in the desk is history and is left alone, and mail that
   is stored already is recognised by its fingerprint.
3. After the commit we mark, move or delete the mail on the server, then we remember the UID.

People may read the mailbox elsewhere, so we never look at flags.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, InterfaceError
from django.db.models import F
from django.utils.translation import gettext as _

from tickets.errors import DeskError
from tickets.models import Mailbox, MailboxFolder
from tickets.models.mailbox import AfterFetch, MailProtocol
from tickets.protocols.imap import LOST_CONNECTION, OpenFolder, WaitingMail
from tickets.protocols.problems import FolderRefused, LoginRefused, MailboxProblem, TokenRefused
from tickets.protocols.secret_masking import traceback_without_secrets, without_secrets
from tickets.services.connecting import open_mailbox_folder
from tickets.services.downloading import breaks_at, describe, download, remembering_breaks
from tickets.services.intake import store_once
from tickets.services.leases import (
    WAITS,
    FetchReport,
    ReadClock,
    due_mailboxes,
    release_lease,
    renew_lease,
    save_folder,
    take_lease,
)
from tickets.services.mailbox_alarms import record_recovery, record_trouble
from tickets.services.maildrops import fetch_maildrop

logger = logging.getLogger(__name__)

BATCH = 100
# After this time no further batch or mailbox is begun; the next minute's task goes on.
RUN_FOR = timedelta(seconds=100)


def fetch_due(*, read_clock: ReadClock) -> list[FetchReport]:
    """Fetch every polled mailbox that is due, the one untouched for longest first. A failure does not stop others."""
    stop_at = read_clock() + RUN_FOR
    reports = []
    waiting = due_mailboxes(read_clock()).order_by(F("fetched_at").asc(nulls_first=True), "pk")
    for pk in list(waiting.values_list("pk", flat=True)):
        if read_clock() >= stop_at:
            break
        reports.append(fetch_mailbox(pk, read_clock=read_clock, stop_at=stop_at))
    return reports


def fetch_mailbox(pk: int, *, read_clock: ReadClock, stop_at: datetime | None = None) -> FetchReport:
    """Fetch one mailbox now, even after earlier failures, and record the result on its row."""
    mailbox = Mailbox.objects.get(pk=pk)
    report = FetchReport(mailbox.address)
    if not take_lease(mailbox, now=read_clock()):
        report.problem = _("It is being fetched right now.")
        return report
    until = stop_at or read_clock() + RUN_FOR
    folders_in_trouble, is_refusal = "", False
    try:
        folders_in_trouble = _fetch_folders(mailbox, report, read_clock=read_clock, stop_at=until)
    except (DatabaseError, InterfaceError):
        raise  # not the mailbox's fault; its lease expires by itself
    except Exception as error:  # whatever one server answers, the other mailboxes must be fetched
        report.problem = problem_of(mailbox, error)
        is_refusal = isinstance(error, LoginRefused | TokenRefused)
    if report.problem:
        logger.warning("%s", report)
        release_lease(mailbox, **after_problem(mailbox, report.problem, now=read_clock()))
    else:
        release_lease(mailbox, fetched_at=read_clock(), failures=0, retry_at=None, error=folders_in_trouble)
        report.problem = folders_in_trouble
    _raise_or_end_alarm(mailbox, report.problem, is_refusal=is_refusal, at=read_clock())
    return report


def _raise_or_end_alarm(mailbox: Mailbox, problem: str, *, is_refusal: bool, at: datetime) -> None:
    try:
        if problem:
            record_trouble(mailbox, problem, is_refusal=is_refusal, at=at)
        else:
            record_recovery(mailbox, at=at)
    except Exception:  # the next mailbox must be fetched, and the next fetch tries it again
        logger.exception("The operators could not be told about %s", mailbox.address)


def problem_of(mailbox: Mailbox, error: Exception) -> str:
    """A sentence about why the mailbox could not be read."""
    if isinstance(error, FolderRefused):
        return str(error)  # a line for each folder
    if isinstance(error, MailboxProblem):
        return " ".join(str(error).split())
    logger.error("Reading %s failed\n%s", mailbox.address, traceback_without_secrets(error, mailbox.secrets))
    words = {"error": without_secrets(f"{type(error).__name__}: {error}", mailbox.secrets)}
    return _("The server sent a response that the desk cannot read (%(error)s).") % words


@contextmanager
def problems_as_sentences(mailbox: Mailbox) -> Iterator[None]:
    """Raise whatever goes wrong inside as a DeskError: somebody waits for the answer of this server."""
    try:
        yield
    except (DatabaseError, InterfaceError, DeskError):
        raise
    except Exception as error:  # a server may answer anything
        raise DeskError(problem_of(mailbox, error)) from error


def after_problem(mailbox: Mailbox, problem: str, *, now: datetime) -> dict[str, Any]:
    """What to record of a problem: its sentence, and when to try again."""
    wait = WAITS[min(mailbox.failures, len(WAITS) - 1)]
    return {
        "failures": F("failures") + 1,
        "retry_at": now + timedelta(minutes=wait),
        "error": problem.replace("\x00", ""),
    }


def read_past_stuck_mails(
    folder: MailboxFolder, read: Callable[[], None], *, read_clock: ReadClock, stop_at: datetime
) -> None:
    """Reconnect as long as the connection breaks at a mail; each time less of that mail is asked for."""
    while True:
        stuck = (folder.stuck_uid, folder.stuck_breaks)
        try:
            return read()
        except MailboxProblem as problem:
            if (folder.stuck_uid, folder.stuck_breaks) == stuck or read_clock() >= stop_at:
                raise
            logger.warning("%s: at mail %s: %s", folder.mailbox.address, folder.stuck_uid, problem)


def each_folder(mailbox: Mailbox, read: Callable[[MailboxFolder], None]) -> str:
    """Call ``read`` for every folder. One that cannot be opened stops no other; returns what is wrong, a line each.

    If none can be opened, or for any other problem, raises MailboxProblem.
    """
    folders = list(mailbox.folders.all())
    if not folders:
        raise MailboxProblem(_("No folder is entered on the mailbox."))
    problems = []
    for folder in folders:
        try:
            read(folder)
        except FolderRefused as problem:
            problems.append(str(problem))
    if len(problems) == len(folders):
        raise FolderRefused("\n".join(problems))
    return "\n".join(problems)


def _fetch_folders(mailbox: Mailbox, report: FetchReport, *, read_clock: ReadClock, stop_at: datetime) -> str:
    fetch = fetch_maildrop if mailbox.protocol == MailProtocol.POP3 else _fetch

    def read(folder: MailboxFolder) -> None:
        read_past_stuck_mails(
            folder,
            lambda: fetch(folder, report, read_clock=read_clock, stop_at=stop_at),
            read_clock=read_clock,
            stop_at=stop_at,
        )

    return each_folder(mailbox, read)


def _fetch(folder: MailboxFolder, report: FetchReport, *, read_clock: ReadClock, stop_at: datetime) -> None:
    """Until nothing is new: mail may come while we are reading."""
    with open_mailbox_folder(folder, now=read_clock()) as opened:
        _check_uid_validity(folder, opened)
        while uids := opened.uids_above(folder.last_uid):
            for batch in batches(uids):
                if read_clock() >= stop_at or not renew_lease(folder.mailbox, now=read_clock()):
                    return
                for waiting in describe(folder, opened, batch):
                    with remembering_breaks(folder, waiting.uid):
                        _store_mail(folder, opened, waiting, report, now=read_clock())
                _remember_uid(folder, batch[-1])


def _check_uid_validity(folder: MailboxFolder, opened: OpenFolder) -> None:
    """Start from the beginning if UIDVALIDITY changed, as the UIDs we remember then mean nothing."""
    if folder.uid_validity != opened.uid_validity:
        save_folder(folder, uid_validity=opened.uid_validity, last_uid=0, history_below=opened.uid_next())


def _is_history(folder: MailboxFolder, uid: int, received_at: datetime | None) -> bool:
    """True for mail from before the mailbox began. Mail moved into the folder later is fetched, however old."""
    return uid < folder.history_below and received_at is not None and received_at < folder.begins_at


def batches(uids: Sequence[int]) -> Iterator[Sequence[int]]:
    """BATCH at a time; the lease is renewed between two of them."""
    for start in range(0, len(uids), BATCH):
        yield uids[start : start + BATCH]


def _store_mail(
    folder: MailboxFolder, opened: OpenFolder, waiting: WaitingMail, report: FetchReport, *, now: datetime
) -> None:
    """Store one mail, then mark, move or delete it on the server. Problems go into the report."""
    if _is_history(folder, waiting.uid, waiting.received_at):
        report.older += 1
        return
    mail = download(folder, opened, waiting, now=now)
    if mail is None:
        return
    if _is_history(folder, waiting.uid, mail.received_at):
        report.older += 1
        return
    _row, is_new = store_once(
        raw=mail.raw,
        received_at=mail.received_at,
        receipt=mail.receipt,
        via="imap",
        mailbox=folder.mailbox,
        size=mail.whole_size,
    )
    report.stored += is_new
    report.known += not is_new
    if mail.whole_size is None:
        _tidy_server(folder, opened, waiting.uid, report)
    _remember_uid(folder, waiting.uid)


def _tidy_server(folder: MailboxFolder, opened: OpenFolder, uid: int, report: FetchReport) -> None:
    """Mark, move or delete a completely stored mail. If that breaks the connection twice, go on to the next mail."""
    try:
        _mark_move_or_delete(folder, opened, uid)
    except LOST_CONNECTION as error:
        if breaks_at(folder, uid) > 0:
            report.problem = _not_tidied(folder.mailbox, uid, error)
            _remember_uid(folder, uid)
        raise
    except Exception as error:
        report.problem = _not_tidied(folder.mailbox, uid, error)


def _not_tidied(mailbox: Mailbox, uid: int, error: Exception) -> str:
    words = {"uid": uid, "error": without_secrets(str(error), mailbox.secrets)}
    return _("Email %(uid)s is stored but could not be marked or moved on the server: %(error)s") % words


def _mark_move_or_delete(folder: MailboxFolder, opened: OpenFolder, uid: int) -> None:
    match AfterFetch(folder.mailbox.after_fetch):
        case AfterFetch.FLAG:
            opened.mark_read(uid)
        case AfterFetch.MOVE:
            opened.move(uid, folder.mailbox.move_to)
        case AfterFetch.DELETE:
            opened.delete(uid)
        case AfterFetch.LEAVE:
            pass


def _remember_uid(folder: MailboxFolder, uid: int) -> None:
    save_folder(folder, last_uid=uid)

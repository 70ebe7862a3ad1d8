"""manage.py backup: writes a backup of the whole desk into a folder."""

import os
import shutil
import signal
from argparse import ArgumentParser
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from customers import time_of_record
from supportdesk.backup.bucket_backups import BucketBackups, is_bucket, unsent_backups
from supportdesk.backup.encryption import new_identity, recipients_of
from supportdesk.backup.erasures_beside import keep_list
from supportdesk.backup.making import (
    BackupReport,
    BackupRunning,
    Prove,
    complete_backups,
    make_backup,
    remove_older,
    take_as_it_is,
)
from supportdesk.backup.scheduled import record_backup, record_failed_backup, room_for_next
from supportdesk.backup.verifying import verify_backup
from supportdesk.management.backup_words import verified_in_words
from tickets.errors import DeskError


class Command(BaseCommand):
    help = "Write database, files and keys of the desk into a new folder within FOLDER, while the desk runs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "folder",
            nargs="?",
            help="where the backups are kept (also s3://bucket/prefix); without it the scheduled backup is made now, "
            "by the settings BACKUP_...",
        )
        parser.add_argument(
            "--recipient",
            action="append",
            metavar="AGE1...",
            help="encrypt for this public key of age; may be repeated (default: BACKUP_RECIPIENTS)",
        )
        parser.add_argument("--keep", type=int, default=0, help="remove all but so many (default: keep all)")
        parser.add_argument(
            "--verify", action="store_true", help="restore it into a scratch database as well"
        )

    def handle(
        self,
        *args: Any,
        folder: str | None,
        recipient: list[str] | None,
        keep: int,
        verify: bool,
        **options: Any,
    ) -> None:
        if keep < 0:
            raise CommandError(_("--keep must be 0 or more."))
        names = recipient or settings.BACKUP_RECIPIENTS
        if folder is None:
            self._back_up_as_scheduled(names)
            return
        try:
            self._back_up(folder, names, at=time_of_record.now(), keep=keep, is_verified=verify)
        except DeskError as refusal:
            raise CommandError(str(refusal)) from refusal

    def _back_up_as_scheduled(self, names: list[str]) -> None:
        """Make, prove and record a backup; health says if that fails. Others on this machine go first."""
        if not settings.BACKUP_FOLDER:
            raise CommandError(_("Name a folder, or set BACKUP_FOLDER."))
        os.nice(10)
        signal.signal(signal.SIGTERM, _end)  # which the queue, whose child this is, ignores
        at = time_of_record.now()
        try:
            report = self._back_up(
                settings.BACKUP_FOLDER,
                names,
                at=at,
                keep=settings.BACKUP_KEEP,
                is_verified=True,
                least_free=room_for_next(settings.BACKUP_FOLDER),
            )
        except BackupRunning as refusal:
            raise CommandError(str(refusal)) from refusal
        except Exception as error:
            record_failed_backup(str(error) or type(error).__name__, at=at)
            raise CommandError(str(error)) from error
        record_backup(report, at=at)

    def _back_up(
        self,
        place: str,
        names: list[str],
        *,
        at: datetime,
        keep: int,
        is_verified: bool,
        least_free: int = 0,
    ) -> BackupReport:
        """An encrypted backup is verified by a key that only this process has and that ends with it.

        Until then it has no name by which it could be taken for complete.
        """
        recipients = recipients_of(names)
        identities = [new_identity()] if recipients and is_verified else []
        recipients += [identity.to_public() for identity in identities]
        prove = partial(self._verify, identities) if is_verified else take_as_it_is
        bucket = BucketBackups(place) if is_bucket(place) else None
        report = make_backup(
            unsent_backups() if bucket else Path(place).resolve(),
            at=at,
            recipients=recipients,
            names=names,
            say=self._say,
            prove=partial(_prove_and_send, prove, bucket) if bucket else prove,
            least_free=least_free,
            keys_in=settings.VAR_DIR / "backup-keys" if bucket else None,
        )
        self._tell(report)
        keep_list(place)
        removed = _remove_older(report.folder, bucket, keep)
        if removed:
            self._say(_("Removed older backups: %(count)s") % {"count": removed})
        there = f"{bucket.place}/{report.folder.name}" if bucket else report.folder
        self._say(_("The backup is in %(folder)s") % {"folder": there})
        return report

    def _verify(self, identities: list[Any], folder: Path) -> None:
        try:
            report = verify_backup(folder, identities=identities, say=_nothing)
        except OSError as error:  # of the scratch database, not of the backup's folder
            raise DeskError(str(error)) from error
        self._say(verified_in_words(report))

    def _tell(self, report: BackupReport) -> None:
        for name in report.missing:
            self._say(_("Missing in the file storage, and so in the backup: %(name)s") % {"name": name})
        for name in report.erased:
            self._say(_("Erased while the backup was made, and not in it: %(name)s") % {"name": name})
        if report.keys:
            self._say(
                _(
                    "The keys are not encrypted and lie apart, in %(file)s. Keep them somewhere else than the backups."
                )
                % {"file": report.keys}
            )

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()


def _prove_and_send(prove: Prove, bucket: BucketBackups, folder: Path) -> None:
    prove(folder)
    try:
        bucket.send(folder)
    except OSError as error:
        words = {"folder": bucket.place, "error": error.strerror or error}
        raise DeskError(
            _("The backup cannot be written to %(folder)s: %(error)s. Earlier backups are as they were.")
            % words
        ) from error


def _remove_older(folder: Path, bucket: BucketBackups | None, keep: int) -> int:
    """How many were removed. Of one that was sent nothing stays on this machine."""
    if bucket is None:
        return len(remove_older(folder.parent, keep=keep))
    for sent in complete_backups(folder.parent):
        shutil.rmtree(sent)
    try:
        return len(bucket.remove_older(keep=keep))
    except OSError as error:  # the new one is there, and the next run removes what is old
        raise DeskError(str(error.strerror or error)) from error


def _end(number: int, _frame: object) -> NoReturn:
    """End in order, so that neither an unfinished backup nor the scratch database with its plain rows stays."""
    raise SystemExit(128 + number)


def _nothing(_text: str) -> None:
    """A verification tells its result only."""

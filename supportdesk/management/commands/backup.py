"""manage.py backup: writes a backup of the whole desk into a folder."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from supportdesk.backup.encryption import new_identity, recipients_of
from supportdesk.backup.making import BackupReport, make_backup, remove_older
from supportdesk.backup.verifying import verify_backup
from supportdesk.management.backup_words import verified_in_words
from tickets.errors import DeskError


class Command(BaseCommand):
    help = "Write database, files and keys of the desk into a new folder within FOLDER, while the desk runs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="where the backups are kept")
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
        self, *args: Any, folder: Path, recipient: list[str] | None, keep: int, verify: bool, **options: Any
    ) -> None:
        if keep < 0:
            raise CommandError(_("--keep must be 0 or more."))
        try:
            report = self._back_up(
                folder.resolve(), recipient or settings.BACKUP_RECIPIENTS, is_verified=verify
            )
            removed = remove_older(folder.resolve(), keep=keep)
        except DeskError as refusal:
            raise CommandError(str(refusal)) from refusal
        if removed:
            self._say(_("Removed older backups: %(count)s") % {"count": len(removed)})
        self._say(_("The backup is in %(folder)s") % {"folder": report.folder})

    def _back_up(self, folder: Path, names: list[str], *, is_verified: bool) -> BackupReport:
        """Encrypted backups are verified by a key that only this process has and that ends with it."""
        recipients = recipients_of(names)
        identities = [new_identity()] if recipients and is_verified else []
        recipients += [identity.to_public() for identity in identities]
        report = make_backup(folder, at=timezone.now(), recipients=recipients, names=names, say=self._say)
        self._tell(report)
        if is_verified:
            self._say(verified_in_words(verify_backup(report.folder, identities=identities, say=_nothing)))
        return report

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


def _nothing(_text: str) -> None:
    """A verification tells its result only."""

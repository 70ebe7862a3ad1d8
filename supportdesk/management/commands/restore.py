"""manage.py restore: brings a backup back into an empty desk."""

from argparse import ArgumentParser
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseFault
from django.utils.translation import gettext as _

from customers import time_of_record
from supportdesk.backup.bucket_backups import chosen_from, is_bucket
from supportdesk.backup.encryption import identities_in
from supportdesk.backup.erasures_beside import list_beside, read_list, repeat_erasures
from supportdesk.backup.keys import DeskKeys, put_in_place, write_keys_apart
from supportdesk.backup.restoring import RestoreReport, checked_backup, restore_backup
from supportdesk.management.backup_words import proof_sentence
from tickets.errors import DeskError


class Command(BaseCommand):
    help = (
        "Restore database and files of a backup into an empty desk. Makes the tables; refuses a desk in use."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "folder", help="a backup, or the folder (or s3://bucket/prefix) of backups: then the newest"
        )
        parser.add_argument(
            "--identity", type=Path, metavar="FILE", help="the secret key of age that opens it"
        )
        parser.add_argument(
            "--keys", type=Path, metavar="FILE", help="the desk's keys, which a plain backup keeps apart"
        )

        parser.add_argument(
            "--erasures",
            metavar="FILE",
            help="the list of erasures to repeat, if it is not beside the backup (erasures.jsonl)",
        )

    def handle(
        self,
        *args: Any,
        folder: str,
        identity: Path | None,
        keys: Path | None,
        erasures: str | None = None,
        **options: Any,
    ) -> None:
        try:
            with chosen_from(folder) as chosen:
                backup = checked_backup(chosen, identities_in(identity) if identity else [])
                given = _keys_in(keys) if keys else backup.keys()
                lines = _erasures(erasures, folder, backup.folder)
                report = restore_backup(
                    backup,
                    keys=DeskKeys.of_this_desk(),
                    say=self._say,
                    erase_again=partial(repeat_erasures, lines, read_clock=time_of_record.now),
                )
        except DeskError as refusal:
            raise CommandError(str(refusal)) from refusal
        except DatabaseFault as error:
            raise CommandError(
                _("The database cannot be used: %(error)s") % {"error": str(error).strip()}
            ) from error
        self._tell(report, folder.partition("?")[0] if is_bucket(folder) else str(backup.folder))
        self._say(_keys_in_words(report, given))

    def _tell(self, report: RestoreReport, place: str) -> None:
        words = {
            "time": report.manifest.made_at,
            "rows": f"{report.manifest.rows:,}",
            "files": f"{report.files:,}",
            "folder": place,
        }
        self._say(_("Restored %(rows)s rows and %(files)s files of %(time)s from %(folder)s") % words)
        if report.erased:
            self._say(_("Erased again after the backup: %(count)s") % {"count": report.erased})
        for mismatch in report.proof.mismatches:
            self._say(str(mismatch))
        self._say(proof_sentence(report.proof))

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()


def _erasures(named: str | None, place: str, backup: Path) -> list[dict[str, Any]]:
    """Of the file that was named, otherwise of the list beside the backup."""
    if named is not None and not Path(named).is_file():
        raise DeskError(_("There is no file %(file)s.") % {"file": named})
    return read_list(named or list_beside(place if is_bucket(place) else str(backup)))


def _keys_in(file: Path) -> DeskKeys:
    try:
        return DeskKeys.from_json(file.read_bytes())
    except OSError as error:
        raise DeskError(
            _("The keys in %(file)s cannot be read: %(error)s") % {"file": file, "error": error.strerror}
        ) from error


def _keys_in_words(report: RestoreReport, given: DeskKeys | None) -> str:
    """What becomes of encrypted values (passwords of mailboxes, contact methods) and of what was signed."""
    if report.has_keys:
        return _("This desk has the keys of the backup.")
    if given is None or not given.open_what(report.manifest.key_mark):
        return _(
            "This desk has other keys than the backup: %(count)s encrypted values, such as passwords of mailboxes, "
            "cannot be read, and links in earlier emails do not work. Put SECRET_KEY, SALT_KEY and ENCRYPTION_KEYS of "
            "that desk into .env, or enter the values again."
        ) % {"count": report.unreadable}
    if put_in_place(given):
        return _("The secret key was put in place. It holds when the desk starts.")
    return _("Set SECRET_KEY, SALT_KEY and ENCRYPTION_KEYS to those in %(file)s, then remove that file.") % {
        "file": write_keys_apart(settings.VAR_DIR, given)
    }

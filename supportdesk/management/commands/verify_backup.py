"""manage.py verify_backup: restores a backup into a scratch database and proves its ledger there."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from supportdesk.backup.bucket_backups import chosen_from
from supportdesk.backup.encryption import identities_in
from supportdesk.backup.verifying import verify_backup
from supportdesk.management.backup_words import verified_in_words
from tickets.errors import DeskError


class Command(BaseCommand):
    help = "Check every file of a backup, restore it into a scratch database, and prove its ledger. Changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "folder", help="a backup, or the folder (or s3://bucket/prefix) of backups: then the newest"
        )
        parser.add_argument(
            "--identity", type=Path, metavar="FILE", help="the secret key of age that opens it"
        )

    def handle(self, *args: Any, folder: str, identity: Path | None, **options: Any) -> None:
        try:
            identities = identities_in(identity) if identity else []
            with chosen_from(folder) as chosen:
                report = verify_backup(chosen, identities=identities, say=self.stdout.write)
        except DeskError as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(verified_in_words(report))

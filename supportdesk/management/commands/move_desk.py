"""manage.py move_desk: moves the whole desk into an empty database, as from SQLite to PostgreSQL."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseFault
from django.utils.translation import gettext as _

from customers import time_of_record
from escalation.proof.whole_proof import proof_in_words
from supportdesk.backup.moving import move_desk
from supportdesk.env import Env
from tickets.errors import DeskError


class Command(BaseCommand):
    help = "Copy the whole desk exactly into an empty database and prove its ledger there, or change nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("url", help="the new database, such as postgres://desk:PASSWORD@127.0.0.1/desk")

    def handle(self, *args: Any, url: str, **options: Any) -> None:
        try:
            database = Env({"URL": url}).database("URL", "")
            report = move_desk(database, at=time_of_record.now(), say=self._say)
        except (DeskError, ImproperlyConfigured) as refusal:
            raise CommandError(str(refusal)) from refusal
        except DatabaseFault as error:
            raise CommandError(
                _("The new database cannot be used: %(error)s") % {"error": str(error).strip()}
            ) from error
        for mismatch in report.proof.mismatches:
            self._say(str(mismatch))
        self._say(proof_in_words(wrong=len(report.proof.mismatches), among=report.proof.clocks))
        self._say(
            _(
                "Moved %(rows)s rows. Set DATABASE_URL to the new database and start the desk; files and keys stay."
            )
            % {"rows": f"{report.rows:,}"}
        )

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()

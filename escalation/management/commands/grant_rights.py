"""manage.py grant_rights: lets a database role run the desk without owning its tables. Run it as their owner."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import ProgrammingError, connection, transaction
from django.utils.translation import gettext as _

from escalation.proof.rights import grants


class Command(BaseCommand):
    help = "Grant a PostgreSQL role what the desk needs; it may add to the ledger and neither change nor remove lines."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("role", help="the role in the DATABASE_URL of the running desk")

    def handle(self, *args: Any, role: str, **options: Any) -> None:
        if connection.vendor != "postgresql":
            raise CommandError(_("Only PostgreSQL has roles."))
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                for statement in grants(connection, role):
                    cursor.execute(statement)
        except ProgrammingError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(_("%(role)s can run the desk and cannot rewrite its ledger.") % {"role": role})

"""manage.py check_proof: checks what prove_promise wrote. Reads no database."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from escalation.proof.inclusion import check_proof


class Command(BaseCommand):
    help = "Check the ledger of one promise, as prove_promise wrote it, and name the seals that cover it."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            document = json.loads(file.read_bytes())
            wrong = list(check_proof(document))
            seals = {line["seal"]["number"]: line["seal"] for line in document["lines"] if line["seal"]}
        except (AttributeError, KeyError, TypeError, ValueError, OSError, RecursionError) as error:
            raise CommandError(_("This file is not a proof that prove_promise wrote.")) from error
        if wrong:
            raise CommandError("\n".join(wrong))
        self.stdout.write(_("Each line follows the one before it."))
        for number, seal in sorted(seals.items()):
            self.stdout.write(
                _("Compare with a manifest: seal %(number)s of %(time)s, %(hash)s.")
                % {"number": number, "time": seal["sealed_at"], "hash": seal["hash"]}
            )
        unsealed = sum(not line["seal"] for line in document["lines"])
        if unsealed:
            self.stdout.write(_("Lines that no seal covers yet: %(count)s.") % {"count": unsealed})

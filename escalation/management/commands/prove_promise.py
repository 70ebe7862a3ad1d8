"""manage.py prove_promise: writes the ledger of one promise so that its customer can check it without the desk."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from escalation.models import Clock
from escalation.proof.inclusion import proof_of


class Command(BaseCommand):
    help = (
        "Write the ledger of a promise as JSON, each line with the path to its seal; check_proof checks it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "promise", type=int, help="the number of the promise, from the address of its page"
        )

    def handle(self, *args: Any, promise: int, **options: Any) -> None:
        clock = Clock.objects.filter(pk=promise).first()
        if clock is None:
            raise CommandError(_("There is no SLA %(number)s.") % {"number": promise})
        self.stdout.write(json.dumps(proof_of(clock), ensure_ascii=False, indent=2))

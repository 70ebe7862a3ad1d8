"""manage.py verify_ledger: proves that replaying the ledger gives every promise as it is stored."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from escalation.clocks.ledger_verification import proof_in_words, verify
from escalation.tasks import verify_whole_ledger
from tickets.models import Ticket


class Command(BaseCommand):
    help = "Replay every promise from its ledger and name those that do not come out as stored."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--ticket", type=int, help="the number of one ticket, such as 1234")

    def handle(self, *args: Any, ticket: int | None, **options: Any) -> None:
        if ticket is not None and not Ticket.objects.filter(pk=ticket).exists():
            raise CommandError(_("There is no ticket SD#%(number)s.") % {"number": ticket})
        verification = verify(ticket=ticket) if ticket is not None else verify_whole_ledger()
        for mismatch in verification.mismatches:
            self.stdout.write(str(mismatch))
        words = proof_in_words(wrong=len(verification.mismatches), among=verification.clocks)
        if verification.mismatches:
            raise CommandError(words)
        self.stdout.write(words)

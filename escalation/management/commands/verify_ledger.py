"""manage.py verify_ledger: proves that the ledger is whole and gives every promise as it is stored."""

from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils.translation import gettext as _

from customers import time_of_record
from escalation.clocks.ledger_verification import Mismatch, verify
from escalation.proof.erased_words import gaps_in_words
from escalation.proof.manifest_proof import UnreadableManifest, check_against
from escalation.proof.rights import can_rewrite_ledger
from escalation.proof.whole_proof import proof_in_words, prove_all, prove_new, unsealed_in_words
from escalation.tasks import record_proof
from tickets.models import Ticket


class Command(BaseCommand):
    help = (
        "Replay every promise from its ledger, check hashes, seals, messages and triggers, and name what does not "
        "come out as stored."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        only = parser.add_mutually_exclusive_group()
        only.add_argument("--ticket", type=int, help="the number of one ticket, such as 1234")
        only.add_argument(
            "--new", action="store_true", help="only what was sealed in the last day, or is not sealed"
        )
        only.add_argument(
            "--against", type=Path, metavar="MANIFEST", help="the manifest.json of a weekly pack"
        )

    def handle(self, *args: Any, ticket: int | None, new: bool, against: Path | None, **options: Any) -> None:
        if ticket is not None:
            self._say_ticket(ticket)
            return
        seal_problem = _seal_problem(against) if against is not None else ""
        proof = prove_new(now=time_of_record.now()) if new else prove_all()
        if not new:
            record_proof(proof)
        self.stdout.write(unsealed_in_words(proof.unsealed, sealed_at=proof.sealed_at))
        if can_rewrite_ledger(connection):
            self.stdout.write(_("The desk's own database user could switch the triggers of the ledger off."))
        if against is not None:
            self.stdout.write(seal_problem or _("The desk still has the seal that the manifest names."))
        self._say_gaps(None)
        self._say(proof.clocks, proof.mismatches)
        if seal_problem:
            raise CommandError(seal_problem)

    def _say_ticket(self, ticket: int) -> None:
        if not Ticket.objects.filter(pk=ticket).exists():
            raise CommandError(_("There is no ticket SD#%(number)s.") % {"number": ticket})
        verification = verify(ticket=ticket)
        self._say_gaps(ticket)
        self._say(verification.clocks, verification.mismatches)

    def _say_gaps(self, ticket: int | None) -> None:
        for sentence in gaps_in_words(ticket=ticket):
            self.stdout.write(sentence)

    def _say(self, clocks: int, mismatches: Sequence[Mismatch]) -> None:
        for mismatch in mismatches:
            self.stdout.write(str(mismatch))
        words = proof_in_words(wrong=len(mismatches), among=clocks)
        if mismatches:
            raise CommandError(words)
        self.stdout.write(words)


def _seal_problem(manifest: Path) -> str:
    try:
        return check_against(manifest.read_bytes())
    except (OSError, UnreadableManifest) as error:
        raise CommandError(str(error)) from error

"""Results of backups as sentences, for the commands that make, restore and verify them."""

from django.core.management.base import CommandError
from django.utils.translation import gettext as _

from escalation.proof.whole_proof import LedgerProof, proof_in_words
from supportdesk.backup.verifying import VerifyReport


def proof_sentence(proof: LedgerProof) -> str:
    return proof_in_words(wrong=len(proof.mismatches), among=proof.clocks)


def verified_in_words(report: VerifyReport) -> str:
    """Refuses a backup whose ledger does not match."""
    if report.proof.mismatches:
        first = str(report.proof.mismatches[0])
        text = _("The backup can be restored, but its ledger does not match.")
        raise CommandError(f"{text} {proof_sentence(report.proof)} {first}")
    words = {
        "time": report.manifest.made_at,
        "rows": f"{report.manifest.rows:,}",
        "files": f"{report.files:,}",
    }
    text = _("The backup of %(time)s can be restored: %(rows)s rows, %(files)s files.") % words
    return f"{text} {proof_sentence(report.proof)}"

"""Moves this desk into an empty database, as from the embedded SQLite to PostgreSQL.

Reasons: .github/decisions/backup.md.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from escalation.proof.whole_proof import LedgerProof, prove_all
from supportdesk.backup.connecting import connection_to, working_on
from supportdesk.backup.desk_tables import RowSource
from supportdesk.backup.loading import (
    Say,
    empty_desk,
    load,
    reading_desk,
    refuse_foreign,
)
from supportdesk.backup.migrating import has_unapplied_migrations, migrate_fully
from supportdesk.models import GONE_AFTER, Cluster, MailListener
from tickets.errors import DeskError


@dataclass(frozen=True)
class MoveReport:
    """What is in the new database; mismatches are those that the old one has as well."""

    rows: int
    proof: LedgerProof


def move_desk(database: dict[str, Any], *, at: datetime, say: Say) -> MoveReport:
    """Copy every row into the database that the settings describe, and prove the ledger there, or change nothing.

    All of it is one transaction, so a move that was interrupted leaves an empty desk and can be begun again.
    """
    _refuse_running((*Cluster.objects.all(), *MailListener.objects.all()), at)
    if has_unapplied_migrations():
        raise DeskError(_("This desk's tables are of another version. Run manage.py migrate first."))
    with reading_desk(nobody_writes=True) as source:
        return _move(source, dict(connection.settings_dict), database, say)


def _refuse_running(processes: Iterable[Cluster | MailListener], at: datetime) -> None:
    for process in processes:
        if at - process.seen_at <= GONE_AFTER:
            raise DeskError(
                _("The desk is running on %(host)s. Stop it, and wait a minute if it was killed.")
                % {"host": process.host}
            )


def _move(source: RowSource, old: dict[str, Any], new: dict[str, Any], say: Say) -> MoveReport:
    with working_on(connection_to(new)):
        refuse_foreign()
        say(_("Making the tables …"))
        migrate_fully()
        with empty_desk() as target:
            rows = load(source, target, say=say)
            say(_("Proving the ledger …"))
            proof = prove_all()
            if proof.mismatches:
                _refuse_new_mismatches(proof, old)
        return MoveReport(rows, proof)


def _refuse_new_mismatches(proof: LedgerProof, old: dict[str, Any]) -> None:
    """What was wrong before moves along; the move itself must add nothing."""
    with working_on(connection_to(old)):
        known = {str(mismatch) for mismatch in prove_all().mismatches}
    added = [str(mismatch) for mismatch in proof.mismatches if str(mismatch) not in known]
    if added:
        raise DeskError("\n".join([_("The ledger does not match there; nothing was moved."), *added]))

"""Proves that a backup can be restored: into a scratch database, where its ledger is proven."""

import tempfile
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from escalation.proof.whole_proof import LedgerProof, prove_all
from supportdesk.backup.connecting import connection_to, working_on
from supportdesk.backup.desk_files import named_files
from supportdesk.backup.loading import Say, empty_desk, load, reading_desk
from supportdesk.backup.manifest import BackupManifest
from supportdesk.backup.migrating import migrate_fully, migrate_to
from supportdesk.backup.restoring import BackupRows, checked_backup
from tickets.errors import DeskError

# Nothing here outlives the process.
SCRATCH = {
    "ENGINE": "django.db.backends.sqlite3",
    "OPTIONS": {"init_command": "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF;"},
}


@dataclass(frozen=True)
class VerifyReport:
    manifest: BackupManifest
    files: int
    proof: LedgerProof


def verify_backup(folder: Path, *, identities: Sequence[Any], say: Say) -> VerifyReport:
    """Restore the rows into a database of SQLite that is thrown away, prove the ledger and look for every file."""
    backup = checked_backup(folder, identities)
    with tempfile.TemporaryDirectory(prefix="desk-verify-") as scratch, _working_in(Path(scratch)):
        return _verify(backup, say)


def _working_in(scratch: Path) -> AbstractContextManager[None]:
    return working_on(connection_to({**SCRATCH, "NAME": str(scratch / "desk.sqlite3")}))


def _verify(backup: BackupRows, say: Say) -> VerifyReport:
    migrate_to(backup.manifest.migrations)
    with empty_desk() as target:
        load(backup, target, say=say)
    migrate_fully()
    with reading_desk() as desk:
        unknown = set(named_files(desk)) - backup.files().keys()
    if len(unknown) > backup.manifest.missing:
        raise DeskError(_("The backup lacks files that its rows name: %(name)s.") % {"name": min(unknown)})
    return VerifyReport(backup.manifest, len(backup.files()), prove_all())

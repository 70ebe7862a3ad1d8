"""Brings a backup back into an empty desk."""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import orjson
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _

from escalation.proof.whole_proof import LedgerProof, prove_all
from supportdesk.backup.backup_files import opened_file, read_lines, row_of
from supportdesk.backup.desk_tables import DeskTable, Row
from supportdesk.backup.keys import DeskKeys
from supportdesk.backup.loading import Say, empty_desk, load, refuse_foreign
from supportdesk.backup.manifest import BackupManifest, read_manifest, refuse_damaged
from supportdesk.backup.migrating import migrate_fully, migrate_to
from supportdesk.encrypted_values import unreadable_values
from tickets.errors import DeskError


class BackupRows:
    """The rows in a backup, as a source to load from."""

    def __init__(self, folder: Path, manifest: BackupManifest, identities: Sequence[Any]) -> None:
        self.folder, self.manifest, self._identities = folder, manifest, identities
        self._stored = {table.name: table for table in manifest.tables}
        self._paths = {file.path for file in manifest.files}

    def tables(self) -> list[DeskTable]:
        return [DeskTable(table.name, table.columns) for table in self.manifest.tables]

    def rows(self, table: DeskTable) -> Generator[Row, None, None]:
        """All columns, as they were written."""
        yield from map(
            row_of, read_lines(self.folder, self._own(self._stored[table.name].path), self._identities)
        )

    def count(self, name: str) -> int:
        return self._stored[name].rows

    def last_numbers(self) -> Mapping[str, int]:
        return self.manifest.last_numbers

    def files(self) -> dict[str, str]:
        """By name in the storage: where the file lies in the backup."""
        lines = read_lines(self.folder, self._own(self.manifest.index), self._identities)
        return {str(name): self._own(str(path)) for name, path in map(orjson.loads, lines)}

    def _own(self, path: str) -> str:
        """The path, which must be one of the files whose digests were checked: an index may be forged."""
        if path not in self._paths:
            raise DeskError(_("The backup names %(path)s, which is no file of it.") % {"path": path})
        return path

    @contextmanager
    def opened(self, path: str) -> Iterator[IO[bytes]]:
        """The content of one file of the backup."""
        with opened_file(self.folder, path, self._identities) as content:
            yield content

    def keys(self) -> DeskKeys | None:
        """The keys that were encrypted with everything else."""
        if not self.manifest.keys:
            return None
        with self.opened(self._own(self.manifest.keys)) as file:
            return DeskKeys.from_json(file.read())


@dataclass(frozen=True)
class RestoreReport:
    """``unreadable`` is the number of values that no key of this desk opens; ``has_keys`` if it has the backup's."""

    manifest: BackupManifest
    files: int
    proof: LedgerProof
    unreadable: int
    has_keys: bool
    erased: int = 0  # erasures that were made after the backup, and again now


def checked_backup(folder: Path, identities: Sequence[Any]) -> BackupRows:
    """A backup of which every byte is as it was written, and that these identities open."""
    manifest = read_manifest(folder)
    refuse_damaged(folder, manifest)
    if manifest.recipients and not identities:
        raise DeskError(_("The backup is encrypted. Name the file of your age identity with --identity."))
    rows = BackupRows(folder, manifest, identities)
    rows.files()  # opens it, before anything is written
    return rows


def restore_backup(
    backup: BackupRows, *, keys: DeskKeys, say: Say, erase_again: Callable[[], int] = int
) -> RestoreReport:
    """Make the tables in an empty database, fill them, put the files back, erase again, and prove the ledger.

    ``erase_again`` repeats what was erased after the backup and returns how many erasures that were.
    """
    refuse_foreign()
    migrate_to(backup.manifest.migrations)
    with empty_desk() as target:
        files = _put_files_back(backup)
        load(backup, target, say=say)
    migrate_fully()
    has_keys = keys.open_what(backup.manifest.key_mark)
    erased = erase_again()
    return RestoreReport(backup.manifest, files, prove_all(), len(unreadable_values()), has_keys, erased)


def _put_files_back(backup: BackupRows) -> int:
    """Save the files under their own names. Those that are there already, from a restore that broke off, stay."""
    files = backup.files()
    for name, path in files.items():
        with backup.opened(path) as content:
            _put_back(name, content)
    return len(files)


def _put_back(name: str, content: Any) -> None:
    if default_storage.exists(name):
        with default_storage.open(name, "rb") as there:
            if _same(there, content):
                return
        raise DeskError(
            _("The file storage is in use: it has another %(name)s. Name an empty DESK_VAR_DIR or FILES_URL.")
            % {"name": name}
        )
    saved = default_storage.save(name, File(content))
    if saved != name:
        raise DeskError(_("The file storage gave %(name)s another name.") % {"name": name})


def _same(one: Any, other: Any) -> bool:
    while (block := one.read(1 << 18)) == other.read(1 << 18):
        if not block:
            other.seek(0)
            return True
    return False

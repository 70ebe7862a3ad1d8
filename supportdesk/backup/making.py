"""Writes a backup: the rows of one moment, then the files that they name. It is complete or it is not there."""

import fcntl
import math
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import psycopg
from django.core.files.storage import default_storage
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils.translation import gettext as _

from supportdesk.backup.backup_files import BackupFile, line_of, sync_folder, write_file, write_lines
from supportdesk.backup.desk_files import named_files
from supportdesk.backup.desk_tables import DeskTable, Row, RowSource
from supportdesk.backup.keys import DeskKeys, write_keys_apart
from supportdesk.backup.loading import CountedRows, Say, database_name, reading_desk
from supportdesk.backup.manifest import MANIFEST, BackupManifest, StoredTable, manifest_bytes
from tickets.errors import DeskError
from tickets.lib.free_space import MEGABYTE

UNFINISHED = ".unfinished-"
INDEX = "files.jsonl"


@dataclass(frozen=True)
class BackupReport:
    """A backup that was made. ``missing`` are names of files that rows name and the storage does not have.

    ``erased`` are those whose rows were removed while the backup was made. ``keys`` is where the plain keys lie.
    """

    folder: Path
    manifest: BackupManifest
    files: int
    missing: tuple[str, ...]
    erased: tuple[str, ...]
    keys: Path | None


# Gets the folder of a backup that is written and has not got its name yet.
Prove = Callable[[Path], object]


def take_as_it_is(_folder: Path) -> None:
    """For a backup that is proven later or never."""


class BackupRunning(DeskError):
    """Somebody else is writing a backup to the same folder."""


def make_backup(
    folder: Path,
    *,
    at: datetime,
    recipients: Sequence[Any],
    names: Sequence[str],
    say: Say,
    prove: Prove = take_as_it_is,
    least_free: int = 0,
    keys_in: Path | None = None,
) -> BackupReport:
    """Write a new backup into the folder, beside the ones that are there. Encrypted if there are recipients.

    ``names`` are the recipients as the manifest names them. ``prove`` raises if the backup is no good, which is then
    removed. With fewer bytes free than ``least_free`` none is begun. ``keys_in`` is the folder for plain keys, usually
    the one beside.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _alone_in(folder):
            _remove_unfinished(folder)
            _refuse_without_room(folder, least_free)
            unfinished = folder / f"{UNFINISHED}desk-{at:%Y%m%dT%H%M%SZ}"
            try:
                report = BackupWriter(
                    unfinished, recipients, say, prove, keys_in or keys_folder(folder)
                ).write(at, names)
            except BaseException:
                shutil.rmtree(unfinished, ignore_errors=True)
                raise
            return report
    except OSError as error:
        raise DeskError(
            _("The backup cannot be written to %(folder)s: %(error)s. Earlier backups are as they were.")
            % {"folder": folder, "error": error.strerror or error}
        ) from error


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BackupRunning(
                _("Another backup is being written to %(folder)s.") % {"folder": folder}
            ) from error
        yield


def _remove_unfinished(folder: Path) -> None:
    for left in folder.glob(f"{UNFINISHED}*"):
        shutil.rmtree(left)


def _refuse_without_room(folder: Path, least_free: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < least_free:
        words = {"folder": folder, "free": free // MEGABYTE, "needed": math.ceil(least_free / MEGABYTE)}
        raise DeskError(
            _(
                "No backup was begun: %(folder)s has %(free)s MB free, and the next backup needs about %(needed)s MB. "
                "Free some space."
            )
            % words
        )


class BackupWriter:
    """Writes one backup under a name by which it is known to be unfinished."""

    def __init__(
        self, folder: Path, recipients: Sequence[Any], say: Say, prove: Prove, keys_in: Path
    ) -> None:
        self.folder, self.recipients, self._say, self._prove = folder, recipients, say, prove
        self._keys_in = keys_in
        self._files: list[BackupFile] = []
        self._count = 0

    def write(self, at: datetime, recipients: Sequence[str]) -> BackupReport:
        self.folder.mkdir(mode=0o700)
        with reading_desk() as desk:
            tables = [self._table(desk, table) for table in _tables_of_a_desk(desk)]
            numbers = dict(desk.last_numbers())
            names = named_files(desk)
        self._say(_("%(count)s rows") % {"count": f"{sum(table.rows for table in tables):,}"})
        migrations = [(app, name) for app, name in MigrationRecorder(connection).applied_migrations()]
        missing = self._write_files(names)
        keys = DeskKeys.of_this_desk()
        manifest = BackupManifest(
            made_at=f"{at:%Y-%m-%dT%H:%M:%SZ}",
            database=connection.vendor,
            migrations=tuple(sorted(migrations)),
            tables=tuple(tables),
            last_numbers=numbers,
            index=self._files[-1].path,
            missing=len(missing),
            recipients=tuple(recipients),
            key_mark=keys.mark,
            keys=self._encrypted_keys(keys),
            files=tuple(self._files),
        )
        return self._finish(manifest, keys, missing)

    def _table(self, desk: RowSource, table: DeskTable) -> StoredTable:
        with closing(desk.rows(table)) as rows:
            counted = CountedRows(rows, table.name, self._say)
            try:
                path = self._lines(f"tables/{table.name}.jsonl", map(line_of, counted))
            except (sqlite3.Error, psycopg.Error) as error:
                words = {"table": table.name, "error": str(error).strip()}
                raise DeskError(_("The table %(table)s cannot be read: %(error)s") % words) from error
        return StoredTable(table.name, table.columns, counted.count, path)

    def _lines(self, path: str, lines: Iterable[bytes]) -> str:
        self._files.append(write_lines(self.folder, path, lines, self.recipients))
        return self._files[-1].path

    def _write_files(self, names: Sequence[str]) -> list[str]:
        """Copy the files, write the index of them, and give the names of those that are missing."""
        missing: list[str] = []
        entries: list[Row] = []
        for name in names:
            path = self._file(name, f"files/{len(entries) // 1000:04}/{len(entries):07}")
            if path is None:
                missing.append(name)
            else:
                entries.append((name, path))
        self._lines(INDEX, map(line_of, entries))
        self._count = len(entries)
        self._say(_("%(count)s files") % {"count": f"{len(entries):,}"})
        return missing

    def _file(self, name: str, path: str) -> str | None:
        try:
            source = default_storage.open(name, "rb")
        except FileNotFoundError:
            return None
        with source:
            self._files.append(write_file(self.folder, path, source, self.recipients))
        return self._files[-1].path

    def _encrypted_keys(self, keys: DeskKeys) -> str:
        if not self.recipients:
            return ""
        self._files.append(write_file(self.folder, "keys.json", BytesIO(keys.as_json()), self.recipients))
        return self._files[-1].path

    def _finish(self, manifest: BackupManifest, keys: DeskKeys, missing: Sequence[str]) -> BackupReport:
        """Give the backup its name, by which it is known to be complete, once all of it is on the disk and proven."""
        folder = self.folder.with_name(self.folder.name.removeprefix(UNFINISHED))
        apart = None if manifest.keys else write_keys_apart(self._keys_in, keys)
        write_file(self.folder, MANIFEST, BytesIO(manifest_bytes(manifest)), ())
        for inside in (self.folder, *(path for path in self.folder.rglob("*") if path.is_dir())):
            sync_folder(inside)
        self._prove(self.folder)
        self.folder.rename(folder)
        sync_folder(folder.parent)
        erased = _no_longer_named(missing)
        return BackupReport(
            folder,
            manifest,
            self._count,
            tuple(name for name in missing if name not in erased),
            erased,
            apart,
        )


def _tables_of_a_desk(desk: RowSource) -> list[DeskTable]:
    tables = desk.tables()
    if "django_migrations" not in {table.name for table in tables}:
        raise DeskError(_("There is no desk in the database %(database)s.") % {"database": database_name()})
    return tables


def _no_longer_named(names: Sequence[str]) -> tuple[str, ...]:
    if not names:
        return ()
    with reading_desk() as desk:
        named = set(named_files(desk))
    return tuple(name for name in names if name not in named)


def keys_folder(folder: Path) -> Path:
    """Where the plain keys of the backups in a folder lie: beside it, so that a copy of it does not take them along."""
    return folder.with_name(f"{folder.name}-keys")


def complete_backups(folder: Path) -> list[Path]:
    """The complete backups in a folder, oldest first."""
    return sorted(path for path in folder.glob("desk-*") if (path / MANIFEST).is_file())


def chosen_backup(folder: Path) -> Path:
    """The folder itself if it is a backup, otherwise the newest backup in it."""
    if (folder / MANIFEST).exists():
        return folder
    backups = complete_backups(folder)
    if not backups:
        raise DeskError(_("There is no complete backup in %(folder)s.") % {"folder": folder})
    return backups[-1]


def size_of_last(folder: Path) -> int:
    """Bytes of the newest complete backup in a folder; 0 if there is none."""
    return sum(
        path.stat().st_size
        for backup in complete_backups(folder)[-1:]
        for path in backup.rglob("*")
        if path.is_file()
    )


def remove_older(folder: Path, *, keep: int) -> list[Path]:
    """Remove all but the newest complete backups, and give those that were removed."""
    older = complete_backups(folder)[:-keep] if keep else []
    for path in older:
        shutil.rmtree(path.rename(path.with_name(f"{UNFINISHED}{path.name}")))
    return older

"""The manifest of a backup: what must be in it, by which a damaged or unfinished one is known."""

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson
from django.utils.translation import gettext as _

from supportdesk.backup.backup_files import BackupFile, sha256_of
from tickets.errors import DeskError

MANIFEST = "manifest.json"
FORMAT = 1


@dataclass(frozen=True)
class StoredTable:
    """A table in a backup; ``path`` is the file of its rows."""

    name: str
    columns: tuple[str, ...]
    rows: int
    path: str


@dataclass(frozen=True)
class BackupManifest:
    """``made_at`` is UTC. ``index`` is the file that lists the desk's files, ``keys`` the one with encrypted keys."""

    made_at: str
    database: str
    migrations: tuple[tuple[str, str], ...]
    tables: tuple[StoredTable, ...]
    last_numbers: dict[str, int]
    index: str
    missing: int
    recipients: tuple[str, ...]
    key_mark: str
    keys: str
    files: tuple[BackupFile, ...]

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables)


def manifest_bytes(manifest: BackupManifest) -> bytes:
    document = {"format": FORMAT, **asdict(manifest)}
    return orjson.dumps(document | {"sha256": _digest(document)}, option=orjson.OPT_INDENT_2)


def read_manifest(folder: Path) -> BackupManifest:
    """Refuses what is no backup, was changed, or is of a later format."""
    try:
        document = orjson.loads((folder / MANIFEST).read_bytes())
        given = document.pop("sha256")
        if document.get("format") != FORMAT:
            raise DeskError(
                _("The backup in %(folder)s is of another format. Use the version of the desk that wrote it.")
                % {"folder": folder}
            )
        if given != _digest(document):
            raise ValueError
        return _manifest(document)
    except OSError as error:
        raise DeskError(
            _("There is no complete backup in %(folder)s: %(file)s cannot be read.")
            % {"folder": folder, "file": MANIFEST}
        ) from error
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise DeskError(
            _("The backup in %(folder)s is damaged: %(file)s was changed.")
            % {"folder": folder, "file": MANIFEST}
        ) from error


def _manifest(document: dict[str, Any]) -> BackupManifest:
    del document["format"]
    tables = (
        StoredTable(**{**table, "columns": tuple(table["columns"])}) for table in document.pop("tables")
    )
    files = (BackupFile(**file) for file in document.pop("files"))
    migrations = ((app, name) for app, name in document.pop("migrations"))
    recipients = document.pop("recipients")
    return BackupManifest(
        tables=tuple(tables),
        files=tuple(files),
        migrations=tuple(migrations),
        recipients=tuple(recipients),
        **document,
    )


def _digest(document: dict[str, Any]) -> str:
    return hashlib.sha256(orjson.dumps(document, option=orjson.OPT_SORT_KEYS)).hexdigest()


def refuse_damaged(folder: Path, manifest: BackupManifest) -> None:
    """Read every file of a backup and refuse if one differs from what was written."""
    for problem in _damages(folder, manifest):
        raise DeskError(
            _("The backup in %(folder)s is damaged: %(file)s is missing or was changed.")
            % {"folder": folder, "file": problem}
        )


def _damages(folder: Path, manifest: BackupManifest) -> Iterator[str]:
    for file in manifest.files:
        try:
            if not lies_in(folder, file.path) or sha256_of(folder / file.path) != file.sha256:
                yield file.path
        except OSError:
            yield file.path


def lies_in(folder: Path, path: str) -> bool:
    """False for a path that leads out of the backup, which only a forged one names."""
    return (folder / path).resolve().is_relative_to(folder.resolve())

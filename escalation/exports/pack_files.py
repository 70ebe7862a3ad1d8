"""Keeps the files of a pack in the storage: before its row is written, as a slow storage must not hold a lock."""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from django.core.files import File
from django.core.files.storage import default_storage

from escalation.lib.csv_sheets import SheetSummary
from escalation.models import ExportFile

FOLDER = "exports"
# Longer than a pack takes to be stored: what is older and has no row was left by a run that died.
UNUSED_FROM = timedelta(hours=2)


@contextmanager
def stored_pack(
    week: str, folder: Path, sheets: Mapping[str, SheetSummary], *, at: datetime
) -> Iterator[list[ExportFile]]:
    """Store the files as exports/2026-W47/TOKEN/NAME, and give rows for them, which the block inserts.

    A folder for each run, so that two at once never write to the same file. Files that no row names afterwards are
    removed, and so are those of earlier runs that died.
    """
    _remove_left(week, at)
    own = f"{FOLDER}/{week}/{uuid.uuid4().hex[:12]}"
    rows: list[ExportFile] = []
    try:
        for name, summary in sheets.items():
            rows.append(_store(folder / name, f"{own}/{name}", summary))
        yield rows
    finally:
        _remove([row.path for row in rows])


def _store(source: Path, path: str, summary: SheetSummary) -> ExportFile:
    with source.open("rb") as content:
        path = default_storage.save(path, File(content))
    return ExportFile(
        name=source.name, path=path, sha256=summary.sha256, size=summary.bytes, rows=summary.rows
    )


def _remove_left(week: str, at: datetime) -> None:
    try:
        runs, _files = default_storage.listdir(f"{FOLDER}/{week}")
    except FileNotFoundError:
        return
    for run in runs:
        folder = f"{FOLDER}/{week}/{run}"
        paths = [f"{folder}/{name}" for name in default_storage.listdir(folder)[1]]
        _remove([path for path in paths if at - default_storage.get_modified_time(path) > UNUSED_FROM])


def _remove(paths: list[str]) -> None:
    """Remove those of the files that no row names."""
    named = set(ExportFile.objects.filter(path__in=paths).values_list("path", flat=True)) if paths else set()
    for path in paths:
        if path not in named:
            default_storage.delete(path)

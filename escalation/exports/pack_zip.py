"""The whole pack as one zip, written while it is downloaded, so that memory does not grow with the pack.

The times inside are those of the pack, so that a pack downloaded twice is the same bytes.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from io import RawIOBase
from pathlib import Path
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from django.core.files.storage import default_storage

from escalation.exports.pack_mail import download_name
from escalation.models import ExportFile, WeeklyExport

READ = 256 * 1024  # bytes at a time


def zip_name(export: WeeklyExport) -> str:
    """2026-W47-pack.zip, or 2026-W47-r2-pack.zip for the first correction."""
    return download_name(export, "pack.zip")


def missing_files(files: Sequence[ExportFile]) -> list[str]:
    """The paths that the storage has lost; ask before the download begins."""
    return [file.path for file in files if not default_storage.exists(file.path)]


def zip_chunks(export: WeeklyExport, files: Sequence[ExportFile]) -> Iterator[bytes]:
    """Yield the archive: a folder with the files under the names that the manifest has."""
    sources = [(file.name, partial(default_storage.open, file.path)) for file in files]
    return _archive(sources, name=zip_name(export), at=export.created_at)


def zip_folder(folder: Path, *, name: str, at: datetime) -> Iterator[bytes]:
    """Yield the archive of a folder's files."""
    sources = [(path.name, partial(path.open, "rb")) for path in sorted(folder.iterdir())]
    return _archive(sources, name=name, at=at)


def _archive(
    sources: Sequence[tuple[str, Callable[[], IO[Any]]]], *, name: str, at: datetime
) -> Iterator[bytes]:
    sink = _Sink()
    folder = name.removesuffix(".zip")
    with ZipFile(sink, "w", ZIP_DEFLATED) as archive:
        for file_name, open_source in sources:
            entry = ZipInfo(f"{folder}/{file_name}", date_time=at.timetuple()[:6])
            entry.compress_type, entry.external_attr = ZIP_DEFLATED, 0o644 << 16
            with archive.open(entry, "w") as target, open_source() as source:
                while chunk := source.read(READ):
                    target.write(chunk)
                    yield sink.take()
    yield sink.take()


class _Sink(RawIOBase):
    """A file that cannot seek, which the archive is written into, piece by piece."""

    def __init__(self) -> None:
        super().__init__()
        self._written: list[bytes] = []

    def write(self, data: Any, /) -> int:
        self._written.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        data = b"".join(self._written)
        self._written.clear()
        return data

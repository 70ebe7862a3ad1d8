"""The whole pack as one zip, written while it is downloaded, so that memory does not grow with the pack.

The times inside are those of the pack, so that a pack downloaded twice is the same bytes.
"""

from collections.abc import Iterator, Sequence
from io import RawIOBase
from typing import Any
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
    sink = _Sink()
    folder = zip_name(export).removesuffix(".zip")
    with ZipFile(sink, "w", ZIP_DEFLATED) as archive:
        for file in files:
            entry = ZipInfo(f"{folder}/{file.name}", date_time=export.created_at.timetuple()[:6])
            entry.compress_type, entry.external_attr = ZIP_DEFLATED, 0o644 << 16
            with archive.open(entry, "w") as target, default_storage.open(file.path) as source:
                for chunk in source.chunks(READ):
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

"""Files that survive a power cut and a full disk: whole and on the disk, or not there.

Django's own storage leaves a file to the system's cache, and half a file where the disk was full. Reasons:
.github/decisions/processes.md.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.core.files import File
from django.core.files.storage import FileSystemStorage

NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL


class DurableFileStorage(FileSystemStorage):
    """Django's file storage, which comes back from ``save`` once the file and its name are on the disk."""

    def _save(self, name: str, content: File[Any]) -> str:
        """Write under a name that no other file has. Raises OSError, and then nothing is left of the file."""
        path = Path(self.path(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            target = os.open(path, NEW_FILE, 0o600)
        except FileExistsError:  # another process took the name meanwhile
            return self._save(self.get_available_name(name), content)
        try:
            _write(target, content)
            self._set_permissions(path)
            for folder in self._folders_of(path):
                _sync_folder(folder)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return name.replace("\\", "/")

    def _set_permissions(self, path: Path) -> None:
        if self.file_permissions_mode is not None:
            path.chmod(self.file_permissions_mode)

    def _folders_of(self, path: Path) -> Iterator[Path]:
        """Each folder that may have got a new name, from the file's own up to the storage's."""
        root = Path(self.location)
        for folder in path.parents:
            yield folder
            if folder == root:
                return


def _write(target: int, content: File[Any]) -> None:
    with os.fdopen(target, "wb") as file:
        for chunk in content.chunks():
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk. Some network file systems cannot, and need not."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)

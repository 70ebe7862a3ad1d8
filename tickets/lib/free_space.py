"""How much room is left on the disks that the desk writes to. Too little is noticed before something fails."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import connection

MEGABYTE = 1_000_000


@dataclass(frozen=True)
class DiskRoom:
    """The free bytes of the disk that a folder is on."""

    folder: str
    free: int

    @property
    def megabytes(self) -> int:
        return self.free // MEGABYTE

    @property
    def is_short(self) -> bool:
        """True from the size on that is to be warned of."""
        return self.free < settings.DISK_WARNING_MB * MEGABYTE

    @property
    def is_used_up(self) -> bool:
        """True if only the room is left that work under way needs: nothing new is taken in."""
        return self.free < settings.DISK_LEAST_MB * MEGABYTE


def disk_room() -> DiskRoom:
    """The fullest of this machine's disks: of the desk's folder and, with SQLite, of the database's."""
    return min((DiskRoom(str(folder), shutil.disk_usage(folder).free) for folder in _folders()), key=_free)


def database_file() -> Path | None:
    """The file of an SQLite database; None for a server, and for a database in memory."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor != "sqlite" or name.startswith("file:") or ":memory:" in name:
        return None
    return Path(name)


def may_write(file: Path) -> bool:
    """True if this process may write to the file, and beside it, where SQLite keeps its journal."""
    return os.access(file, os.W_OK) and os.access(file.parent, os.W_OK | os.X_OK)


def _free(room: DiskRoom) -> int:
    return room.free


def _folders() -> Iterator[Path]:
    yield settings.VAR_DIR
    if (file := database_file()) is not None:
        yield file.parent

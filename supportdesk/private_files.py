"""Keeps what the desk writes from other users of the machine: customers' words, the database, the keys."""

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

OTHERS = stat.S_IRWXG | stat.S_IRWXO
MARK = ".private"  # beside them, so that the files are looked through once
# What stands in the desk's folder. Anything else there is somebody else's.
OURS = (
    "desk.sqlite3*", "secret_key*", "encryption_keys*", "keys-*.json", "setup.lock", "files", "images", "outgoing",
    "static", "demo_logins.json", "*.pid",
)  # fmt: skip


def write_privately() -> None:
    """Let nobody else read what this process and those it starts write from now on."""
    os.umask(OTHERS)


def close_earlier_files(folder: Path) -> None:
    """Take from everybody else what earlier versions let them read, once, and say so."""
    mark = folder / MARK
    if mark.exists():
        return
    changed = sum(_close(path) for path in _ours(folder))
    mark.touch(mode=0o600)
    if changed:
        sys.stderr.write(
            f"{changed} files and folders in {folder} could be read by other users of this machine; now only by this "
            "one.\n"
        )


def _ours(folder: Path) -> Iterator[Path]:
    for pattern in OURS:
        for path in folder.glob(pattern):
            yield path
            if path.is_dir() and not path.is_symlink():
                for root, folders, files in os.walk(path):
                    yield from (Path(root, name) for name in (*folders, *files))


def _close(path: Path) -> bool:
    """True if it was open. What belongs to another user, or is gone by now, is left alone."""
    try:
        details = path.lstat()
        is_open = bool(details.st_mode & OTHERS) and details.st_uid == os.geteuid()
        if not is_open or stat.S_ISLNK(details.st_mode):
            return False
        path.chmod(stat.S_IMODE(details.st_mode) & ~OTHERS)
    except OSError:
        return False
    return True

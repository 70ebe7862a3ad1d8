"""Backups in an object store: written and proven on this machine, then sent, the manifest last; fetched to restore."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson
from django.conf import settings
from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages
from django.utils.translation import gettext as _

from supportdesk.backup.making import UNFINISHED, chosen_backup
from supportdesk.backup.manifest import MANIFEST, lies_in, read_manifest
from supportdesk.buckets import SCHEME, BucketAddress, NoBucket
from tickets.errors import DeskError

OBJECT_STORAGE = "tickets.lib.object_storage.ObjectStorage"
NAME = "desk-"


def is_bucket(place: str) -> bool:
    return place.startswith(SCHEME)


def unsent_backups() -> Path:
    """Where a backup for a bucket is written and proven before it is sent."""
    return settings.VAR_DIR / "unsent-backups"


class BucketBackups:
    """The backups under the prefix of a bucket. Whatever the store refuses is an OSError."""

    def __init__(self, place: str) -> None:
        try:
            bucket = BucketAddress.parse(place)
        except NoBucket as error:
            raise DeskError(
                _("This address of a bucket cannot be used: %(error)s.") % {"error": error}
            ) from error
        keys = {"access_key": settings.S3_ACCESS_KEY, "secret_key": settings.S3_SECRET_KEY}
        self.place = f"{SCHEME}{bucket.name}/{bucket.prefix}".rstrip("/")
        self._store: Storage = storages.create_storage(
            {"BACKEND": OBJECT_STORAGE, "OPTIONS": bucket.storage_options(**keys)}
        )

    def complete(self) -> list[str]:
        """Their names, oldest first. Only a backup that was sent whole has a manifest."""
        return [name for name in self._all() if self._store.exists(f"{name}/{MANIFEST}")]

    def size_of_last(self) -> int:
        """Bytes of the newest; 0 if there is none."""
        for name in self.complete()[-1:]:
            with self._store.open(f"{name}/{MANIFEST}") as file:
                return sum(listed["size"] for listed in orjson.loads(file.read())["files"])
        return 0

    def send(self, folder: Path) -> str:
        """Send a backup that is whole and proven; gives the place where it then is. Nothing stays of half of it."""
        name = folder.name.removeprefix(UNFINISHED)
        files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)
        try:
            for path in (*files, folder / MANIFEST):
                with path.open("rb") as content:
                    self._store.save(f"{name}/{path.relative_to(folder)}", File(content))
        except BaseException:
            self._remove(name)
            raise
        return f"{self.place}/{name}"

    def remove_older(self, *, keep: int) -> list[str]:
        """Remove all but the newest, what is left of earlier ones that were not sent whole, and name the former."""
        complete = self.complete()
        older = complete[:-keep] if keep else []
        broken = [name for name in self._all() if complete and name < complete[-1] and name not in complete]
        for name in (*older, *broken):
            self._remove(name)
        return older

    def read_beside(self, name: str) -> bytes:
        """A file beside the backups; empty if there is none."""
        try:
            with self._store.open(name, "rb") as file:
                return bytes(file.read())
        except FileNotFoundError:
            return b""

    def write_beside(self, name: str, content: bytes) -> None:
        """In place of the one that is there."""
        self._store.delete(name)
        self._store.save(name, ContentFile(content))

    @contextmanager
    def fetched(self) -> Iterator[Path]:
        """The newest backup, or the one that the address names, in a folder of this machine for the block."""
        with TemporaryDirectory(prefix="desk-fetched-") as scratch:
            name = "" if self._store.exists(MANIFEST) else self._newest()
            self._fetch(name, Path(scratch) / (name or "backup"))
            yield Path(scratch) / (name or "backup")

    def _newest(self) -> str:
        complete = self.complete()
        if not complete:
            raise DeskError(_("There is no complete backup in %(folder)s.") % {"folder": self.place})
        return complete[-1]

    def _fetch(self, name: str, folder: Path) -> None:
        folder.mkdir(mode=0o700)
        self._copy(name, MANIFEST, folder)
        for file in read_manifest(folder).files:
            if lies_in(folder, file.path):  # another path is found damaged
                self._copy(name, file.path, folder)

    def _copy(self, name: str, path: str, folder: Path) -> None:
        there = folder / path
        there.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            with self._store.open(f"{name}/{path}".lstrip("/"), "rb") as source, there.open("wb") as target:
                shutil.copyfileobj(source, target)
        except FileNotFoundError:  # found missing, as in a folder
            there.unlink(missing_ok=True)

    def _all(self) -> list[str]:
        return sorted(name for name in self._store.listdir("")[0] if name.startswith(NAME))

    def _remove(self, name: str) -> None:
        """The manifest first, so that what is half removed is known to be no backup."""
        self._store.delete(f"{name}/{MANIFEST}")
        self._remove_folder(name)

    def _remove_folder(self, folder: str) -> None:
        folders, files = self._store.listdir(folder)
        for name in files:
            self._store.delete(f"{folder}/{name}")
        for name in folders:
            self._remove_folder(f"{folder}/{name}")


@contextmanager
def chosen_from(place: str) -> Iterator[Path]:
    """The folder of the backup that a folder or bucket names; raises DeskError."""
    if not is_bucket(place):
        yield chosen_backup(Path(place).resolve())
        return
    try:
        with BucketBackups(place).fetched() as folder:
            yield folder
    except OSError as error:
        words = {"folder": place.partition("?")[0], "error": error.strerror or error}
        raise DeskError(_("The backup in %(folder)s cannot be fetched: %(error)s") % words) from error

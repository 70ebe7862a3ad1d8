"""The files of messages: in the storage before any lock is taken, and gone again if nothing came of it.

A slow storage keeps whoever sends a file waiting, and nobody else: .github/decisions/processes.md.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import DatabaseError, InterfaceError

from tickets.message_content import KeptFile, NewFile
from tickets.models import Attachment, Message
from tickets.models.message import ATTACHMENTS

logger = logging.getLogger(__name__)

# Longer than any transaction, so that a file without a row is one of a process that died.
UNUSED_FROM = timedelta(hours=2)
# What is older was looked at before, or came with a backup whose rows are not there yet.
UNUSED_UNTIL = timedelta(days=3)


@contextmanager
def stored(files: Sequence[NewFile], *, at: datetime) -> Iterator[list[KeptFile]]:
    """Write each file under a random path for the block, which opens the transaction. Raises OSError.

    Afterwards those are removed that no row names: the transaction was rolled back, or did not need them. If the
    database does not say, they stay; the night removes those of a process that died.
    """
    written: list[KeptFile] = []
    try:
        for file in files:
            written.append(KeptFile(file, _write(file, at)))
        yield written
    finally:
        for path in _unnamed(written):
            _remove(path)


def _write(file: NewFile, at: datetime) -> str:
    """The folder is that of the day, so that the night need not look through those of all years."""
    return default_storage.save(f"{_folder(at.date())}/{uuid.uuid4().hex}", ContentFile(file.data))


def _folder(day: date) -> str:
    return f"{ATTACHMENTS}/{day:%Y-%m-%d}"


def _unnamed(written: Sequence[KeptFile]) -> list[str]:
    rows = {file.row.pk: file.path for file in written if file.row is not None}
    named: set[str] = set()
    if rows:
        try:
            named = {rows[pk] for pk in Attachment.objects.filter(pk__in=rows).values_list("pk", flat=True)}
        except (DatabaseError, InterfaceError):  # a commit whose answer was lost
            named = set(rows.values())
    return [file.path for file in written if file.path not in named]


def attach(message: Message, files: Sequence[KeptFile]) -> list[Attachment]:
    """The rows of stored files, in the caller's transaction."""
    return [_attach(message, file) for file in files]


def _attach(message: Message, stored_file: KeptFile) -> Attachment:
    file = stored_file.file
    stored_file.row = Attachment.objects.create(
        message=message,
        file=stored_file.path,
        name=file.name[:255],
        content_type=file.content_type[:150],
        size=len(file.data),
        content_id=file.content_id[:255],
        is_inline=file.is_inline,
    )
    return stored_file.row


def _remove(path: str) -> None:
    try:
        default_storage.delete(path)
    except Exception:  # what matters is the error that brought us here; the night finds the file
        logger.warning("The file %s is left without a row", path, exc_info=True)


def remove_unused_files(*, now: datetime) -> int:
    """Remove files that no row names, as a process that dies before its commit leaves them. Returns how many.

    Looks at those of the last days only, in whatever storage they are.
    """
    days = (now.date() - timedelta(days=back) for back in range(UNUSED_UNTIL.days + 1))
    unused = [path for day in days for path in _unused_in(_folder(day), now)]
    for path in unused:
        _remove(path)
    return len(unused)


def _unused_in(folder: str, now: datetime) -> Iterator[str]:
    try:
        paths = [f"{folder}/{name}" for name in default_storage.listdir(folder)[1]]
    except FileNotFoundError:
        return
    named = set(Attachment.objects.filter(file__in=paths).values_list("file", flat=True))
    yield from (path for path in paths if path not in named and _may_be_unused(path, now))


def _may_be_unused(path: str, now: datetime) -> bool:
    try:
        return UNUSED_FROM < now - default_storage.get_modified_time(path) < UNUSED_UNTIL
    except FileNotFoundError:  # erased meanwhile
        return False

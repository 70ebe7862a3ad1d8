"""The files of messages: written before the commit, and gone again with the transaction that wrote them."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from pathlib import Path

from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage
from django.db import transaction
from django.utils import timezone

from tickets.message_content import NewFile
from tickets.models import Attachment, Message
from tickets.models.message import ATTACHMENTS

logger = logging.getLogger(__name__)

# Longer than any transaction, so that a file without a row is one of a process that died.
UNUSED_FROM = timedelta(hours=2)
# What is older was looked at before, or came with a backup whose rows are not there yet.
UNUSED_UNTIL = timedelta(days=3)

_written: ContextVar[list[str] | None] = ContextVar("written_files", default=None)


def store_files(message: Message, files: Sequence[NewFile]) -> list[Attachment]:
    """Store each file under a random path, and its row in the caller's transaction. Raises OSError.

    Files are written before the commit, so there is never a row without its file. Callers open their transaction
    with `atomic_with_files`.
    """
    return [_store(message, file) for file in files]


def _store(message: Message, file: NewFile) -> Attachment:
    attachment = Attachment(
        message=message,
        name=file.name[:255],
        content_type=file.content_type[:150],
        size=len(file.data),
        content_id=file.content_id[:255],
        is_inline=file.is_inline,
    )
    attachment.file.save("file", ContentFile(file.data), save=False)
    written = _written.get()
    if written is not None:
        written.append(str(attachment.file.name))
    attachment.save(force_insert=True)
    return attachment


@contextmanager
def atomic_with_files() -> Iterator[None]:
    """A transaction that, if the block raises, takes the files written in it along with their rows.

    If the commit itself fails, they stay: the server may have committed and only its answer be lost. The night removes
    those that no row names.
    """
    with transaction.atomic(), undo_files():
        yield


@contextmanager
def undo_files() -> Iterator[None]:
    """Remove the files that are written inside if the block raises."""
    written: list[str] = []
    token = _written.set(written)
    try:
        yield
    except BaseException:
        for path in written:
            _remove(path)
        raise
    finally:
        _written.reset(token)


def _remove(path: str) -> None:
    try:
        default_storage.delete(path)
    except Exception:  # what matters is the error that brought us here; the night finds the file
        logger.warning("The file %s is left without a row", path, exc_info=True)


def remove_unused_files(*, now: datetime) -> int:
    """Remove files that no row names, as a process that dies before its commit leaves them. Returns how many.

    Looks at those of the last days only, and only in a folder: other storages are not walked through.
    """
    if not isinstance(default_storage, FileSystemStorage):
        return 0
    unused = 0
    for folder in sorted(Path(default_storage.path(ATTACHMENTS)).glob("*")):
        names = {
            f"{ATTACHMENTS}/{folder.name}/{file.name}"
            for file in folder.iterdir()
            if _may_be_unused(file, now)
        }
        for path in names - set(Attachment.objects.filter(file__in=names).values_list("file", flat=True)):
            _remove(path)
            unused += 1
    return unused


def _may_be_unused(file: Path, now: datetime) -> bool:
    try:
        written_at = datetime.fromtimestamp(file.stat().st_mtime, timezone.get_current_timezone())
    except FileNotFoundError:  # erased meanwhile
        return False
    return UNUSED_FROM < now - written_at < UNUSED_UNTIL

"""Stores the files of a message."""

from collections.abc import Sequence

from django.core.files.base import ContentFile

from tickets.message_content import NewFile
from tickets.models import Attachment, Message


def store_files(message: Message, files: Sequence[NewFile]) -> list[Attachment]:
    """Store each file under a random path and its row in the caller's transaction.

    The files are written before the commit: a rollback leaves an unused file behind, never a row without one.
    """
    return [
        Attachment.objects.create(
            message=message,
            file=ContentFile(file.data, name="file"),
            name=file.name[:255],
            content_type=file.content_type[:150],
            size=len(file.data),
            content_id=file.content_id[:255],
            is_inline=file.is_inline,
        )
        for file in files
    ]

"""Tries whether files can be stored, and records the outcome for health."""

import logging
import socket
from datetime import datetime

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from escalation.enforcement.heartbeats import beat

logger = logging.getLogger(__name__)

FILES = "files"  # heartbeat of the last trial that succeeded
FILES_FAILED = "files-failed"  # and of the last that did not, with the reason


def try_storage(*, at: datetime) -> str:
    """Store a file, each machine under a name of its own, and remove it."""
    name = f"trial/{socket.gethostname()[:64]}"
    try:
        default_storage.delete(default_storage.save(name, ContentFile(b"Can files be stored?")))
    except OSError as error:
        logger.warning("Files cannot be stored: %s", error)
        beat(FILES_FAILED, at=at, detail=str(error.strerror or error))
        return "failed"
    beat(FILES, at=at)
    return "stored"

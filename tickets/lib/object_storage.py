"""Files in an object store that speaks S3. Needs the extra `s3`.

Whatever goes wrong with the store is an OSError, as with a disk: mail waits, and a person hears it in a sentence.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files import File
from storages.backends.s3 import S3Storage

from tickets.errors import FileStoreFault

# Somebody may be waiting: a store that does not answer is given up after about half a minute.
CONNECT_SECONDS = 3
READ_SECONDS = 10
TRIES = 2
MEMORY_BYTES = 5_000_000  # a larger file that is read lies on the disk meanwhile


class ObjectStorage(S3Storage):
    """Django's storage in a bucket. Nothing in it has a public address; pages check who may read."""

    def __init__(self, **options: Any) -> None:
        style = options.get("addressing_style") or "auto"
        config = Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"total_max_attempts": TRIES, "mode": "standard"},
            signature_version="s3v4",
            s3={"addressing_style": style},
            # Stores other than Amazon's refuse the newer checksums.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        fixed = {"client_config": config, "default_acl": None, "max_memory_size": MEMORY_BYTES}
        super().__init__(**{**options, **fixed})

    def _open(self, name: str, mode: str = "rb") -> File[Any]:
        """The file with its content, so that nothing goes wrong while it is read."""
        with _faults_of_the_store(name):
            opened: File[Any] = super()._open(name, mode)
            if "r" in mode:
                opened.open()
            return opened

    def _save(self, name: str, content: File[Any]) -> str:
        with _faults_of_the_store(name):
            return str(super()._save(name, content))

    def delete(self, name: str) -> None:
        with _faults_of_the_store(name):
            super().delete(name)

    def exists(self, name: str) -> bool:
        with _faults_of_the_store(name):
            return bool(super().exists(name))

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        """Folders and files; of a folder that is not there, none."""
        with _faults_of_the_store(path):
            folders, files = super().listdir(path)
            return folders, files

    def size(self, name: str) -> int:
        with _faults_of_the_store(name):
            return int(super().size(name))

    def get_modified_time(self, name: str) -> datetime:
        with _faults_of_the_store(name):
            at: datetime = super().get_modified_time(name)
            return at


@contextmanager
def _faults_of_the_store(name: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise FileNotFoundError(errno.ENOENT, "The store has no such file", name) from error
    except (ClientError, BotoCoreError, Boto3Error) as error:
        cause = error.__context__ if isinstance(error.__context__, ClientError) else error
        answer = getattr(cause, "response", None) or {}
        if (
            answer.get("ResponseMetadata", {}).get("HTTPStatusCode") == 404
            and _code(answer) != "NoSuchBucket"
        ):
            raise FileNotFoundError(errno.ENOENT, "The store has no such file", name) from error
        raise FileStoreFault(errno.EIO, f"the file store: {_code(answer) or type(error).__name__}") from error


def _code(answer: dict[str, Any]) -> str:
    """AccessDenied, NoSuchBucket ...; the rest of an answer may name keys and addresses."""
    return str(answer.get("Error", {}).get("Code", ""))[:50]

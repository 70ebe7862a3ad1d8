"""The desk's keys: from the environment, or for the embedded desk generated once and kept beside its data."""

import fcntl
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

LEAST_LENGTH = 40
LEAST_DIFFERENT = 10
HOW_TO_MAKE_ONE = "python3 -c 'import secrets; print(secrets.token_urlsafe(50))'"


def checked_secret_key(value: str, *, name: str = "SECRET_KEY") -> str:
    """Refuse keys that are short or repetitive, as Django's own deployment check would."""
    if _is_strong(value):
        return value
    raise ImproperlyConfigured(
        f"{name} is too weak. Set it to at least {LEAST_LENGTH} random characters, for example the output of: "
        f"{HOW_TO_MAKE_ONE}"
    )


def kept_secret_key(path: Path) -> str:
    """Return the key kept at ``path``; create it if there is none. Many processes may start at once."""
    key = _kept(path)
    if _is_strong(key):
        return key
    raise ImproperlyConfigured(
        f"The secret key in {path} is damaged. Put the old one back, or remove the file: then everybody signs in "
        "again, and mailbox passwords have to be entered again."
    )


def kept_encryption_keys(path: Path) -> list[str]:
    """Return the keys kept at ``path``, one a line, the first of which encrypts; create one if there is none."""
    keys = _kept(path).split()
    if all(map(_is_strong, keys)):
        return keys
    raise ImproperlyConfigured(
        f"The encryption keys in {path} are damaged. Put the old ones back, or remove the file: then passwords of "
        "mailboxes and contact methods have to be entered again."
    )


def replace_kept_encryption_keys(path: Path, keys: Sequence[str]) -> None:
    """Keep these from now on. Processes that run have the old ones until they end."""
    write_secret(path, "\n".join(map(checked_secret_key, keys)).encode())


def replace_kept_key(path: Path, key: str) -> None:
    """Keep another key from now on, as after a restore. Processes that run have the old one until they end."""
    write_secret(path, checked_secret_key(key).encode())


def write_secret(path: Path, content: bytes) -> None:
    """Write a file for this user only: the whole of it, or what was there stays."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path)


def _is_strong(key: str) -> bool:
    return len(key) >= LEAST_LENGTH and len(set(key)) >= LEAST_DIFFERENT


def _kept(path: Path) -> str:
    try:
        return _read_or_write(path)
    except OSError as error:
        raise ImproperlyConfigured(
            f"The keys in {path} cannot be used ({error.strerror}). Let this user read and write the file."
        ) from error


def _read_or_write(path: Path) -> str:
    """Read the key, or write it: the first process holds the file's lock until then, the others wait and read."""
    with os.fdopen(
        os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+", encoding="utf-8", errors="replace"
    ) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        kept = file.read().strip()
        if not kept:
            kept = secrets.token_urlsafe(50)
            file.write(kept)
            file.flush()
            os.fsync(file.fileno())
        return kept

"""Encrypts backups with age (https://age-encryption.org), so that the machine that writes them cannot read them."""

from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import pyrage
from django.utils.translation import gettext as _

from tickets.errors import DeskError


class RememberingStream:
    """Passes reads and writes on, and keeps the error of one, which age would turn into an error of its own."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.error: BaseException | None = None

    def read(self, size: int = -1) -> bytes:
        try:
            data: bytes = self._stream.read(size)
        except BaseException as error:
            self.error = error
            raise
        return data

    def write(self, data: bytes) -> int:
        try:
            return int(self._stream.write(data))
        except BaseException as error:
            self.error = error
            raise

    def flush(self) -> None:
        """The writer's owner flushes."""


def recipients_of(words: Sequence[str]) -> list[Any]:
    """Public keys as `age-keygen` prints them."""
    try:
        return [pyrage.x25519.Recipient.from_str(word) for word in words]
    except pyrage.RecipientError as error:
        raise DeskError(
            _("A recipient of the backup is no public key of age, which begins with age1.")
        ) from error


def identities_in(path: Path) -> list[Any]:
    """The secret keys in a file that `age-keygen` wrote."""
    try:
        lines = [line.strip() for line in path.read_text("utf-8").splitlines()]
        return [pyrage.x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#")]
    except (OSError, UnicodeDecodeError, pyrage.IdentityError) as error:
        raise DeskError(
            _("%(file)s cannot be read as an identity of age, which begins with AGE-SECRET-KEY-.")
            % {"file": path}
        ) from error


def new_identity() -> Any:
    """A secret key that only this process knows."""
    return pyrage.x25519.Identity.generate()


def encrypt(source: Any, target: Any, recipients: Sequence[Any]) -> None:
    """Encrypt what the source gives. Errors of the streams are raised as they were."""
    reader, writer = RememberingStream(source), RememberingStream(target)
    try:
        pyrage.encrypt_io(reader, writer, list(recipients))
    except Exception:
        if original := reader.error or writer.error:
            raise original from None
        raise


def decrypt(source: IO[bytes], target: IO[bytes], identities: Sequence[Any]) -> None:
    reader, writer = RememberingStream(source), RememberingStream(target)
    try:
        pyrage.decrypt_io(reader, writer, list(identities))
    except Exception as error:
        if original := reader.error or writer.error:
            raise original from None
        raise DeskError(_("The backup cannot be decrypted with this identity.")) from error

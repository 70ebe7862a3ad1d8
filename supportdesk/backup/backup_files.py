"""One file of a backup: compressed if it holds rows, encrypted if somebody may read it, on the disk when written."""

import gzip
import hashlib
import io
import os
import shutil
import tempfile
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import orjson

from supportdesk.backup.desk_tables import Row
from supportdesk.backup.encryption import decrypt, encrypt

BLOCK = 1 << 18
ENCRYPTED = ".age"


@dataclass(frozen=True)
class BackupFile:
    """A file as it lies in the backup: its path there, and what its bytes must be."""

    path: str
    size: int
    sha256: str


class ChunkStream(io.RawIOBase):
    """The chunks as a file to read."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks, self._rest = iter(chunks), b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = chunk
        taken, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(taken)] = taken
        return len(taken)


class HashingFile:
    """Writes to a file and knows what it wrote."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._hash, self.size = file, hashlib.sha256(), 0

    def write(self, data: bytes) -> int:
        self._hash.update(data)
        self.size += len(data)
        return self._file.write(data)

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()


def write_file(folder: Path, path: str, source: Any, recipients: Sequence[Any]) -> BackupFile:
    """Write what the source gives to a new file for this user only, which is on the disk at the end."""
    path += ENCRYPTED if recipients else ""
    there = folder / path
    there.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(there, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        target = HashingFile(file)
        if recipients:
            encrypt(source, target, recipients)
        else:
            shutil.copyfileobj(source, target, BLOCK)
        file.flush()
        os.fsync(file.fileno())
    return BackupFile(path, target.size, target.sha256)


def write_lines(folder: Path, path: str, lines: Iterable[bytes], recipients: Sequence[Any]) -> BackupFile:
    """Write lines, compressed."""
    stream = io.BufferedReader(ChunkStream(_zipped(lines)), BLOCK)
    return write_file(folder, f"{path}.gz", stream, recipients)


def _zipped(lines: Iterable[bytes]) -> Iterator[bytes]:
    """The lines as gzip, quickly rather than smallest."""
    packer = zlib.compressobj(1, wbits=31)
    waiting, size = [], 0
    for line in lines:
        waiting.append(line)
        size += len(line)
        if size >= BLOCK:
            yield packer.compress(b"".join(waiting))
            waiting, size = [], 0
    yield packer.compress(b"".join(waiting)) + packer.flush()


@contextmanager
def opened_file(folder: Path, path: str, identities: Sequence[Any]) -> Iterator[IO[bytes]]:
    """The content of a file of a backup; what was encrypted lies decrypted in a file without a name meanwhile."""
    with (folder / path).open("rb") as stored:
        if not path.endswith(ENCRYPTED):
            yield stored
            return
        with tempfile.TemporaryFile() as plain:
            decrypt(stored, plain, identities)
            plain.seek(0)
            yield plain


def read_lines(folder: Path, path: str, identities: Sequence[Any]) -> Iterator[bytes]:
    with opened_file(folder, path, identities) as file, gzip.open(file) as lines:
        yield from lines


def line_of(row: Row) -> bytes:
    return orjson.dumps(row, default=_bytes_as_json, option=orjson.OPT_APPEND_NEWLINE)


def row_of(line: bytes) -> Row:
    return tuple(b64decode(value["bytes"]) if type(value) is dict else value for value in orjson.loads(line))


def _bytes_as_json(value: Any) -> dict[str, str]:
    if isinstance(value, bytes):
        return {"bytes": b64encode(value).decode()}
    raise TypeError(type(value))


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

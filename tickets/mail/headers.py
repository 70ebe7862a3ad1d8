"""The headers of a message or part: raw bytes in order, decoded only when somebody asks."""

from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message

from tickets.mail.encoded_words import decode_header
from tickets.mail.storable_text import storable_line

MAX_HEADERS = 1_000
MAX_HEADER_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Headers:
    """Raw values are unfolded bytes. `hint` is the charset to read raw 8-bit values by."""

    raw: tuple[tuple[str, bytes], ...]
    hint: str = ""

    def values(self, name: str) -> Iterator[bytes]:
        wanted = name.lower()
        return (value for key, value in self.raw if key.lower() == wanted)

    def first(self, name: str) -> bytes:
        return next((value for value in self.values(name) if value.strip()), b"")

    def text(self, name: str) -> str:
        return self.decoded(self.first(name))

    def decoded(self, value: bytes) -> str:
        return storable_line(decode_header(value, hint=self.hint))


def read_headers(message: Message, *, hint: str = "") -> Headers:
    """`message` was parsed under compat32: only `raw_items` still has its raw 8-bit bytes."""
    items = [item for item, _ in zip(message.raw_items(), range(MAX_HEADERS), strict=False)]
    return Headers(tuple((_bytes(name).decode("latin-1"), _unfolded(value)) for name, value in items), hint)


def _unfolded(value: str) -> bytes:
    return _bytes(value)[:MAX_HEADER_BYTES].replace(b"\r", b"").replace(b"\n", b"").strip()


def _bytes(value: str) -> bytes:
    return value.encode("ascii", "surrogateescape")

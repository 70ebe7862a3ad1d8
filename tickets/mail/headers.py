"""The headers of a message or part: raw bytes in order, decoded only on demand."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from email.message import Message

from tickets.mail.encoded_words import decode_header
from tickets.mail.storable_text import storable_line

MAX_HEADERS = 1_000
MAX_HEADER_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Headers:
    """Raw values are unfolded bytes. `hint` is the charset for raw 8-bit values."""

    raw: tuple[tuple[str, bytes], ...]
    hint: str = ""
    _by_name: dict[str, list[bytes]] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        for name, value in self.raw:
            self._by_name.setdefault(name.lower(), []).append(value)

    def values(self, name: str) -> Sequence[bytes]:
        return self._by_name.get(name.lower(), ())

    def first(self, name: str) -> bytes:
        return next((value for value in self.values(name) if value.strip()), b"")

    def text(self, name: str) -> str:
        return self.decoded(self.first(name))

    def decoded(self, value: bytes) -> str:
        return storable_line(decode_header(value, hint=self.hint))


def read_headers(message: Message, *, hint: str = "", only: str = "") -> Headers:
    """Read the headers of a message parsed under compat32, where only `raw_items` still has raw 8-bit bytes.

    `only` restricts the result to one header, named in lower case.
    """
    items = [item for item, _ in zip(message.raw_items(), range(MAX_HEADERS), strict=False)]
    if only:
        items = [item for item in items if item[0].lower() == only]
    return Headers(tuple((_bytes(name).decode("latin-1"), _unfolded(value)) for name, value in items), hint)


def _unfolded(value: str) -> bytes:
    return _bytes(value)[:MAX_HEADER_BYTES].replace(b"\r", b"").replace(b"\n", b"").strip()


def _bytes(value: str) -> bytes:
    return value.encode("ascii", "surrogateescape")

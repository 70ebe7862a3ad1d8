"""Content-Type and Content-Disposition: the value and its parameters, RFC 2231 in all its variants."""

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from tickets.mail.charsets import decode
from tickets.mail.encoded_words import decode_header
from tickets.mail.storable_text import plain_name

MAX_PARAMETERS = 200
MAX_USUAL_BYTES = 100

_PARAMETER = re.compile(rb';\s*([^\s=;"]+)\s*=\s*("(?:[^"\\]|\\.)*"?|[^;]*)', re.DOTALL)
_SECTION = re.compile(r"([^*]+)(?:\*(\d{1,4}))?(\*)?")
_QUOTED_PAIR = re.compile(rb'\\(["\\])')
_EXTENDED = re.compile(rb"([A-Za-z0-9_.:+-]*)'([A-Za-z0-9-]*)'(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Parametrised:
    """A header such as `text/plain; charset=utf-8`; names and the value are in lower case."""

    value: str
    parameters: tuple[tuple[str, str], ...] = ()

    def get(self, name: str) -> str:
        return next((text for key, text in self.parameters if key == name), "")


@dataclass(frozen=True, slots=True)
class _ParameterPiece:
    order: int
    is_extended: bool
    value: bytes


def parametrised(raw: bytes, *, hint: str = "") -> Parametrised:
    """Parse any bytes; a parameter that makes no sense is left out."""
    return _usual(raw, hint) if len(raw) <= MAX_USUAL_BYTES else _read(raw, hint)


@lru_cache(maxsize=512)
def _usual(raw: bytes, hint: str) -> Parametrised:
    """Cached for the few values that nearly all mails have."""
    return _read(raw, hint)


def _read(raw: bytes, hint: str) -> Parametrised:
    head, semicolon, rest = raw.partition(b";")
    pieces: dict[str, list[_ParameterPiece]] = {}
    for match, _ in zip(_PARAMETER.finditer(semicolon + rest), range(MAX_PARAMETERS), strict=False):
        section = _SECTION.fullmatch(match[1].decode("latin-1").lower())
        if section:
            piece = _ParameterPiece(int(section[2] or 0), bool(section[3]), _unquoted(match[2].strip()))
            pieces.setdefault(section[1], []).append(piece)
    named = tuple((name, _joined(parts, hint)) for name, parts in pieces.items())
    return Parametrised(head.decode("latin-1").strip().lower(), named)


def _unquoted(value: bytes) -> bytes:
    if not value.startswith(b'"'):
        return value
    return _QUOTED_PAIR.sub(rb"\1", value[1:-1] if value.endswith(b'"') and len(value) > 1 else value[1:])


def _joined(pieces: list[_ParameterPiece], hint: str) -> str:
    """The pieces joined by number; an extended value wins over a plain one of the same name (RFC 6266)."""
    extended = [piece for piece in pieces if piece.is_extended]
    chosen = pieces if any(piece.order for piece in pieces) else (extended or pieces)[:1]
    ordered = sorted(chosen, key=lambda piece: piece.order)
    value = b"".join(unquote_to_bytes(p.value) if p.is_extended else p.value for p in ordered)
    match = _EXTENDED.fullmatch(value)
    if match and (extended or b"%" in match[3]):
        data = match[3] if extended else unquote_to_bytes(match[3])
        return plain_name(decode(data, match[1].decode("ascii")))
    return plain_name(decode_header(_without_escapes(value), hint=hint))


def _without_escapes(value: bytes) -> bytes:
    """A plain value, URL-decoded only if that gives UTF-8 beyond ASCII."""
    plain = unquote_to_bytes(value) if b"%" in value else value
    try:
        return value if plain.isascii() or not plain.decode("utf-8") else plain
    except UnicodeDecodeError:
        return value

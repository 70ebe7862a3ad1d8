"""Decodes header values: encoded words (RFC 2047) as mailers really write them, and raw 8-bit bytes."""

import base64
import binascii
import re
from dataclasses import dataclass, field

from tickets.mail.charsets import codec_for, decode

# The text of a word runs to its "?=", to the next word, or to the end of a truncated header. It never contains the
# beginning of another word, so the scan stays linear.
_WORD = re.compile(
    rb"=\?\s*(?P<charset>[^\s?=]{1,64})\s*\?\s*(?P<coding>[bBqQ])\s*\?"
    rb"(?P<text>(?:[^=?]|=(?!\?)|=(?=\?=)|\?(?!=)|\?=(?=[0-9A-F]{2}))*)"
    rb"(?:\?=|(?==\?)|\Z)"
)
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/=]")
_ESCAPED_BYTE = re.compile(rb"=([0-9A-Fa-f]{2})")


@dataclass(slots=True)
class _EncodedRun:
    """Neighbouring words of one charset, joined because a character or a base64 group may be split over two of them."""

    charset: str = ""
    words: list[tuple[bool, bytes]] = field(default_factory=list)

    def text(self) -> str:
        each = b"".join(_word_bytes(is_base64, text) for is_base64, text in self.words)
        if len(self.words) > 1 and all(is_base64 for is_base64, _ in self.words) and not self._reads(each):
            joined = lenient_base64(b"".join(text for _, text in self.words))
            each = joined if self._reads(joined) else each
        return decode(each, self.charset)

    def _reads(self, data: bytes) -> bool:
        try:
            data.decode(codec_for(self.charset) or "utf-8")
        except UnicodeError:
            return False
        return True


def decode_header(value: bytes, *, hint: str = "") -> str:
    """The text of a raw header value. `hint` is the charset of the body, used for raw 8-bit bytes."""
    if b"=?" not in value:
        return value.decode("ascii") if value.isascii() and b"\x1b" not in value else decode(value, hint=hint)
    pieces: list[str] = []
    run = _EncodedRun()
    end = 0
    for match in _WORD.finditer(value):
        between = value[end : match.start()]
        label = match["charset"].decode("ascii", "replace")
        is_neighbour = bool(run.words) and not between.strip()
        if not (is_neighbour and codec_for(label) == codec_for(run.charset)):
            pieces += [run.text(), "" if is_neighbour else decode(between, hint=hint)]
            run = _EncodedRun(charset=label)
        run.words.append((match["coding"] in b"bB", match["text"]))
        end = match.end()
    return "".join([*pieces, run.text(), decode(value[end:], hint=hint)])


def _word_bytes(is_base64: bool, text: bytes) -> bytes:
    return lenient_base64(text) if is_base64 else _q_bytes(text)


def _q_bytes(text: bytes) -> bytes:
    return _ESCAPED_BYTE.sub(lambda escaped: bytes([int(escaped[1], 16)]), text.replace(b"_", b" "))


def lenient_base64(text: bytes) -> bytes:
    """Decode base64 that may contain blanks, junk, the URL alphabet, padding in the middle or none."""
    try:
        return base64.b64decode(text.translate(None, b" \t\r\n"), validate=True)
    except binascii.Error:
        pass
    cleaned = _NOT_BASE64.sub(b"", text.replace(b"-", b"+").replace(b"_", b"/"))
    return b"".join(_base64_run(run) for run in cleaned.split(b"=") if run)


def _base64_run(run: bytes) -> bytes:
    usable = run[:-1] if len(run) % 4 == 1 else run
    return base64.b64decode(usable + b"=" * (-len(usable) % 4))

"""Decodes transfer encodings: base64, quoted-printable and uuencode, even if broken or wrongly declared."""

import quopri
import re

from tickets.mail.encoded_words import lenient_base64
from tickets.mail.headers import Headers
from tickets.mail.uuencode import take_files

SAMPLE_BYTES = 4_096

_BASE64_LETTERS = re.compile(rb"[A-Za-z0-9+/=_-]")
_PADDED_END = re.compile(rb"={1,2}[ \t]*\r?\n")


def undone(data: bytes, headers: Headers) -> bytes:
    """The decoded `data`; data that is declared base64 but is not stays as it is."""
    encoding = headers.first("Content-Transfer-Encoding").decode("latin-1").lower().strip("\"' ")
    if encoding.startswith("base64"):
        return _from_base64(data)
    if encoding.startswith(("quoted-printable", "quoted_printable", "qp")):
        return quopri.decodestring(data)
    return _from_uuencode(data) if encoding.startswith(("x-uu", "uu")) else data


def _from_base64(data: bytes) -> bytes:
    """Decode base64. The footer that mailing lists append below the code is kept as plain text."""
    end = _PADDED_END.search(data)
    code, below = (data[: end.end()], data[end.end() :].strip()) if end else (data, b"")
    if not _looks_base64(code):
        return data
    if not below or _looks_base64(below):
        return lenient_base64(data)
    return lenient_base64(code) + b"\n" + below


def _looks_base64(data: bytes) -> bool:
    sample = data[:SAMPLE_BYTES].translate(None, b"\r\n")
    letters = len(_BASE64_LETTERS.findall(sample))
    return letters >= len(sample) * 0.95 and sample.count(b" ") <= len(sample) // 40


def _from_uuencode(data: bytes) -> bytes:
    _, files = take_files(data.decode("latin-1").replace("\r\n", "\n"))
    return files[0][1] if files else data

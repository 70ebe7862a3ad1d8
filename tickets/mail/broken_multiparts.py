"""Reads mail whose multiparts a parser cannot follow: nested too deeply, or with a boundary other than announced."""

import email.parser
import re
from email.message import Message
from email.policy import compat32

MAX_BOUNDARIES = 5_000

_BOUNDARY = re.compile(rb'boundary\s*=\s*(?:"([^"\r\n]{1,200})"|([^\s;"]{1,200}))', re.IGNORECASE)
_PART_OPENING = re.compile(rb'^--([^\r\n"\\]{1,200})\r?\n(?=[A-Za-z-]{1,60}:)', re.MULTILINE)
_DELIMITER = re.compile(rb"^--([^\r\n]{1,202})\r?$", re.MULTILINE)


def is_nested_deeper_than(raw: bytes, limit: int) -> bool:
    """True if more multiparts than `limit` are open at once; the parser's time grows with that number."""
    if raw.lower().count(b"boundary") <= limit:
        return False
    known = _boundaries(raw)
    steps = [(match.start(), 1) for match in _BOUNDARY.finditer(raw)]
    steps += [
        (m.start(), -1)
        for m in _DELIMITER.finditer(raw)
        if m[1].rstrip().removesuffix(b"--") in known and m[1].rstrip().endswith(b"--")
    ]
    open_now = 0
    for _, step in sorted(steps):
        open_now = max(open_now + step, 0)
        if open_now > limit:
            return True
    return False


def flat_messages(raw: bytes) -> Message:
    """A flat multipart/mixed message with the head of `raw` and each of its leaves as a child."""
    chunks = _chunks(raw)
    root = _chunk_message(chunks[0])
    leaves = [_chunk_message(chunk) for chunk in chunks[1:]]
    kept: list[Message | str] = [leaf for leaf in leaves if leaf.get_payload() and not _is_container(leaf)]
    if kept:
        del root["Content-Type"]
        root["Content-Type"] = "multipart/mixed"
        root.set_payload(kept)
    return root


def with_guessed_boundary(body: bytes) -> bytes | None:
    """`body` under a head that names the first boundary it uses; None if no line looks like one."""
    match = _PART_OPENING.search(body)
    if not match:
        return None
    return b'Content-Type: multipart/mixed; boundary="' + match[1].rstrip() + b'"\n\n' + body


def _boundaries(raw: bytes) -> set[bytes]:
    matches = zip(_BOUNDARY.finditer(raw), range(MAX_BOUNDARIES), strict=False)
    return {match[1] or match[2] for match, _ in matches}


def _chunks(raw: bytes) -> list[bytes]:
    known = _boundaries(raw)
    edges = [match for match in _DELIMITER.finditer(raw) if _is_edge(match[1].rstrip(), known)]
    starts = [0, *(match.end() for match in edges)]
    ends = [*(match.start() for match in edges), len(raw)]
    return [raw[start:end].lstrip(b"\r\n") for start, end in zip(starts, ends, strict=True)]


def _is_edge(line: bytes, known: set[bytes]) -> bool:
    return line in known or line.removesuffix(b"--") in known


def _chunk_message(chunk: bytes) -> Message:
    return email.parser.BytesParser(policy=compat32).parsebytes(chunk, headersonly=True)


def _is_container(message: Message) -> bool:
    return str(message.get("Content-Type", "")).lower().lstrip().startswith("multipart/")

"""Repairs the head of a raw mail before it is parsed: lost blanks, junk lines, strange line ends."""

import re

from tickets.mail.values import MailNote, UnreadableMail

MAX_JUNK_LINES = 100
MAX_HEAD_BYTES = 512 * 1024

_HEADER_LINE = re.compile(rb"[A-Za-z][!-9;-~]{0,75}[ \t]*:")
_KNOWN_HEADER = re.compile(
    rb"(?:from|to|cc|bcc|subject|date|sender|reply-to|message-id|in-reply-to|references|mime-version"
    rb"|content-[a-z-]+|received|return-path|delivered-to|precedence|auto-submitted|list-[a-z-]+"
    rb"|x-[a-z0-9-]+|dkim-signature|authentication-results|importance|user-agent|thread-[a-z]+)[ \t]*:",
    re.IGNORECASE,
)
# Headers and their continuations, nothing else; true of most heads.
_SOUND_HEAD = re.compile(rb"(?:[A-Za-z][!-9;-~]{0,75}:[^\r\n\0]*\r?\n(?:[ \t][^\r\n\0]*\r?\n)*)+")
_UTF8_BOM = b"\xef\xbb\xbf"


def repair_head(raw: bytes) -> tuple[bytes, tuple[MailNote, ...]]:
    """The same mail with a head that a parser reads to its end, and notes on what was repaired.

    Raises UnreadableMail if none of the first lines could be a header.
    """
    notes: list[MailNote] = []
    even = _even_line_ends(raw.removeprefix(_UTF8_BOM))
    if even is not raw:
        notes.append(MailNote.LINE_ENDS)
    start = _first_header(even)
    if start:
        notes.append(MailNote.LINES_BEFORE_HEAD)
    head, body = _cut_head(even[start:])
    mended = _mended_head(head)
    if mended != head:
        notes.append(MailNote.BROKEN_HEADERS)
    return mended + body, tuple(notes)


def _even_line_ends(raw: bytes) -> bytes:
    """Make line ends uniform: bare CRs, or a CR too many, would end the head after its first line."""
    if b"\n" not in raw:
        return raw.replace(b"\r", b"\n")
    if b"\r\r\n" in raw[:MAX_HEAD_BYTES]:
        return raw.replace(b"\r\r\n", b"\r\n")
    return raw


def _first_header(raw: bytes) -> int:
    """The offset of the first header line."""
    position = 0
    for _ in range(MAX_JUNK_LINES):
        if _HEADER_LINE.match(raw, position):
            return position
        newline = raw.find(b"\n", position)
        if newline < 0:
            break
        position = newline + 1
    raise UnreadableMail("no line of this looks like the header of a mail")


def _cut_head(raw: bytes) -> tuple[bytes, bytes]:
    """Head and the rest; the blank line between them belongs to the rest."""
    ends = [position for position in (raw.find(b"\n\n"), raw.find(b"\n\r\n")) if position >= 0]
    end = min([*ends, MAX_HEAD_BYTES, len(raw)])
    cut = raw.find(b"\n", end) + 1 or len(raw)
    return raw[:cut], raw[cut:]


def _mended_head(head: bytes) -> bytes:
    if _SOUND_HEAD.fullmatch(head):
        return head
    lines = head.split(b"\n")
    last_known = max((i for i, line in enumerate(lines) if _KNOWN_HEADER.match(line)), default=0)
    mended = [_mended_line(line, is_inside=i < last_known) for i, line in enumerate(lines)]
    return b"\n".join(mended)


def _mended_line(line: bytes, *, is_inside: bool) -> bytes:
    """The line repaired. Junk between headers becomes a continuation; after the last header it is the body."""
    bare = line.rstrip(b"\r").replace(b"\r", b" ").replace(b"\0", b"") + (
        b"\r" if line.endswith(b"\r") else b""
    )
    if not bare.strip() or bare[:1] in b" \t":
        return bare
    if not _HEADER_LINE.match(bare):
        return b" " + bare if is_inside else bare
    name, _, value = bare.partition(b":")
    return name.rstrip(b" \t") + b":" + value

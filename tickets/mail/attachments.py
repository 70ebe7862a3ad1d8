"""Attachments: a safe name for each, attached messages, uuencoded files in text, winmail.dat unpacked."""

import binascii
import mimetypes
import re
from collections.abc import Iterator

from tickets.mail.repair import repair_head
from tickets.mail.scrub import plain_name, storable_line
from tickets.mail.tree import Part
from tickets.mail.values import ParsedAttachment, UnreadableMail
from tickets.mail.winmail import is_winmail, unpack_winmail
from tickets.mail.words import decode_header

MAX_NAME_CHARS = 150
MAX_UU_FILES = 50

_UNSAFE_IN_NAME = re.compile(r'[/\\:*?"<>|\x00-\x1f]+')
_SUBJECT = re.compile(rb"^subject:[ \t]*([^\r\n]*(?:\r?\n[ \t][^\r\n]*)*)", re.IGNORECASE | re.MULTILINE)
_UU_FILE = re.compile(
    r"^begin [0-7]{3,4} ([^\n]{1,200})\n((?:[\x20-\x60][^\n]{0,100}\n)*?)(?:`|[ ]*)\n?end[ ]*$", re.MULTILINE
)
_MIME_TYPE = re.compile(r"[a-z0-9][a-z0-9.+_-]{0,80}/[a-z0-9][a-z0-9.+_-]{0,120}")


def part_attachments(part: Part) -> Iterator[ParsedAttachment]:
    """The attachment that `part` is; a winmail.dat is followed by the files inside it."""
    content_id = plain_name(part.headers.first("Content-ID").decode("latin-1")).strip("<>")
    content_type = clean_type(part.type)
    name = safe_name(part.filename) or _fallback_name(part, content_type)
    is_inline = bool(content_id) and part.main_type == "image" and part.disposition.value != "attachment"
    yield ParsedAttachment(name, content_type, part.body, content_id, is_inline)
    if is_winmail(name, content_type, part.body):
        for inner_name, data in unpack_winmail(part.body):
            clean = safe_name(inner_name) or "attachment.bin"
            yield ParsedAttachment(clean, clean_type(mimetypes.guess_type(clean)[0] or ""), data)


def clean_type(claimed: str) -> str:
    return claimed if _MIME_TYPE.fullmatch(claimed) else "application/octet-stream"


def safe_name(raw: str) -> str:
    """A file name without folders, control or direction characters, at most MAX_NAME_CHARS long."""
    base = re.split(r"[/\\]", plain_name(raw).rstrip("/\\"))[-1]
    name = _UNSAFE_IN_NAME.sub("_", base).strip(" .")
    if len(name) <= MAX_NAME_CHARS:
        return name
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension) > 20:
        return name[:MAX_NAME_CHARS]
    return f"{stem[: MAX_NAME_CHARS - len(extension) - 1]}.{extension}"


def _fallback_name(part: Part, content_type: str) -> str:
    if content_type == "message/rfc822":
        return f"{safe_name(attached_subject(part.body)) or 'message'}.eml"
    if content_type == "message/delivery-status":
        return "delivery-status.txt"
    described = safe_name(storable_line(part.headers.text("Content-Description")))
    if "." in described[1:-1]:
        return described
    return f"attachment{mimetypes.guess_extension(content_type) or '.bin'}"


def attached_subject(source: bytes) -> str:
    """The subject of an attached message."""
    try:
        head, _ = repair_head(source[:65_536])
    except UnreadableMail:
        return ""
    match = _SUBJECT.search(head.partition(b"\n\n")[0])
    return storable_line(decode_header(match[1].replace(b"\r", b"").replace(b"\n", b""))) if match else ""


def extract_uuencoded(text: str) -> tuple[str, tuple[ParsedAttachment, ...]]:
    """The text without its uuencoded files, and the files. What does not decode stays in the text."""
    if "\nend" not in text or "begin " not in text:
        return text, ()
    found: list[ParsedAttachment] = []

    def taken(match: re.Match[str]) -> str:
        data = _uudecoded(match[2])
        if data is None or len(found) >= MAX_UU_FILES:
            return match[0]
        name = safe_name(match[1]) or "attachment.bin"
        found.append(ParsedAttachment(name, clean_type(mimetypes.guess_type(name)[0] or ""), data))
        return ""

    return _UU_FILE.sub(taken, text), tuple(found)


def _uudecoded(block: str) -> bytes | None:
    try:
        return b"".join(
            binascii.a2b_uu(line.encode("ascii")) for line in block.splitlines() if line.strip("` ")
        )
    except (binascii.Error, UnicodeEncodeError):
        return None

"""Attachments: a safe name for each, attached messages, uuencoded files in text, winmail.dat unpacked."""

import mimetypes
import re
from collections.abc import Iterator

from tickets.mail.encoded_words import decode_header
from tickets.mail.mime_tree import MimePart
from tickets.mail.repair import repair_head
from tickets.mail.storable_text import plain_name, storable_line
from tickets.mail.uuencode import take_files
from tickets.mail.values import ParsedAttachment, UnreadableMail
from tickets.mail.winmail import is_winmail, unpack_winmail

MAX_NAME_CHARS = 150

_UNSAFE_IN_NAME = re.compile(r'[/\\:*?"<>|\x00-\x1f]+')
_SUBJECT = re.compile(rb"^subject:[ \t]*([^\r\n]*(?:\r?\n[ \t][^\r\n]*)*)", re.IGNORECASE | re.MULTILINE)
_MIME_TYPE = re.compile(r"[a-z0-9][a-z0-9.+_-]{0,80}/[a-z0-9][a-z0-9.+_-]{0,120}")


def part_attachments(part: MimePart) -> Iterator[ParsedAttachment]:
    """The attachment that `part` is; a winmail.dat is followed by the files inside it."""
    content_id = plain_name(part.headers.first("Content-ID").decode("latin-1")).strip("<>")
    content_type = clean_type(part.type)
    name = safe_name(part.filename) or _fallback_name(part, content_type)
    yield ParsedAttachment(name, content_type, part.body, content_id)
    if is_winmail(name, content_type, part.body):
        yield from (_named(inner_name, data) for inner_name, data in unpack_winmail(part.body).files)


def clean_type(claimed: str) -> str:
    return claimed if _MIME_TYPE.fullmatch(claimed) else "application/octet-stream"


def safe_name(raw: str) -> str:
    """A file name without folders or control and direction characters, at most MAX_NAME_CHARS long."""
    base = re.split(r"[/\\]", plain_name(raw).rstrip("/\\"))[-1]
    name = _UNSAFE_IN_NAME.sub("_", base).strip(" .")
    if len(name) <= MAX_NAME_CHARS:
        return name
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension) > 20:
        return name[:MAX_NAME_CHARS]
    return f"{stem[: MAX_NAME_CHARS - len(extension) - 1]}.{extension}"


def _fallback_name(part: MimePart, content_type: str) -> str:
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
    """The text without its uuencoded files, and the files."""
    rest, files = take_files(text)
    return rest, tuple(_named(name, data) for name, data in files)


def _named(raw_name: str, data: bytes) -> ParsedAttachment:
    name = safe_name(raw_name) or "attachment.bin"
    return ParsedAttachment(name, clean_type(mimetypes.guess_type(name)[0] or ""), data)

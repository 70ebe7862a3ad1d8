"""Finds who wrote a mail that a colleague forwarded: in the attached mail, or in the headers quoted in the text."""

from __future__ import annotations

import re
from itertools import islice

from tickets.mail.addresses import parse_addresses
from tickets.mail.parse import parse
from tickets.mail.quote_shapes import is_forward_mark, label_kind
from tickets.mail.values import Address, ParsedMail, UnreadableMail

_FORWARD_SUBJECT = re.compile(
    r"\s*(?:fwd?|wg|tr|rv|enc|vb|doorst|i|转发|轉寄|轉發|転送|전달)\s*[:：]", re.IGNORECASE
)
# The labels of a header block stand near each other.
BLOCK_LINES = 8


def forwarded_sender(mail: ParsedMail) -> Address | None:
    """The original sender; None if the mail is no forward or does not name one."""
    return _of_attachment(mail) or _of_text(mail)


def _of_attachment(mail: ParsedMail) -> Address | None:
    for attachment in mail.attachments:
        if attachment.content_type == "message/rfc822":
            try:
                return parse(attachment.data).sender
            except UnreadableMail:
                continue
    return None


def _of_text(mail: ParsedMail) -> Address | None:
    lines = mail.text.splitlines()
    marked = next((place for place, line in enumerate(lines) if is_forward_mark(line)), None)
    if marked is None and not _FORWARD_SUBJECT.match(mail.subject):
        return None
    for place in range(marked or 0, len(lines)):
        if label_kind(lines[place]) == "from" and _is_block(lines, place):
            return _address_in(lines[place : place + 2])
    return None


def _is_block(lines: list[str], start: int) -> bool:
    kinds = {label_kind(line) for line in islice(lines, start, start + BLOCK_LINES)}
    return len(kinds & {"date", "to", "subject"}) >= 2


def _address_in(lines: list[str]) -> Address | None:
    """The address may stand on the line below its label."""
    value = re.split("[:：]", lines[0], maxsplit=1)[1]
    for text in (value, *lines[1:]):
        cleaned = re.sub(r"\[mailto:([^\]]+)\]", r" <\1>", text.replace("*", " "))
        found = parse_addresses(cleaned.encode("utf-8"))
        if found:
            return found[0]
    return None

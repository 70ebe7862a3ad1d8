"""Finds the copy of our mail inside a report: as a part, as a file of headers, or below a line in the text."""

import re

from tickets.mail.addresses import parse_addresses
from tickets.mail.charsets import decode
from tickets.mail.storable_text import storable
from tickets.mail.values import ParsedAttachment, ParsedMail

RETURNED_TYPES = (
    "message/rfc822", "text/rfc822-headers", "message/rfc822-headers", "message/global", "message/global-headers",
    "text/rfc822", "message/partial",
)  # fmt: skip
REPORT_TYPES = ("message/delivery-status", "message/feedback-report", "message/disposition-notification")
LONGEST_TEXT = 40_000

_ID = r"<?([^<>\s]{3,500}@[^<>\s]{1,255})>?"
_MESSAGE_ID = re.compile(rf"^[ \t>]*+message-id[ \t]*:\s*{_ID}", re.IGNORECASE | re.MULTILINE)
_ORIGINAL_ID = re.compile(rf"^(?:x-)?original-message-id:\s*{_ID}", re.IGNORECASE | re.MULTILINE)
_TO = re.compile(r"^[ \t>]*+to[ \t]*:[ \t]*([^\n]*(?:\n[ \t>]+[^\n:]*)*)", re.IGNORECASE | re.MULTILINE)
# Where the copy begins: a ruled line or a sentence that announces it, or its first headers.
_COPY = re.compile(
    r"^[ \t>]*+(?:[-=*_]{2,}+[^\n]{0,60}(?:original|copy of|returned|unsent|message header"
    r"|message follows|headers? (?:of|follow)|原信|原邮件"
    r"|原始|来信)[^\n]*"
    r"|(?:message )?headers? follow[^\n]*|[^\n]{0,40}(?:original|returned|unsent) (?:message|mail"
    r"|e-?mail)(?: as)? follow[^\n]*"
    r"|a copy of the (?:original )?message[^\n]*|[^\n]{0,40}below this line is[^\n]*"
    r"|content-type: message/rfc822[^\n]*|(?:old|original|returned) (?:message|mail):"
    r"|return-path[ \t]*:[^\n]*|received[ \t]*:[ \t]*(?:from|by|\()[^\n]*)$",
    re.IGNORECASE | re.MULTILINE,
)

_SERVER_HEADER = re.compile(r"^[ \t>]*+(?:received|return-path)[ \t]*:", re.IGNORECASE | re.MULTILINE)


def has_returned_part(mail: ParsedMail) -> bool:
    """True if the returned mail is there as an attached mail or a file of its headers."""
    return bool(_returned(mail))


def has_copy_of_headers(mail: ParsedMail) -> bool:
    """True if the returned mail comes with the headers of mail servers, which are never in a person's quote."""
    return has_returned_part(mail) or _SERVER_HEADER.search(mail.text[:LONGEST_TEXT]) is not None


def has_returned_mail(mail: ParsedMail) -> bool:
    """True if the returned mail is a part, or below a line that announces it; the latter may be a person's quote."""
    return has_returned_part(mail) or _COPY.search(mail.text[:LONGEST_TEXT]) is not None


def text_above_copy(mail: ParsedMail) -> str:
    """The server's own words."""
    text = mail.text[:LONGEST_TEXT]
    copy = _COPY.search(text)
    above = text[: copy.start()] if copy else text
    return above if above.strip() else text


def original_ids(mail: ParsedMail) -> tuple[str, ...]:
    """Ids from the returned mail, its file of headers, the report's fields and text, and the report's own headers."""
    inside = [
        message_id
        for part in _returned(mail)
        for message_id in _MESSAGE_ID.findall(_text(part)[:200_000])[:1]
    ]
    reports = [attachment for attachment in mail.attachments if attachment.content_type in REPORT_TYPES]
    fields = [message_id for part in reports for message_id in _ORIGINAL_ID.findall(_text(part))]
    header_ids = (*mail.in_reply_to, *reversed(mail.references))
    unique = dict.fromkeys((*inside, *fields, *_ids_in_text(mail), *header_ids))
    return tuple(message_id for message_id in unique if message_id != mail.message_id)


def _ids_in_text(mail: ParsedMail) -> list[str]:
    """Ids in the text, those below the line that announces the copy first."""
    copy = _COPY.search(mail.text)
    start = copy.start() if copy else 0
    return [*_MESSAGE_ID.findall(mail.text[start:]), *_MESSAGE_ID.findall(mail.text[:start])]


def returned_recipients(mail: ParsedMail) -> list[str]:
    """The recipients of the returned mail."""
    copies = [_text(part)[:50_000].partition("\n\n")[0] for part in _returned(mail)]
    copy = _COPY.search(mail.text)
    if copy:
        copies.append(mail.text[copy.start() :][:50_000])
    matches = (match for text in copies if (match := _TO.search(text)) is not None)
    return list(
        dict.fromkeys(mailbox.email for match in matches for mailbox in parse_addresses(match[1].encode()))
    )


def _returned(mail: ParsedMail) -> list[ParsedAttachment]:
    """The attachments that are copies; a copy of only headers may be a plain text file."""
    return [
        attachment
        for attachment in mail.attachments
        if attachment.content_type in RETURNED_TYPES or _is_head(attachment)
    ]


def _is_head(part: ParsedAttachment) -> bool:
    return part.content_type == "text/plain" and part.data[:20].lower().startswith(
        (b"received:", b"return-path:")
    )


def _text(part: ParsedAttachment) -> str:
    return storable(decode(part.data[:1_000_000])).replace("\r\n", "\n")

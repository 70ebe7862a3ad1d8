"""The entry point of this package: raw bytes in, one frozen ParsedMail out."""

import re
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from email.utils import parsedate_to_datetime

from tickets.mail.addresses import addresses, sender
from tickets.mail.bodies import Body, read_body
from tickets.mail.headers import Headers
from tickets.mail.language import guess_language
from tickets.mail.mime_tree import MimePart, read_tree
from tickets.mail.pgp_and_smime import protection_notes
from tickets.mail.quote_shapes import SubjectKind, split_subject
from tickets.mail.repair import repair_head
from tickets.mail.storable_text import plain_name
from tickets.mail.values import MailNote, ParsedMail, SegmentKind

MAX_REFERENCES = 200
MAX_ID_CHARS = 500
MAX_SUBJECT_CHARS = 998

_ANGLED_ID = re.compile(r"<([^<>]{1,600})>")
# From its first character on, or each of a long word would be tried as the first.
_BARE_ID = re.compile(r"(?<![^<>\s,;\"()@])[^<>\s,;\"()@]{1,250}@[^<>\s,;\"()]{1,250}")
_DELIVERED_TO = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "X-Delivered-To")


def parse(raw: bytes) -> ParsedMail:
    """Read any mail, however broken. Raises only UnreadableMail, when there is no mail at all.

    Takes time linear in the size of `raw`. Every string of the result can be stored in PostgreSQL.
    """
    mended, head_notes = repair_head(raw)
    root, tree_notes = read_tree(mended)
    subject = plain_name(root.headers.text("Subject"))[:MAX_SUBJECT_CHARS]
    body = read_body(root, is_forward=split_subject(subject)[0] is SubjectKind.FORWARD)
    if split_subject(subject)[0] is not split_subject(subject, body.text)[0]:
        body = read_body(root)  # the text tells that it is an answer, so its quote is folded
    return _assembled(root, subject, body, (*head_notes, *tree_notes, *body.notes, *protection_notes(root)))


def _assembled(root: MimePart, subject: str, body: Body, notes: tuple[MailNote, ...]) -> ParsedMail:
    headers = root.headers
    new_text = "".join(segment.text for segment in body.segments if segment.kind is SegmentKind.NEW)
    return ParsedMail(
        message_id=_own_id(headers),
        subject=subject,
        sender=sender(headers),
        to=addresses(headers, "To"),
        cc=addresses(headers, "Cc"),
        reply_to=addresses(headers, "Reply-To"),
        delivered_to=_delivered_to(headers),
        date_claimed=_date(headers.text("Date")),
        text=body.text,
        html=body.html,
        segments=body.segments,
        attachments=body.attachments,
        in_reply_to=message_ids(headers, "In-Reply-To"),
        references=message_ids(headers, "References"),
        authentication_results=tuple(headers.decoded(v) for v in headers.values("Authentication-Results")),
        content_type=root.type,
        language=guess_language(subject, new_text),
        headers=tuple((plain_name(name), headers.decoded(value)) for name, value in headers.raw),
        notes=notes,
    )


def message_ids(headers: Headers, name: str) -> tuple[str, ...]:
    """Ids without angle brackets, in header order, each once; if there are too many, the last ones."""
    ids: list[str] = []
    for value in headers.values(name):
        text = headers.decoded(value)
        angled = (angled_id.replace(" ", "") for angled_id in _ANGLED_ID.findall(text))
        ids += [one for one in angled if one] or _BARE_ID.findall(text)
    unique = dict.fromkeys(message_id for message_id in ids if len(message_id) <= MAX_ID_CHARS)
    return tuple(unique)[-MAX_REFERENCES:]


def _own_id(headers: Headers) -> str:
    """The Message-ID; one without brackets and @ is taken as it is."""
    bare = headers.text("Message-ID").replace(" ", "").strip("<>")
    return next(iter(message_ids(headers, "Message-ID")), bare[:MAX_ID_CHARS])


def _delivered_to(headers: Headers) -> tuple[str, ...]:
    recipients = [mailbox.email for name in _DELIVERED_TO for mailbox in addresses(headers, name)]
    return tuple(dict.fromkeys(recipients))


def _date(text: str) -> datetime | None:
    """The date that the sender claims, in UTC; None if it is not a date, or one that not every zone can show."""
    try:
        claimed = parsedate_to_datetime(text)
        at = (claimed if claimed.tzinfo else claimed.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError, AttributeError):
        return None
    return at if MINYEAR < at.year < MAXYEAR else None

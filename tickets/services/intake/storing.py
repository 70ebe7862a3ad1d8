"""The first step of mail in: stores and commits the raw bytes before any code looks into them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, transaction

from tickets.mail.storable_text import storable_line
from tickets.models import InboundEmail, Mailbox
from tickets.nudges import nudge_intake
from tickets.services.mailboxes import Mailboxes

_HEAD_END = re.compile(rb"\r?\n\r?\n|\r\r")
_MESSAGE_ID = re.compile(
    rb"^Message-ID[ \t]*:[ \t]*(?:\r?\n[ \t]+)?<?([^<>\s]+)", re.IGNORECASE | re.MULTILINE
)


def receive_raw(
    *,
    raw: bytes,
    received_at: datetime,
    via: str,
    envelope_from: str = "",
    envelope_to: Iterable[str] = (),
    mailbox: Mailbox | None = None,
    size: int | None = None,
) -> InboundEmail:
    """Store a mail in a transaction of its own and have it processed after the commit.

    A second copy in the same mailbox is not stored; the row of the first is returned. ``received_at`` (UTC) is the
    receipt by our server, never the mail's Date. Only the head of a mail above MAIL_MAX_BYTES is kept; pass the whole
    ``size`` if you fetched only the head. Without a mailbox, the envelope names it.
    """
    row, _is_new = store_once(
        raw=raw,
        received_at=received_at,
        via=via,
        envelope_from=envelope_from,
        envelope_to=envelope_to,
        mailbox=mailbox,
        size=size,
    )
    return row


def store_once(
    *,
    raw: bytes,
    received_at: datetime,
    via: str,
    envelope_from: str = "",
    envelope_to: Iterable[str] = (),
    mailbox: Mailbox | None = None,
    size: int | None = None,
) -> tuple[InboundEmail, bool]:
    """As receive_raw; tells also whether the mail is new."""
    recipients = [storable_line(address) for address in envelope_to]
    whole = len(raw) if size is None else size
    kept = head_of(raw) if whole > settings.MAIL_MAX_BYTES else raw
    row = InboundEmail(
        mailbox=mailbox or _mailbox_of(recipients),
        raw=kept,
        size=whole,
        fingerprint=fingerprint_of(kept),
        rfc_message_id=_message_id(kept),
        via=via,
        envelope_from=storable_line(envelope_from)[:320],
        envelope_to=recipients,
        received_at=received_at,
    )
    return _saved(row)


def fingerprint_of(raw: bytes) -> str:
    """A hash of Message-ID and body: the same for two copies of a mail that came by different ways.

    Without a Message-ID it covers all bytes. The mail is not parsed, as a parser may fail; line ends do not matter.
    """
    head, body = _split(raw)
    found = _MESSAGE_ID.search(head)
    telling = (found[1] + b"\n\n" + body) if found else raw
    return hashlib.sha256(_plain_line_ends(telling).rstrip(b"\n")).hexdigest()


def head_of(raw: bytes) -> bytes:
    """The headers with the empty line that ends them."""
    return _split(raw)[0][: settings.MAIL_MAX_BYTES] + b"\r\n\r\n"


def _saved(row: InboundEmail) -> tuple[InboundEmail, bool]:
    try:
        with transaction.atomic(durable=True):
            row.save(force_insert=True)
            nudge_intake(row.pk)
    except IntegrityError:
        return InboundEmail.objects.get(mailbox=row.mailbox, fingerprint=row.fingerprint), False
    return row, True


def _mailbox_of(recipients: list[str]) -> Mailbox:
    boxes = Mailboxes.load()
    return next(filter(None, map(boxes.find, recipients)), None) or boxes.default


def _message_id(raw: bytes) -> str:
    found = _MESSAGE_ID.search(_split(raw)[0])
    return storable_line(found[1].decode("utf-8", "replace"))[:998] if found else ""


def _split(raw: bytes) -> tuple[bytes, bytes]:
    end = _HEAD_END.search(raw)
    return (raw[: end.start()], raw[end.end() :]) if end else (raw, b"")


def _plain_line_ends(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

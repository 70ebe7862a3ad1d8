"""The first step of mail in: stores and commits the raw bytes before any code looks into them."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, transaction

from customers.work_ids import mail_work_id, working_on
from tickets.choices import ReceiptTime
from tickets.lib.single_row import insert_row
from tickets.mail.storable_text import storable_line
from tickets.models import InboundEmail, Mailbox
from tickets.nudges import nudge_intake
from tickets.services.intake.erased_mail import is_erased
from tickets.services.intake.sender_turns import turn_of
from tickets.services.mailboxes import Mailboxes

logger = logging.getLogger(__name__)

_HEAD_END = re.compile(rb"\r?\n\r?\n|\r\r")
_FIELD = re.compile(
    rb"^(Message-ID|From|Subject|Date|Received)[ \t]*:(.*(?:\n[ \t].*)*)", re.IGNORECASE | re.MULTILINE
)

MOST_BYTES = 2**31 - 1  # the most a row can record; a server may claim more


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

    For the same bytes again, returns the row that has them. A copy that was changed on its way to the same mailbox
    becomes a row that names the first and joins its ticket. ``received_at`` (UTC) is the receipt by our server, never
    the mail's Date. Only the head of a mail above MAIL_MAX_BYTES is kept; pass the whole ``size`` if you fetched only
    the head. Without a mailbox, the envelope decides.
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
    receipt: ReceiptTime = ReceiptTime.SERVER,
    is_history: bool = False,
) -> tuple[InboundEmail, bool]:
    """Like receive_raw, and tells whether the mail is new. ``is_history``: imported from before the mailbox began."""
    recipients = [storable_line(address) for address in envelope_to]
    whole_size = min(len(raw) if size is None else size, MOST_BYTES)
    kept = head_of(raw) if whole_size > settings.MAIL_MAX_BYTES else raw
    fields = _fields_of(kept)
    row = InboundEmail(
        mailbox=mailbox or _mailbox_of(recipients),
        raw=kept,
        size=whole_size,
        fingerprint=_fingerprint(kept, fields),
        rfc_message_id=_message_id(fields),
        turn=turn_of(fields.get("from", [b""])[-1]),
        via=via,
        envelope_from=storable_line(envelope_from)[:320],
        envelope_to=recipients,
        received_at=received_at,
        receipt=receipt,
        is_history=is_history,
    )
    return _saved(row)


def fingerprint_of(raw: bytes) -> str:
    """A hash of Message-ID, From, Subject, Date and body: the same for two copies that came by different ways.

    Line ends, folding and other headers do not count, so nothing that a server adds on the way does. Without
    Message-ID and Date the oldest Received line counts too. The mail is not parsed, as a parser may fail.
    """
    return _fingerprint(raw, _fields_of(raw))


def message_id_of(raw: bytes) -> str:
    """The Message-ID as the row of the mail has it, from the mail or its head."""
    return _message_id(_fields_of(raw))


def head_of(raw: bytes) -> bytes:
    """The headers with the empty line that ends them."""
    return _split(raw)[0][: settings.MAIL_MAX_BYTES] + b"\r\n\r\n"


def _saved(row: InboundEmail) -> tuple[InboundEmail, bool]:
    try:
        with transaction.atomic(durable=True):
            insert_row(row)
            nudge_intake(row.pk)
    except IntegrityError:
        first = InboundEmail.objects.get(
            mailbox=row.mailbox, fingerprint=row.fingerprint, copy_of__isnull=True
        )
        return _known_or_copy(row, first), False
    with working_on(mail_work_id(row.pk)):
        logger.info("Mail %s came by %s and is stored: %s bytes", row.pk, row.via, row.size)
    return row, True


def _known_or_copy(row: InboundEmail, first: InboundEmail) -> InboundEmail:
    """The row that has these bytes already, or had them; otherwise the given row, saved as a copy of the first."""
    head = head_of(bytes(row.raw))
    if first.original == bytes(row.raw) or is_erased(first):
        return first
    known = next((copy for copy in first.copies.select_related("moved_bytes") if copy.original == head), None)
    if known is not None:
        return known
    row.raw, row.copy_of = head, first
    with transaction.atomic(durable=True):
        insert_row(row)
        nudge_intake(row.pk)
    return row


def _mailbox_of(recipients: list[str]) -> Mailbox:
    boxes = Mailboxes.load()
    return next(filter(None, map(boxes.find, recipients)), None) or boxes.default


def _fields_of(raw: bytes) -> dict[str, list[bytes]]:
    """The values of the headers that identify a mail, by their names in lower case, unfolded."""
    fields: dict[str, list[bytes]] = {}
    for name, value in _FIELD.findall(_plain_line_ends(_split(raw)[0])):
        fields.setdefault(name.decode("ascii").lower(), []).append(b" ".join(value.split()))
    return fields


def _fingerprint(raw: bytes, fields: dict[str, list[bytes]]) -> str:
    names = ["message-id", "from", "subject", "date"]
    if "message-id" not in fields and "date" not in fields:
        names.append("received")
    values = [fields.get(name, [b""])[-1] for name in names]
    body = _plain_line_ends(_split(raw)[1]).rstrip(b"\n")
    return hashlib.sha256(b"\0".join((*values, body))).hexdigest()


def _message_id(fields: dict[str, list[bytes]]) -> str:
    value = fields.get("message-id", [b""])[0].lstrip(b"<").partition(b">")[0]
    return storable_line(value.decode("utf-8", "replace").partition(" ")[0])[:998]


def _split(raw: bytes) -> tuple[bytes, bytes]:
    end = _HEAD_END.search(raw)
    return (raw[: end.start()], raw[end.end() :]) if end else (raw, b"")


def _plain_line_ends(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

"""Turns a row of the outbox into a mail: text and HTML, files, and the headers that keep a thread together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.charset import QP, Charset
from email.encoders import encode_base64
from email.header import Header
from email.mime.base import MIMEBase
from email.utils import format_datetime, parseaddr

from django.conf import settings
from django.core.files.storage import default_storage
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils.encoding import punycode

from tickets.choices import MailPurpose
from tickets.mail.bounce_addresses import BounceTag, bounce_address
from tickets.mail.storable_text import plain_name, storable_line
from tickets.models import OutboundEmail
from tickets.protocols.dkim_signing import signed
from tickets.protocols.smtp import OutgoingMail

# Written by the desk itself: other machines must not answer it (RFC 3834, 5; [MS-OXCMAIL] 2.2.3.2.14).
AUTO_SUBMITTED = {
    MailPurpose.ACKNOWLEDGEMENT: "auto-replied",
    MailPurpose.NOTIFICATION: "auto-generated",
}
SIGNED_TRIES = 3

_CONTENT_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+", re.ASCII)
_UTF8 = Charset("utf-8")
_UTF8.body_encoding = QP  # passes servers without 8BITMIME, and keeps signatures valid


def compose_mail(mail: OutboundEmail) -> dict[str, OutgoingMail]:
    """The mail in an envelope for each recipient whom it has still to be sent to, by address.

    The same row always gives the same Message-ID and Date. Raises OSError if a file is missing from the storage.
    """
    domain = envelope_address(parseaddr(mail.sender)[1]).rpartition("@")[2]
    data = signed(_to_bytes(_build_message(mail)), domain=domain, name=mail.rfc_message_id)
    return {
        outcome.address: _parcel(mail, place, outcome.address, data)
        for place, outcome in enumerate(mail.recipient_outcomes)
        if outcome.is_to_send
    }


def _parcel(mail: OutboundEmail, place: int, recipient: str, data: bytes) -> OutgoingMail:
    """The mail from a signed sender; after some tries from the plain one, as the server may dislike the other."""
    plain = parseaddr(mail.sender)[1]
    sender = bounce_address(plain, BounceTag(mail.pk, place)) if mail.attempts <= SIGNED_TRIES else plain
    return OutgoingMail(
        message_id=mail.rfc_message_id,
        sender=envelope_address(sender),
        recipient=envelope_address(recipient),
        data=data,
        plain_sender=envelope_address(plain),
    )


def _to_bytes(message: EmailMultiAlternatives) -> bytes:
    return message.message().as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _build_message(mail: OutboundEmail) -> EmailMultiAlternatives:
    message = EmailMultiAlternatives(
        subject=_subject(mail.subject),
        body=mail.text,
        from_email=mail.sender,
        to=mail.recipients,
        cc=mail.copies,
        headers=_headers(mail),
        attachments=list(_files(mail)),
    )
    message.encoding = _UTF8  # Django takes a Charset here
    message.attach_alternative(mail.html or html_of(mail.text), "text/html")
    return message


def html_of(text: str) -> str:
    """Plain text as HTML that looks the same, links included."""
    return render_to_string("tickets/mail/plain.html", {"text": text})


def envelope_address(address: str) -> str:
    """The address with its domain in ASCII, which every server accepts."""
    local, _at, domain = address.rpartition("@")
    return f"{local}@{punycode(domain)}"


def _subject(subject: str) -> str:
    """The subject, encoded to follow "Subject:" on the same line, which must not be left without text."""
    line = storable_line(subject)
    return line if line.isascii() else Header(line, "utf-8", header_name="Subject").encode(linesep="")


def _headers(mail: OutboundEmail) -> dict[str, str]:
    headers = {storable_line(name): storable_line(value) for name, value in mail.headers.items()}
    headers["Message-ID"] = f"<{mail.rfc_message_id.strip('<>')}>"
    headers["Date"] = format_datetime(mail.created_at)
    headers["X-Loop"] = parseaddr(settings.DESK_ADDRESS)[1]
    purpose = MailPurpose(mail.purpose)
    if purpose in AUTO_SUBMITTED:
        headers["Auto-Submitted"] = AUTO_SUBMITTED[purpose]
        headers["X-Auto-Response-Suppress"] = "All"
    return headers


def _files(mail: OutboundEmail) -> Iterator[MIMEBase]:
    if mail.message is not None:
        for attachment in mail.message.attachments.all():
            with attachment.file.open("rb") as file:
                yield file_part(attachment.name, attachment.content_type, file.read())
    for listed in mail.files:
        with default_storage.open(listed["path"], "rb") as file:
            yield file_part(listed["name"], listed["type"], file.read())


def file_part(name: str, content_type: str, data: bytes) -> MIMEBase:
    """The file byte for byte, under a name that cannot break out of its header."""
    main, _slash, sub = content_type.partition("/")
    if main in ("message", "multipart") or not _CONTENT_TYPE.fullmatch(content_type):
        main, sub = "application", "octet-stream"
    part = MIMEBase(main, sub)
    part.set_payload(data)
    encode_base64(part)
    shown = plain_name(name) or "file"
    filename = shown if shown.isascii() else ("utf-8", "", shown)
    part.add_header("Content-Disposition", "attachment", filename=filename)
    return part

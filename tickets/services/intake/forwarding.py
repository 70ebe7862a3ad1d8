"""Finds who wrote a mail that a colleague forwarded: in the attached mail, or in the headers quoted in the text."""

from __future__ import annotations

from tickets.mail.addresses import parse_addresses
from tickets.mail.forwards import forwarded_mail
from tickets.mail.parse import parse
from tickets.mail.values import Address, ParsedMail, UnreadableMail


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
    forwarded = forwarded_mail(mail)
    found = parse_addresses(forwarded.email.encode("utf-8")) if forwarded and forwarded.email else ()
    return Address(forwarded.name, found[0].email) if forwarded and found else None

"""Finds who wrote a mail that a colleague forwarded: in the attached mail, or in the headers quoted in the text."""

from __future__ import annotations

from tickets.mail.addresses import parse_addresses
from tickets.mail.forwards import forwarded_mail
from tickets.mail.parse import parse
from tickets.mail.values import Address, ParsedMail, UnreadableMail


def forwarded_sender(mail: ParsedMail) -> Address | None:
    """The original sender; None if the mail is not a forward or does not name one."""
    return _of_attachment(mail) or _of_text(mail)


def _of_attachment(mail: ParsedMail) -> Address | None:
    """The sender of an attached mail that is all there is; a mail attached to words is only shown."""
    if [each.content_type for each in mail.attachments] != ["message/rfc822"]:
        return None
    try:
        attached = parse(mail.attachments[0].data)
    except UnreadableMail:
        return None
    has_own_words = bool(mail.text.strip()) and mail.text.strip() != attached.text.strip()
    return None if has_own_words else attached.sender


def _of_text(mail: ParsedMail) -> Address | None:
    forwarded = forwarded_mail(mail)
    addresses = parse_addresses(forwarded.email.encode("utf-8")) if forwarded and forwarded.email else ()
    return Address(forwarded.name, addresses[0].email) if forwarded and addresses else None

"""What the desk reads in one mail, as plain values for JSON. Works without a database."""

from dataclasses import asdict
from datetime import UTC
from email.utils import parseaddr, parsedate_to_datetime
from typing import Any

from django.conf import settings

from tickets.mail.bounces import Report
from tickets.mail.classify import classify
from tickets.mail.forwards import forwarded_mail
from tickets.mail.parse import parse
from tickets.mail.threading import signing_keys
from tickets.mail.values import Address, ParsedMail

JsonObject = dict[str, Any]


def mail_as_json(raw: bytes) -> JsonObject:
    """``counts`` and ``acknowledge`` are as for a known contact. Missing values are empty. Raises UnreadableMail."""
    mail = parse(raw)
    desk_address = parseaddr(settings.DESK_ADDRESS)[1]
    verdict = classify(
        mail,
        own_addresses=[desk_address] if desk_address else [],
        secrets=signing_keys(),
        loop_name=desk_address,
    )
    return {
        **_head(mail),
        **_body(mail),
        "kind": str(verdict.kind),
        "acknowledge": verdict.may_be_acknowledged,
        "counts": verdict.counts,
        "why": list(verdict.signs),
        "bounce": _bounce(verdict.report) if verdict.report else [],
        "forwarded_from": _forward(mail),
    }


def _head(mail: ParsedMail) -> JsonObject:
    return {
        "subject": mail.subject,
        "from_email": mail.sender.email if mail.sender else "",
        "from_name": mail.sender.name if mail.sender else "",
        "reply_to": [_address(address) for address in mail.reply_to],
        "to": [_address(address) for address in mail.to],
        "cc": [_address(address) for address in mail.cc],
        "date": _date(mail.header("Date")),
        "message_id": mail.message_id,
        "in_reply_to": list(mail.in_reply_to),
        "references": list(mail.references),
    }


def _body(mail: ParsedMail) -> JsonObject:
    return {
        "text": mail.text,
        "reply_text": mail.new_text.strip(),
        "html": mail.html or "",
        "attachments": [
            {
                "name": attachment.name,
                "content_type": attachment.content_type,
                "size": len(attachment.data),
                "inline": attachment.is_inline,
            }
            for attachment in mail.attachments
        ],
    }


def _address(address: Address) -> JsonObject:
    return {"name": address.name, "email": address.email}


def _date(header: str) -> str | None:
    """The date that the sender claims, with the sender's own offset, or UTC without one; None if it is not a date."""
    try:
        claimed = parsedate_to_datetime(header)
        return (claimed if claimed.tzinfo else claimed.replace(tzinfo=UTC)).isoformat()
    except (ValueError, TypeError, OverflowError, IndexError, AttributeError):
        return None


def _bounce(report: Report) -> list[JsonObject]:
    """One entry per recipient, or one without an address if the report names only our mail."""
    original = next(iter(report.original_message_ids), "")
    entries = [
        {
            "address": recipient.email,
            "status": recipient.status,
            "action": recipient.action,
            "diagnostic": recipient.diagnostic,
        }
        for recipient in report.recipients
    ] or [{"address": "", "status": "", "action": "", "diagnostic": ""}]
    return [{**entry, "original_message_id": original} for entry in entries]


def _forward(mail: ParsedMail) -> JsonObject | None:
    forwarded = forwarded_mail(mail)
    return asdict(forwarded) if forwarded is not None else None

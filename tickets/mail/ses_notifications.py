"""Reads Amazon SES notifications of bounces and complaints: mails whose text is JSON.

https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from tickets.mail.values import ParsedMail

_BEGINS = re.compile(r'\s*\{\s*"(?:notificationType|eventType)"')
LONGEST_TEXT = 200_000


@dataclass(frozen=True, slots=True)
class SesNotification:
    """`kind` is bounce, complaint or delivery; each recipient has address, action, status and diagnostic."""

    kind: str
    recipients: tuple[tuple[str, str, str, str], ...]
    original_id: str


def read_notification(mail: ParsedMail) -> SesNotification | None:
    text = mail.text[:LONGEST_TEXT]
    if not _BEGINS.match(text):
        return None
    try:
        notification, _end = json.JSONDecoder(strict=False).raw_decode(text.lstrip())
        kind = str(notification.get("notificationType") or notification.get("eventType")).lower()
        recipients = (
            notification[kind].get("bouncedRecipients")
            or notification[kind].get("complainedRecipients")
            or ()
        )
        sent = notification.get("mail", {})
        return SesNotification(kind, tuple(map(_recipient, recipients)), _id_of(sent))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _recipient(said: dict[str, Any]) -> tuple[str, str, str, str]:
    keys = ("emailAddress", "action", "status", "diagnosticCode")
    email, action, status, diagnostic = (str(said.get(key, "")) for key in keys)
    return email, action, status, diagnostic


def _id_of(sent: dict[str, Any]) -> str:
    headers = {
        str(header.get("name", "")).lower(): str(header.get("value", ""))
        for header in sent.get("headers", ())
    }
    message_id = (
        sent.get("commonHeaders", {}).get("messageId")
        or headers.get("message-id")
        or sent.get("messageId", "")
    )
    return str(message_id).strip().strip("<>")

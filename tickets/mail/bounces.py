"""Reads mail servers' reports on our mail: refused, delayed, delivered (RFC 3464), complaints (RFC 5965).

Structure first, then words (bounce_words). The id of the original mail is mostly inside the report, rarely in its
headers.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from tickets.mail.addresses import parse_addresses
from tickets.mail.bounce_words import (
    expanded_from,
    is_mailbox_full,
    is_passed_on,
    named_recipients,
    report_sign,
    returned_sign,
    says_delay,
)
from tickets.mail.charsets import decode
from tickets.mail.parse import parse
from tickets.mail.returned_mail import original_ids, returned_recipients, text_above_copy
from tickets.mail.ses_notifications import read_notification
from tickets.mail.storable_text import storable, storable_line
from tickets.mail.values import ParsedAttachment, ParsedMail, UnreadableMail

MAX_RECIPIENTS = 200
MAX_DIAGNOSTIC_CHARS = 1_000


class ReportKind(StrEnum):
    BOUNCE = "bounce"
    DELAY = "delay"
    RECEIPT = "receipt"
    COMPLAINT = "complaint"


@dataclass(frozen=True, slots=True)
class RecipientReport:
    """What happened to one recipient. `action` as in RFC 3464: failed, delayed, delivered, relayed or expanded.

    `status` is a code such as 5.1.1, or empty. `alias` is the address that we wrote to, if the report names both.
    """

    email: str
    action: str
    status: str
    diagnostic: str
    alias: str = ""

    @property
    def is_hard(self) -> bool:
        """True if the address makes another try pointless; a full mailbox or the mail's size does not."""
        if self.action != "failed" or self.status.startswith("4"):
            return False
        return self.status not in _NOT_THE_ADDRESS and not is_mailbox_full(self.diagnostic)


@dataclass(frozen=True, slots=True)
class Report:
    """`original_message_ids` has every id found, the likeliest first; `reason` says how the report was recognised."""

    kind: ReportKind
    recipients: tuple[RecipientReport, ...]
    original_message_ids: tuple[str, ...]
    reason: str


STATUS_TYPES = ("message/delivery-status", "message/global-delivery-status", "message/xdelivery-status")
# Mailbox full, message too large for the mailbox, message too large for the system.
_NOT_THE_ADDRESS = ("5.2.2", "5.2.3", "5.3.4")
_FIELD = re.compile(r"^([A-Za-z][A-Za-z0-9-]{0,60}):[ \t]*([^\n]*(?:\n[ \t]+[^\n]*)*)", re.MULTILINE)
_STATUS = re.compile(r"(?<![\d.])([245])\.\d{1,3}\.\d{1,3}(?![\d.])")
_FAILURE_STATUS = re.compile(r"(?<![\d.])[45]\.\d{1,3}\.\d{1,3}(?![\d.])")
_REPLY_CODE = re.compile(r"(?<![\d.])([45]\d\d)(?=[ -])")
_REJECTED = re.compile(r"\brejected\b|\brefused\b|quota", re.IGNORECASE)
_ACTIONS = {
    "failure": "failed",
    "error": "failed",
    "expired": "failed",
    "rejected": "failed",
    "deferred": "delayed",
}


def read_report(
    mail: ParsedMail, *, envelope_from: str | None = None, is_returned: bool = False
) -> Report | None:
    """The report that `mail` is, or None if a person or another machine wrote it.

    An empty `envelope_from` is the null sender of the transaction; None means it is not known. `is_returned`: it came
    to the signed envelope sender of a mail of ours, where a mail from nobody is a bounce whatever it says.
    """
    by_parts = None if is_passed_on(mail) else _complaint(mail) or _structured(mail)
    return by_parts or _notification(mail) or _worded(mail, envelope_from, is_returned=is_returned)


def _complaint(mail: ParsedMail) -> Report | None:
    feedback = _attached(mail, "message/feedback-report")
    if not feedback:
        return None
    fields = dict(_fields(_text(feedback[0])))
    named = [mailbox.email for mailbox in parse_addresses(fields.get("original-rcpt-to", "").encode())]
    emails = named or returned_recipients(mail)
    if fields.get("feedback-type", "").lower() in ("not-spam", "virus"):
        return None
    recipients = tuple(RecipientReport(email, "complained", "", "") for email in emails)
    return Report(ReportKind.COMPLAINT, recipients, original_ids(mail), "message/feedback-report")


def _structured(mail: ParsedMail) -> Report | None:
    disposition = _attached(mail, "message/disposition-notification")
    if disposition:
        return _disposition(mail, _text(disposition[0]))
    status_parts = _attached(mail, *STATUS_TYPES)
    if not status_parts:
        return None
    recipients = tuple(recipient for part in status_parts for recipient in _recipients(_text(part)))[
        :MAX_RECIPIENTS
    ]
    if not recipients:
        reason = "message/delivery-status without a recipient"
        return replace(_in_words(mail, reason), reason=reason)
    if not any(recipient.email for recipient in recipients):
        named = _in_words(mail, "").recipients
        recipients = (
            tuple(
                replace(recipient, email=worded.email)
                for recipient, worded in zip(recipients, named, strict=False)
            )
            or recipients
        )
    return Report(_kind_of(recipients), recipients, original_ids(mail), "message/delivery-status")


def _disposition(mail: ParsedMail, text: str) -> Report:
    """A read receipt (RFC 8098); the same form carries the refusals of filters (RFC 5429)."""
    fields = dict(_fields(text))
    is_refusal = "(rejected)" in mail.header("Auto-Submitted").lower() or (
        "deleted" in fields.get("disposition", "")
        and "automatic" in fields.get("disposition", "")
        and _REJECTED.search(mail.text)
    )
    if not is_refusal:
        return Report(ReportKind.RECEIPT, (), original_ids(mail), "message/disposition-notification")
    refused = (
        replace(recipient, action="failed", diagnostic=storable_line(mail.text)[:MAX_DIAGNOSTIC_CHARS])
        for recipient in _recipients(text)
    )
    return Report(
        ReportKind.BOUNCE, tuple(refused), original_ids(mail), "message/disposition-notification of a refusal"
    )


def _kind_of(recipients: tuple[RecipientReport, ...]) -> ReportKind:
    """A bounce if any recipient was refused, whatever happened to the others."""
    actions = {recipient.action for recipient in recipients}
    if "failed" in actions:
        return ReportKind.BOUNCE
    return ReportKind.DELAY if "delayed" in actions else ReportKind.RECEIPT


def _recipients(text: str) -> Iterator[RecipientReport]:
    """One report per group of fields that names a recipient; blank lines part groups, the first is about the mail."""
    for group in re.split(r"\n[ \t]*\n", text):
        fields = dict(_fields(group))
        final, original = (
            _address(fields.get("final-recipient", "")),
            _address(fields.get("original-recipient", "")),
        )
        if final or original or ("final-recipient" in fields and "action" in fields):
            is_local = "." not in final.rpartition("@")[2]
            email, alias = (original, final) if original and is_local else (final, original)
            yield _recipient(fields, email, alias if alias.casefold() != email.casefold() else "")


def _address(field: str) -> str:
    """The address in ``rfc822; anna@b.example``, with or without the type; empty for X.400 and the like."""
    typed = field.rpartition(";")[2].strip()
    mailboxes = parse_addresses(typed.encode("utf-8", "replace")) if "@" in typed else ()
    return mailboxes[0].email if mailboxes else ""


def _recipient(fields: dict[str, str], email: str, alias: str) -> RecipientReport:
    code = fields.get("diagnostic-code", "")
    diagnostic = storable_line(code.partition(";")[2] or code)
    status_match = _STATUS.search(fields.get("status", "")) or _FAILURE_STATUS.search(diagnostic)
    status = status_match[0] if status_match else ""
    reported_action = fields.get("action", "").lower().partition(" ")[0].strip(";,. ")
    action = _ACTIONS.get(reported_action, reported_action) or _action_of(status)
    return RecipientReport(email, action, status, diagnostic[:MAX_DIAGNOSTIC_CHARS], alias)


def _action_of(status: str) -> str:
    match status[:1]:
        case "2":
            return "delivered"
        case "4":
            return "delayed"
        case _:
            return "failed"


def _notification(mail: ParsedMail) -> Report | None:
    notification = read_notification(mail)
    if notification is None or notification.kind not in ("bounce", "complaint"):
        return None
    is_bounce = notification.kind == "bounce"
    recipients = (
        RecipientReport(
            email=storable_line(email),
            action=(action or "failed") if is_bounce else "complained",
            status=storable_line(status),
            diagnostic=storable_line(diagnostic.partition("; ")[2] or diagnostic)[:MAX_DIAGNOSTIC_CHARS],
        )
        for email, action, status, diagnostic in notification.recipients[:MAX_RECIPIENTS]
    )
    kind = ReportKind.BOUNCE if is_bounce else ReportKind.COMPLAINT
    return Report(
        kind, tuple(recipients), (storable_line(notification.original_id),), "a notification of Amazon SES"
    )


def _worded(mail: ParsedMail, envelope_from: str | None, *, is_returned: bool) -> Report | None:
    """A report without RFC 3464 structure: from a mail server or a null sender, with the words of a refusal."""
    sign = report_sign(mail, envelope_from) or (returned_sign(mail, envelope_from) if is_returned else "")
    if not sign:
        return None
    return _inside(mail) or _in_words(mail, sign)


def _inside(mail: ParsedMail) -> Report | None:
    """The report that a gateway passed on as an attached mail."""
    for part in _attached(mail, "message/rfc822"):
        try:
            report = _structured(parse(part.data))
        except UnreadableMail:
            continue
        if report is not None and report.recipients:
            return report
    return None


def _in_words(mail: ParsedMail, reason: str) -> Report:
    text = text_above_copy(mail)
    kind = ReportKind.DELAY if says_delay(mail.subject, text) else ReportKind.BOUNCE
    action = "failed" if kind is ReportKind.BOUNCE else "delayed"
    named = named_recipients(mail, text) or [(email, "") for email in returned_recipients(mail)]
    status = _worded_status(text)
    recipients = (
        RecipientReport(
            email=email,
            action=action,
            status=_worded_status(said) or status,
            diagnostic=storable_line(said)[:MAX_DIAGNOSTIC_CHARS],
            alias=expanded_from(said),
        )
        for email, said in named[:MAX_RECIPIENTS]
    )
    return Report(kind, tuple(recipients), original_ids(mail), reason)


def _worded_status(text: str) -> str:
    """The first enhanced status in the text, else the class of the first reply code."""
    status = _FAILURE_STATUS.search(text)
    code = _REPLY_CODE.search(text)
    return status[0] if status else (f"{code[1][0]}.0.0" if code else "")


def _attached(mail: ParsedMail, *content_types: str) -> list[ParsedAttachment]:
    return [attachment for attachment in mail.attachments if attachment.content_type in content_types]


def _text(part: ParsedAttachment) -> str:
    return storable(decode(part.data[:1_000_000]))


def _fields(text: str) -> Iterator[tuple[str, str]]:
    for match in _FIELD.finditer(text):
        yield match[1].lower(), storable_line(match[2])

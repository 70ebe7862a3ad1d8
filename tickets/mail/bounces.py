"""What mail servers report on a mail of ours: refused, delayed, delivered (RFC 3464), complained about (RFC 5965).

Structure first, then words. The id of the original mail is mostly inside the report, rarely in its headers.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from tickets.mail.addresses import parse_addresses
from tickets.mail.charsets import decode
from tickets.mail.storable_text import storable, storable_line
from tickets.mail.values import ParsedAttachment, ParsedMail

MAX_RECIPIENTS = 200
MAX_DIAGNOSTIC_CHARS = 1_000


class ReportKind(StrEnum):
    BOUNCE = "bounce"
    DELAY = "delay"
    RECEIPT = "receipt"
    COMPLAINT = "complaint"


@dataclass(frozen=True, slots=True)
class RecipientReport:
    """One recipient's fate. `action` as in RFC 3464 (failed, delayed, delivered, relayed, expanded);
    `status` such as 5.1.1 or empty; `is_hard` when another try is pointless."""

    email: str
    action: str
    status: str
    diagnostic: str

    @property
    def is_hard(self) -> bool:
        return self.action == "failed" and not self.status.startswith("4") and self.status != "5.2.2"


@dataclass(frozen=True, slots=True)
class Report:
    """`original_message_ids` has every id found, the likeliest first; `reason` says what gave it away."""

    kind: ReportKind
    recipients: tuple[RecipientReport, ...]
    original_message_ids: tuple[str, ...]
    reason: str


_FIELD = re.compile(r"^([A-Za-z][A-Za-z0-9-]{0,60}):[ \t]*([^\n]*(?:\n[ \t]+[^\n]*)*)", re.MULTILINE)
_STATUS = re.compile(r"(?<![\d.])([245])\.\d{1,3}\.\d{1,3}(?![\d.])")
_REPLY_CODE = re.compile(r"(?<!\d)([45]\d\d)[ -]")
_MESSAGE_ID = re.compile(
    r"^[ \t>]*message-id:\s*<?([^<>\s]{3,500}@[^<>\s]{1,255})>?", re.IGNORECASE | re.MULTILINE
)
_EMAIL = re.compile(r"[A-Za-z0-9._%+=\-\x80-\U0010ffff]{1,64}@[A-Za-z0-9.\-\x80-\U0010ffff]{1,255}")
_SERVER_SENDER = re.compile(
    r"(?:mailer-daemon|mail-daemon|mailerdaemon|postmaster|mdaemon|mail delivery .*)", re.IGNORECASE
)
_FAILURE_SUBJECT = re.compile(
    r"undeliver|delivery (?:status notification|has failed|failure|failed|problem)|failure notice"
    r"|returned (?:e-?)?mail|mail delivery"
    r"|delivery notification|could ?n[o']t be delivered|not delivered|nondeliverable|non remis"
    r"|unzustellbar|no se (?:pudo|puede) entregar"
    r"|退信|系统退信|无法投递|未能送达|无法送达|投递失败|发送失败|无法传递|無法傳遞|配信不能"
    r"|配信できません|발송 ?실패|반송|недоставлен|не доставлен",
    re.IGNORECASE,
)
_DELAY_WORDS = re.compile(
    r"\bdelayed\b|will (?:be retried|keep trying|retry)|still trying|temporar(?:y"
    r"|ily)[^\n]{0,40}(?:problem|fail|delay)"
    r"|warning: (?:message|could not send)|not yet been delivered|延迟|延遲|延误|暂时无法",
    re.IGNORECASE,
)
_FAILURE_WORDS = re.compile(
    r"permanent(?: fatal)? error|user unknown|no such user|mailbox (?:unavailable|full|not found)"
    r"|does not exist|address (?:rejected|not found)"
    r"|could ?n[o']t be delivered|was not delivered|wasn't delivered|unable to deliver"
    r"|delivery (?:has )?failed|undeliverable|rejected"
    r"|over quota|recipient(?:'s)? (?:unknown|rejected)|不存在|无法投递|拒收|退回|未能送达|邮箱已满|投递失败|找不到",
    re.IGNORECASE,
)


def read_report(mail: ParsedMail, *, envelope_from: str | None = None) -> Report | None:
    """The report that `mail` is, or None: then it is something a person or another machine wrote."""
    return _complaint(mail) or _structured(mail) or _worded(mail)


def _complaint(mail: ParsedMail) -> Report | None:
    feedback = _attached(mail, "message/feedback-report")
    if not feedback:
        return None
    fields = dict(_fields(_text(feedback[0])))
    emails = [one.email for one in parse_addresses(fields.get("original-rcpt-to", "").encode())]
    if fields.get("feedback-type", "").lower() in ("not-spam", "virus"):
        return None
    recipients = tuple(RecipientReport(email, "complained", "", "") for email in emails)
    return Report(ReportKind.COMPLAINT, recipients, _original_ids(mail), "message/feedback-report")


def _structured(mail: ParsedMail) -> Report | None:
    if _attached(mail, "message/disposition-notification"):
        return Report(ReportKind.RECEIPT, (), _original_ids(mail), "message/disposition-notification")
    status_parts = _attached(mail, "message/delivery-status", "message/global-delivery-status")
    if not status_parts:
        return None
    recipients = tuple(one for part in status_parts for one in _recipients(_text(part)))[:MAX_RECIPIENTS]
    if not recipients:
        return Report(
            _worded_kind(mail.text), (), _original_ids(mail), "message/delivery-status without a recipient"
        )
    return Report(_kind_of(recipients), recipients, _original_ids(mail), "message/delivery-status")


def _kind_of(recipients: tuple[RecipientReport, ...]) -> ReportKind:
    """One refused recipient makes it a bounce, whatever became of the others."""
    actions = {one.action for one in recipients}
    if "failed" in actions:
        return ReportKind.BOUNCE
    return ReportKind.DELAY if "delayed" in actions else ReportKind.RECEIPT


def _recipients(text: str) -> Iterator[RecipientReport]:
    """Groups of fields are parted by blank lines; the first is about the mail and names no recipient."""
    for group in re.split(r"\n[ \t]*\n", text):
        fields = dict(_fields(group))
        typed = fields.get("final-recipient") or fields.get("original-recipient") or ""
        found = parse_addresses(typed.rpartition(";")[2].encode("utf-8", "replace"))
        if typed and (found or "action" in fields):
            yield _recipient(fields, found[0].email if found else "")


def _recipient(fields: dict[str, str], email: str) -> RecipientReport:
    diagnostic = storable_line(
        fields.get("diagnostic-code", "").partition(";")[2] or fields.get("diagnostic-code", "")
    )
    status_match = _STATUS.search(fields.get("status", "")) or _STATUS.search(diagnostic)
    status = status_match[0] if status_match else ""
    action = fields.get("action", "").lower().partition(" ")[0].strip(";,. ")
    return RecipientReport(email, action or _action_of(status), status, diagnostic[:MAX_DIAGNOSTIC_CHARS])


def _action_of(status: str) -> str:
    match status[:1]:
        case "2":
            return "delivered"
        case "4":
            return "delayed"
        case _:
            return "failed"


def _worded(mail: ParsedMail) -> Report | None:
    """A report without its structure: from a mail server, or from nobody, with the words of a refusal."""
    local = mail.sender.email.partition("@")[0] if mail.sender is not None else ""
    name = mail.sender.name if mail.sender is not None else ""
    is_server = bool(_SERVER_SENDER.fullmatch(local) or _SERVER_SENDER.fullmatch(name))
    is_from_nobody = mail.header("Return-Path") == "<>" or bool(mail.header("X-Failed-Recipients"))
    has_subject = _FAILURE_SUBJECT.search(mail.subject) is not None
    has_words = (
        _FAILURE_WORDS.search(mail.text[:20_000]) is not None
        or _DELAY_WORDS.search(mail.text[:20_000]) is not None
    )
    if not ((is_server or is_from_nobody) and (has_subject or (is_server and has_words))):
        return None
    kind = _worded_kind(f"{mail.subject}\n{mail.text[:20_000]}")
    recipients = _worded_recipients(mail, "failed" if kind is ReportKind.BOUNCE else "delayed")
    return Report(kind, recipients, _original_ids(mail), "the words of a mail server")


def _worded_kind(text: str) -> ReportKind:
    if _DELAY_WORDS.search(text) and not re.search(r"(?<![\d.])5\.\d{1,3}\.\d{1,3}|permanent", text):
        return ReportKind.DELAY
    return ReportKind.BOUNCE


def _worded_recipients(mail: ParsedMail, action: str) -> tuple[RecipientReport, ...]:
    named = [
        one.email
        for value in mail.header_all("X-Failed-Recipients")
        for one in parse_addresses(value.encode())
    ]
    own = {one.key for one in (*mail.to, *mail.cc)} | ({mail.sender.key} if mail.sender else set())
    above = re.split(
        r"(?im)^[ \t>]*(?:-{3,}.*(?:original|copy|headers)|return-path:|received:)", mail.text[:20_000]
    )[0]
    written = [
        email.rstrip(".") for email in _EMAIL.findall(above) if email.rstrip(".").casefold() not in own
    ]
    status = _STATUS.search(above)
    code = _REPLY_CODE.search(above)
    shown = status[0] if status else (f"{code[1][0]}.0.0" if code else "")
    emails = dict.fromkeys(named or written[:1])
    return tuple(RecipientReport(email, action, shown, _line_with(above, email)) for email in emails)


def _line_with(text: str, wanted: str) -> str:
    lines = [line for line in text.splitlines() if wanted in line or _STATUS.search(line)]
    return storable_line(" ".join(lines))[:MAX_DIAGNOSTIC_CHARS]


def _original_ids(mail: ParsedMail) -> tuple[str, ...]:
    """Ids inside the returned mail or its headers, then in the report's text, then in the report's own headers."""
    inside = [found for part in _returned(mail) for found in _MESSAGE_ID.findall(_text(part)[:200_000])[:1]]
    written = _MESSAGE_ID.findall(mail.text)
    fields = [
        found
        for part in _attached(mail, "message/delivery-status", "message/feedback-report")
        for name, value in _fields(_text(part))
        if name in ("original-message-id", "x-original-message-id")
        for found in re.findall(r"<?([^<>\s]+@[^<>\s]+)>?", value)
    ]
    disposition = [
        found
        for part in _attached(mail, "message/disposition-notification")
        for name, value in _fields(_text(part))
        if name == "original-message-id"
        for found in re.findall(r"<?([^<>\s]+@[^<>\s]+)>?", value)
    ]
    own = (*mail.in_reply_to, *reversed(mail.references))
    return tuple(
        one
        for one in dict.fromkeys((*inside, *fields, *disposition, *written, *own))
        if one != mail.message_id
    )


def _returned(mail: ParsedMail) -> list[ParsedAttachment]:
    return _attached(
        mail,
        "message/rfc822",
        "text/rfc822-headers",
        "message/rfc822-headers",
        "message/global",
        "message/global-headers",
    )


def _attached(mail: ParsedMail, *content_types: str) -> list[ParsedAttachment]:
    return [one for one in mail.attachments if one.content_type in content_types]


def _text(part: ParsedAttachment) -> str:
    return storable(decode(part.data[:1_000_000]))


def _fields(text: str) -> Iterator[tuple[str, str]]:
    for match in _FIELD.finditer(text):
        yield match[1].lower(), storable_line(match[2])

"""The signs of a machine in a mail, in English: headers, the sender's name, the subject, an answer to an invitation.

Only calendar_signs and those of out_of_office say that the words are not a person's. The others ask that no machine
answers: Exchange stamps X-Auto-Response-Suppress on people's mail, ticket tools send Auto-Submitted: auto-generated
with a person's words, and a person may work at monitoring@.
"""

import re
from collections.abc import Collection, Iterable, Iterator

from tickets.mail.out_of_office import LONGEST_SIGN, NO, as_sign
from tickets.mail.threading import read_message_id
from tickets.mail.values import ParsedMail

LOOP_HEADER = "X-Loop"
# Marks that people put on earlier mails of the same sender and shape.
AUTOMATIC_MARK = "marked as automatic by"
PERSON_MARK = "marked as written by a person by"

_LIST_HEADERS = frozenset(
    {
        "list-id",
        "list-unsubscribe",
        "list-post",
        "list-help",
        "list-subscribe",
        "x-mailing-list",
        "mailing-list",
    }
)
_CALENDARS = ("text/calendar", "application/ics")
_CALENDAR_ANSWER = re.compile(rb"^METHOD[ \t]*:[ \t]*REPLY[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_CALENDAR_TYPE = re.compile(r"text/calendar\b.*\bmethod\s*=\s*[\"']?reply\b", re.IGNORECASE | re.DOTALL)
_NO_REPLY = re.compile(
    r"(?:.*[-_.+])?(?:no[-_.]?reply|do[-_.]?not[-_.]?reply|dont[-_.]?reply|no[-_.]?responder|nao[-_.]?responda"
    r"|ne[-_.]?pas[-_.]?repondre|keine[-_.]?antwort)(?:[-_.+].*)?",
    re.IGNORECASE,
)
_MACHINE_NAME = re.compile(
    r"(?:mailer-daemon|mail-daemon|mailerdaemon|daemon|bounces?|alerts?|alerting|alarms?|nagios|zabbix|icinga|grafana"
    r"|prometheus|alertmanager|pagerduty|opsgenie|cloudwatch|datadog|jenkins|sentry|root|cron|robot)(?:[-+._].*)?",
    re.IGNORECASE,
)
_ROLE_NAME = re.compile(
    r"(?:postmaster|hostmaster|monitor(?:ing)?|notifications?|notify|system|mailer|auto)(?:[-+._].*)?",
    re.IGNORECASE,
)
_ALARM_WORD = (
    r"(?:alert(?:ing|s)?|alarm|firing|critical|problem|resolved|recover(?:ed|y)|warning|p[0-4]|sev-?[0-4]|down|up|ok"
    r"|outage|incident|告警|报警|警报|預警|预警|监控|恢复|故障|アラート|障害|復旧|경보|장애|복구)"
)
# How monitoring begins its subjects: "[FIRING:2] Publish failures", "PROBLEM: host", "【P0 告警】..."
_ALARM_SUBJECT = re.compile(
    rf"\W{{0,3}}(?:[\[【(]\s?[^\]】)]{{0,20}})?{_ALARM_WORD}[^\]】):：-]{{0,20}}[\]】):：-]", re.IGNORECASE
)


def takes_no_answers(email: str) -> bool:
    """True for no-reply@ and the like, in the languages of our customers."""
    return bool(_NO_REPLY.fullmatch(email.rpartition("@")[0][:LONGEST_SIGN]))


def loop_signs(mail: ParsedMail, own: set[str], secrets: Iterable[bytes], loop_name: str) -> Iterator[str]:
    """Signs that the mail is our own. ``own`` are the desk's addresses, casefolded; ``loop_name`` is our own X-Loop."""
    if mail.sender is not None and _without_tag(mail.sender.key) in own:
        yield "sent from our own address"
    if mail.message_id and read_message_id(mail.message_id, secrets=secrets) is not None:
        yield "our own Message-ID came back"
    if loop_name and loop_name in mail.header_all(LOOP_HEADER):
        yield f"{LOOP_HEADER}: {loop_name}"


def calendar_signs(mail: ParsedMail) -> Iterator[str]:
    """Signs of an answer to an invitation; the invitation itself is no sign."""
    answers = (
        _CALENDAR_ANSWER.search(attachment.data[:100_000])
        for attachment in mail.attachments
        if attachment.content_type in _CALENDARS or attachment.name.lower().endswith(".ics")
    )
    if _CALENDAR_TYPE.match(mail.header("Content-Type")) or any(answers):
        yield "METHOD: REPLY"


def list_signs(mail: ParsedMail, own: Collection[str]) -> Iterator[str]:
    """Signs of a mailing list or newsletter, unless the list is our own mailbox, set up as a group at the provider."""
    if _is_own_list(mail, own):
        return
    for name, value in mail.headers:
        if name.lower() in _LIST_HEADERS:
            yield as_sign(name, value)
    if _precedence(mail) == "list":
        yield "Precedence: list"


def _is_own_list(mail: ParsedMail, own: Collection[str]) -> bool:
    """True if the list's headers name one of our addresses. List-Id has a dot in place of the @ (RFC 2919)."""
    names = f"{mail.header('List-Id')} {mail.header('List-Post')} {mail.header('Mailing-List')}".casefold()
    return any(
        spelling in names
        for address in own
        for spelling in (f"<{address.replace('@', '.')}>", f"mailto:{address}", f"list {address}")
    )


def generated_signs(mail: ParsedMail, envelope_from: str | None) -> Iterator[str]:
    """Signs that a machine wrote unasked, maybe with a person's words. Empty ``envelope_from`` is the null sender."""
    submitted = mail.header("Auto-Submitted")
    value = submitted.lower().partition(";")[0].strip()
    if value and value not in ("no", "auto-forwarded") and not value.startswith("auto-replied"):
        yield as_sign("Auto-Submitted", submitted)
    for name in ("X-Autogenerated", "X-Auto-Generated", "X-FC-MachineGenerated", "X-Cron-Env"):
        if mail.header(name).lower().strip() not in NO:
            yield as_sign(name, mail.header(name))
    if envelope_from == "" or (envelope_from is None and mail.header("Return-Path").strip() == "<>"):
        yield "null return path"
    local = _local_part(mail)
    is_alarm = bool(_ROLE_NAME.fullmatch(local)) and is_alarm_subject(mail.subject)
    if _NO_REPLY.fullmatch(local) or _MACHINE_NAME.fullmatch(local) or is_alarm:
        yield as_sign("written by", f"{local}@")


def quiet_signs(mail: ParsedMail) -> Iterator[str]:
    """Signs that ask machines not to answer and say nothing about who wrote."""
    if _precedence(mail) in ("bulk", "junk"):
        yield f"Precedence: {_precedence(mail)}"
    suppress = mail.header("X-Auto-Response-Suppress")
    if suppress.lower().strip() not in NO:
        yield as_sign("X-Auto-Response-Suppress", suppress)
    local = _local_part(mail)
    if _ROLE_NAME.fullmatch(local):
        yield as_sign("written by", f"{local}@")


def is_alarm_subject(subject: str) -> bool:
    """True if the subject begins as those of monitoring tools do."""
    return _ALARM_SUBJECT.match(subject) is not None


def _precedence(mail: ParsedMail) -> str:
    return mail.header("Precedence").lower().strip()


def _local_part(mail: ParsedMail) -> str:
    return mail.sender.email.rpartition("@")[0] if mail.sender is not None else ""


def _without_tag(email: str) -> str:
    local, _, domain = email.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"

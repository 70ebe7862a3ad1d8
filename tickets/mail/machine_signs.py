"""The signs of a machine in a mail, in English: headers, the sender's name, the subject, an answer to an invitation.

Only answer_signs and calendar_signs say that the words are not a person's. The others ask that no machine answers:
Exchange stamps X-Auto-Response-Suppress on people's mail, ticket tools send Auto-Submitted: auto-generated with a
person's words, and a person works at monitoring@.
"""

import re
from collections.abc import Collection, Iterable, Iterator

from tickets.mail.auto_reply_subjects import is_automatic_reply
from tickets.mail.threading import read_message_id
from tickets.mail.values import ParsedMail

LOOP_HEADER = "X-Loop"
# What people said of earlier mails of the same sender and shape.
AUTOMATIC_MARK = "marked as automatic by"
PERSON_MARK = "marked as written by a person by"
LONGEST_SIGN = 100

# X-Autoreply, X-QQ-AUTOREPLY, X-Mail-Autoreply, X-Autorespond, X-Auto-Response, X-AutoReply-From, X-Vacation
_ANSWER_HEADER = re.compile(
    r"(?:[a-z0-9]+-){0,4}(?:auto-?(?:reply|replied|respond(?:er|ed)?|response)|vacation)(?:-(?:from|to|sent|by|id|message))?",
    re.IGNORECASE,
)
_NO = ("", "no", "none", "false", "0", "off")
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
# As monitoring begins its subjects: "[FIRING:2] Publish failures", "PROBLEM: host", "【P0 告警】..."
_ALARM_SUBJECT = re.compile(
    rf"\W{{0,3}}(?:[\[【(]\s?[^\]】)]{{0,20}})?{_ALARM_WORD}[^\]】):：-]{{0,20}}[\]】):：-]", re.IGNORECASE
)


def takes_no_answers(email: str) -> bool:
    """True for no-reply@ and the like, in the languages of our customers."""
    return bool(_NO_REPLY.fullmatch(email.rpartition("@")[0][:LONGEST_SIGN]))


def loop_signs(mail: ParsedMail, own: set[str], secrets: Iterable[bytes], loop_name: str) -> Iterator[str]:
    """``own`` are the desk's addresses, casefolded; ``loop_name`` is what our own X-Loop says."""
    if mail.sender is not None and _without_tag(mail.sender.key) in own:
        yield "sent from our own address"
    if mail.message_id and read_message_id(mail.message_id, secrets=secrets) is not None:
        yield "our own Message-ID came back"
    if loop_name and loop_name in mail.header_all(LOOP_HEADER):
        yield f"{LOOP_HEADER}: {loop_name}"


def calendar_signs(mail: ParsedMail) -> Iterator[str]:
    """An answer to an invitation; the invitation itself is no sign."""
    answers = (
        one.content_type == "text/calendar" and _CALENDAR_ANSWER.search(one.data[:100_000])
        for one in mail.attachments
    )
    if _CALENDAR_TYPE.match(mail.header("Content-Type")) or any(answers):
        yield "METHOD: REPLY"


def answer_signs(mail: ParsedMail) -> Iterator[str]:
    """An out-of-office or any other answer that a machine gave."""
    for name, value in mail.headers:
        lowered = value.lower().strip()
        if _is_answer_header(name.lower(), lowered):
            yield _shown(name, value)
    if is_automatic_reply(mail.subject):
        yield _shown("the subject of an automatic reply", mail.subject)


def _is_answer_header(name: str, value: str) -> bool:
    match name:
        case "auto-submitted":
            return value.startswith("auto-replied")
        case "precedence" | "x-precedence" | "preference":
            return value in ("auto_reply", "auto-reply", "autoreply")
        case "x-post-messageclass":
            return "autoresponder" in value
        case "delivered-to" | "x-mailer":
            return value in ("autoresponder", "vacation")
        case _:
            return value not in _NO and _ANSWER_HEADER.fullmatch(name) is not None


def list_signs(mail: ParsedMail, own: Collection[str]) -> Iterator[str]:
    """A mailing list or a newsletter. A list that is our own mailbox, as a group of the provider, is no sign."""
    if _is_own_list(mail, own):
        return
    for name, value in mail.headers:
        if name.lower() in _LIST_HEADERS:
            yield _shown(name, value)
    if _precedence(mail) == "list":
        yield "Precedence: list"


def _is_own_list(mail: ParsedMail, own: Collection[str]) -> bool:
    """List-Id has a dot in the place of the @ (RFC 2919)."""
    names = f"{mail.header('List-Id')} {mail.header('List-Post')} {mail.header('Mailing-List')}".casefold()
    return any(
        spelling in names
        for one in own
        for spelling in (f"<{one.replace('@', '.')}>", f"mailto:{one}", f"list {one}")
    )


def generated_signs(mail: ParsedMail, envelope_from: str | None) -> Iterator[str]:
    """A machine wrote unasked, perhaps a person's words. An empty ``envelope_from`` is the null sender."""
    submitted = mail.header("Auto-Submitted")
    value = submitted.lower().partition(";")[0].strip()
    if value and value not in ("no", "auto-forwarded") and not value.startswith("auto-replied"):
        yield _shown("Auto-Submitted", submitted)
    for name in ("X-Autogenerated", "X-Auto-Generated", "X-FC-MachineGenerated", "X-Cron-Env"):
        if mail.header(name).lower().strip() not in _NO:
            yield _shown(name, mail.header(name))
    if envelope_from == "" or (envelope_from is None and mail.header("Return-Path").strip() == "<>"):
        yield "null return path"
    local = _local_part(mail)
    is_alarm = bool(_ROLE_NAME.fullmatch(local)) and is_alarm_subject(mail.subject)
    if _NO_REPLY.fullmatch(local) or _MACHINE_NAME.fullmatch(local) or is_alarm:
        yield _shown("written by", f"{local}@")


def quiet_signs(mail: ParsedMail) -> Iterator[str]:
    """What asks for no machine's answer and says nothing about who wrote."""
    if _precedence(mail) in ("bulk", "junk"):
        yield f"Precedence: {_precedence(mail)}"
    suppress = mail.header("X-Auto-Response-Suppress")
    if suppress.lower().strip() not in _NO:
        yield _shown("X-Auto-Response-Suppress", suppress)
    local = _local_part(mail)
    if _ROLE_NAME.fullmatch(local):
        yield _shown("written by", f"{local}@")


def is_alarm_subject(subject: str) -> bool:
    """True if the subject begins as monitoring tools begin theirs."""
    return _ALARM_SUBJECT.match(subject) is not None


def _precedence(mail: ParsedMail) -> str:
    return mail.header("Precedence").lower().strip()


def _local_part(mail: ParsedMail) -> str:
    return mail.sender.email.rpartition("@")[0] if mail.sender is not None else ""


def _without_tag(email: str) -> str:
    local, _, domain = email.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def _shown(name: str, value: str) -> str:
    return f"{name}: {value}"[:LONGEST_SIGN].strip()

"""Tells what kind of sender wrote a mail: may a machine answer it, and do its words count as the customer's?

Why these are two questions: .github/decisions/mail.md.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain

from tickets.mail.bounces import Report, ReportKind, read_report
from tickets.mail.machine_signs import (
    calendar_signs,
    generated_signs,
    is_alarm_subject,
    list_signs,
    loop_signs,
    quiet_signs,
)
from tickets.mail.out_of_office import answer_signs
from tickets.mail.values import ParsedMail


class MailKind(StrEnum):
    """PERSON is anything not positively identified as something else.

    AUTO_GENERATED is a machine that writes unasked: an alarm, or a customer's ticket tool with a person's words.
    AUTO_REPLY is an out-of-office, CALENDAR the answer to an invitation, LIST came through a mailing list. BOUNCE,
    DELAY and RECEIPT report on a mail of ours, COMPLAINT stops automatic mail. LOOP is our own mail coming back.
    """

    PERSON = "person"
    AUTO_REPLY = "auto_reply"
    AUTO_GENERATED = "auto_generated"
    BOUNCE = "bounce"
    DELAY = "delay"
    COMPLAINT = "complaint"
    RECEIPT = "receipt"
    CALENDAR = "calendar"
    LIST = "list"
    LOOP = "loop"


@dataclass(frozen=True, slots=True)
class Classification:
    """``signs`` are all signs of a machine that were seen, in English, the deciding ones first.

    ``report`` is the report of a mail server, if the mail is one.
    """

    kind: MailKind
    signs: tuple[str, ...] = ()
    report: Report | None = None

    @property
    def may_be_acknowledged(self) -> bool:
        """True if there is no sign of a machine, as each sign asks that no machine answers."""
        return self.kind is MailKind.PERSON and not self.signs

    @property
    def counts(self) -> bool:
        """True if the words of a known sender count as their own. A stranger's mail through a list does not count."""
        return self.kind in (MailKind.PERSON, MailKind.AUTO_GENERATED, MailKind.LIST)


def classify(
    mail: ParsedMail,
    *,
    own_addresses: Collection[str] = (),
    secrets: Iterable[bytes] = (),
    envelope_from: str | None = None,
    loop_name: str = "",
    is_returned: bool = False,
) -> Classification:
    """Classify `mail`.

    `own_addresses` are the desk's mailboxes; `envelope_from` is the transaction's sender where it is known, empty for
    the null sender; `loop_name` is the value of our own X-Loop; `is_returned` is as in `read_report`.
    """
    own = {one.casefold() for one in own_addresses}
    signs: dict[MailKind, list[str]] = {}
    signs[MailKind.LOOP] = list(loop_signs(mail, own, tuple(secrets), loop_name))
    report = read_report(mail, envelope_from=envelope_from, is_returned=is_returned)
    if report is not None:
        signs[_KIND_OF_REPORT[report.kind]] = [report.reason]
    signs[MailKind.CALENDAR] = list(calendar_signs(mail))
    signs[MailKind.AUTO_REPLY] = list(answer_signs(mail))
    listed, generated = list(list_signs(mail, own)), list(generated_signs(mail, envelope_from))
    if not (generated and is_alarm_subject(mail.subject)):
        signs[MailKind.LIST] = listed
    signs[MailKind.AUTO_GENERATED] = generated
    kind = next((kind for kind in signs if signs[kind]), MailKind.PERSON)
    seen = chain(signs.pop(kind, ()), *signs.values(), listed, quiet_signs(mail))
    return Classification(kind, tuple(dict.fromkeys(seen)), report)


_KIND_OF_REPORT = {
    ReportKind.BOUNCE: MailKind.BOUNCE,
    ReportKind.DELAY: MailKind.DELAY,
    ReportKind.RECEIPT: MailKind.RECEIPT,
    ReportKind.COMPLAINT: MailKind.COMPLAINT,
}

"""What mail servers report on our mail: a bounce takes the answer back, a complaint ends automatic mail."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from customers.models import Contact
from tickets.choices import OutboxState
from tickets.mail.bounces import RecipientReport, Report, ReportKind, read_report
from tickets.models import OutboundEmail
from tickets.services.conversation import add_automatic_message
from tickets.services.failed_responses import fail_response
from tickets.services.intake.incoming_mail import IncomingMail, IntakeOutcome
from tickets.services.intake.ticket_matching import end_of_merges

LONGEST_ANSWER = 2_000


def receive_report(arrival: IncomingMail) -> IntakeOutcome:
    """Find our mail that the report is about; without one nothing is believed, and the report is parked."""
    report = read_report(arrival.mail)
    mail = _reported_mail(report) if report else None
    if report is None or mail is None:
        return IntakeOutcome.parked(_("A report on a mail that is not in the outbox."))
    match report.kind:
        case ReportKind.BOUNCE:
            _bounced(mail, report, at=arrival.now)
        case ReportKind.COMPLAINT:
            _no_more_automatic_mail([*mail.recipients, *mail.copies], at=arrival.now)
        case ReportKind.DELAY | ReportKind.RECEIPT:
            pass  # kept with the ticket below, which is all that is to do
    return _kept(arrival, mail)


def _reported_mail(report: Report) -> OutboundEmail | None:
    found = OutboundEmail.objects.filter(rfc_message_id__in=report.original_message_ids)
    return found.select_related("ticket", "message").first()


def _kept(arrival: IncomingMail, mail: OutboundEmail) -> IntakeOutcome:
    reason = _("A report on %(subject)s.") % {"subject": mail.subject[:200]}
    if mail.ticket is None:
        return IntakeOutcome.kept(None, None, reason)
    ticket = end_of_merges(mail.ticket)
    message = add_automatic_message(
        ticket=ticket, words=arrival.words(), received_at=arrival.received_at, at=arrival.now
    )
    return IntakeOutcome.kept(ticket, message, reason)


def _bounced(mail: OutboundEmail, report: Report, *, at: datetime) -> None:
    """Hard failures flag the address; the mail itself has bounced when it reached none of its recipients."""
    failed = [one for one in report.recipients if one.action == "failed"]
    ours = {one.casefold() for one in (*mail.recipients, *mail.copies)}
    named = {one.email.casefold() for one in failed} & ours
    _flag(named or ours if any(one.is_hard for one in failed) else (), at=at)
    if named and not named.issuperset(one.casefold() for one in mail.recipients):
        return
    answer = _answer(failed) or str(report.reason)
    bounced = OutboundEmail.objects.filter(pk=mail.pk).exclude(state=OutboxState.BOUNCED)
    if bounced.update(state=OutboxState.BOUNCED, answer=answer) and mail.message is not None:
        fail_response(message=mail.message, at=at, answer=answer)


def _answer(failed: Iterable[RecipientReport]) -> str:
    lines = [" ".join(filter(None, [f"<{one.email}>", one.status, one.diagnostic])) for one in failed]
    return "\n".join(lines)[:LONGEST_ANSWER]


def _no_more_automatic_mail(addresses: Iterable[str], *, at: datetime) -> None:
    """Acknowledgements go to no contact whose mail failed."""
    _flag({one.casefold() for one in addresses}, at=at)


def _flag(addresses: Collection[str], *, at: datetime) -> None:
    contacts = Contact.objects.exclude(email="").alias(key=Lower("email"))
    contacts.filter(key__in=[one.lower() for one in addresses]).update(mail_failed_at=at)

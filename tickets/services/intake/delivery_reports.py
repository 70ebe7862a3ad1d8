"""Reports from mail servers about our mail: a bounce takes the answer back, a complaint ends automatic mail."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from customers.models import Contact
from tickets.choices import IntakeState, MailPurpose, OutboxState
from tickets.mail.bounces import Report, ReportKind
from tickets.models import Message, OutboundEmail, Ticket
from tickets.services.conversation import add_automatic_message
from tickets.services.failed_responses import fail_response
from tickets.services.intake.incoming_mail import IncomingMail, IntakeOutcome
from tickets.services.intake.ticket_matching import end_of_merges

LONGEST_ANSWER = 2_000


def receive_report(incoming: IncomingMail) -> IntakeOutcome:
    """Act on a report about a mail of ours.

    A report on a mail to a customer is kept on its ticket. One on a colleague's notification is not, as the
    conversation is the customer's. Any other report is parked.
    """
    report = incoming.classification.report
    reported = OutboundEmail.objects.filter(rfc_message_id__in=report.original_message_ids if report else ())
    mail = reported.select_related("ticket", "message").first()
    if report is None or mail is None:
        return IntakeOutcome(
            IntakeState.PARKED, _("A delivery report on an email that is not in the outbox.")
        )
    match report.kind:
        case ReportKind.BOUNCE:
            _record_bounce(mail, report, at=incoming.now)
        case ReportKind.COMPLAINT:  # a contact whose mail failed gets no acknowledgements
            _flag_contacts([*mail.recipients, *mail.copies], at=incoming.now)
        case ReportKind.DELAY | ReportKind.RECEIPT:
            pass  # it is kept on the ticket below, and nothing else is to do
    is_customers = mail.purpose in (MailPurpose.REPLY, MailPurpose.ACKNOWLEDGEMENT)
    ticket = end_of_merges(mail.ticket) if mail.ticket is not None and is_customers else None
    reason = _("A delivery report on “%(subject)s”.") % {"subject": mail.subject[:200]}
    return IntakeOutcome(IntakeState.PROCESSED, reason, ticket, _keep_on_ticket(incoming, ticket))


def _keep_on_ticket(incoming: IncomingMail, ticket: Ticket | None) -> Message | None:
    if ticket is None:
        return None
    return add_automatic_message(
        ticket=ticket, content=incoming.content(), received_at=incoming.received_at, at=incoming.now
    )


def _record_bounce(mail: OutboundEmail, report: Report, *, at: datetime) -> None:
    """Flag the addresses that failed for good. The mail itself bounced only if it reached none of its recipients."""
    failed = [recipient for recipient in report.recipients if recipient.action == "failed"]
    ours = {address.casefold() for address in (*mail.recipients, *mail.copies)}
    named = {email.casefold() for recipient in failed for email in (recipient.email, recipient.alias)} & ours
    if any(recipient.is_hard for recipient in failed):
        _flag_contacts(named or ours, at=at)
    if named and not named.issuperset(address.casefold() for address in mail.recipients):
        return
    lines = [
        " ".join(filter(None, [f"<{recipient.email}>", recipient.status, recipient.diagnostic]))
        for recipient in failed
    ]
    answer = "\n".join(lines)[:LONGEST_ANSWER] or str(report.reason)
    not_bounced = OutboundEmail.objects.filter(pk=mail.pk).exclude(state=OutboxState.BOUNCED)
    if not_bounced.update(state=OutboxState.BOUNCED, answer=answer) and mail.message is not None:
        fail_response(message=mail.message, at=at, answer=answer)


def _flag_contacts(addresses: Collection[str], *, at: datetime) -> None:
    contacts = Contact.objects.exclude(email="").alias(key=Lower("email"))
    contacts.filter(key__in=[address.lower() for address in addresses]).update(mail_failed_at=at)

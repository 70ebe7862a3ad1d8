"""Reports from mail servers about our mail: a bounce takes the answer back, a complaint ends automatic mail."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from customers.models import Contact
from tickets.choices import IntakeState, MailPurpose, RecipientState
from tickets.mail.bounces import RecipientReport, Report, ReportKind
from tickets.models import Message, OutboundEmail, Ticket
from tickets.models.outbound import RecipientOutcome
from tickets.services.conversation import add_automatic_message
from tickets.services.intake.incoming_mail import IncomingMail, IntakeOutcome
from tickets.services.intake.ticket_matching import end_of_merges
from tickets.services.outgoing.outcomes import settle

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
            _flag_contacts(mail.addressees, at=incoming.now)
        case ReportKind.DELAY:
            _record_delay(mail, report, at=incoming.now)
        case ReportKind.RECEIPT:
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


def _record_bounce(reported: OutboundEmail, report: Report, *, at: datetime) -> None:
    """Record which recipients were not reached, and flag the addresses that failed for good."""
    mail = OutboundEmail.objects.select_for_update().get(pk=reported.pk)
    failed = [recipient for recipient in report.recipients if recipient.action == "failed"]
    affected = _affected(mail, failed)
    for address in affected:
        about = _about(address, failed)
        answer = "\n".join(map(_words, about))[:LONGEST_ANSWER] or report.reason
        status = next((recipient.status for recipient in about if recipient.status), "")
        mail.keep_outcome(RecipientOutcome(address, RecipientState.BOUNCED, at, answer, status))
    settle(mail, at=at)
    if any(recipient.is_hard for recipient in failed):
        _flag_contacts(affected, at=at)


def _record_delay(reported: OutboundEmail, report: Report, *, at: datetime) -> None:
    """Record whom the mail has not reached yet; their servers go on trying."""
    mail = OutboundEmail.objects.select_for_update().get(pk=reported.pk)
    delayed = [recipient for recipient in report.recipients if recipient.action == "delayed"]
    for address in _affected(mail, delayed):
        if mail.outcome_of(address).state == RecipientState.ACCEPTED:
            answer = "\n".join(map(_words, _about(address, delayed)))[:LONGEST_ANSWER] or report.reason
            mail.keep_outcome(RecipientOutcome(address, RecipientState.DELAYED, at, answer))
    mail.save(update_fields=["outcomes"])


def _affected(mail: OutboundEmail, reported: Collection[RecipientReport]) -> list[str]:
    """Our recipients whom the report names; all if it names none, as theirs may be an alias that we do not know."""
    named = {email.casefold() for recipient in reported for email in (recipient.email, recipient.alias)}
    return [address for address in mail.addressees if address.casefold() in named] or mail.addressees


def _about(address: str, reported: Sequence[RecipientReport]) -> Sequence[RecipientReport]:
    """What the report says about this recipient; all of it if it names somebody else only."""
    key = address.casefold()
    own = [each for each in reported if key in (each.email.casefold(), each.alias.casefold())]
    return own or reported


def _words(recipient: RecipientReport) -> str:
    status = "" if recipient.status in recipient.diagnostic else recipient.status
    return " ".join(filter(None, [f"<{recipient.email}>", status, recipient.diagnostic]))


def _flag_contacts(addresses: Collection[str], *, at: datetime) -> None:
    contacts = Contact.objects.exclude(email="").alias(key=Lower("email"))
    contacts.filter(key__in=[address.lower() for address in addresses]).update(mail_failed_at=at)

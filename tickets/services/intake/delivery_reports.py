"""Reports from mail servers about our mail: a bounce takes the answer back, a complaint ends automatic mail."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from customers.addresses import address_key, address_spellings
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
    about = _reported(incoming, report) if report is not None else None
    if report is None or about is None:
        return IntakeOutcome(
            IntakeState.PARKED, _("A delivery report on an email that is not in the outbox.")
        )
    mail = about.mail
    match report.kind:
        case ReportKind.BOUNCE:
            _record_bounce(about, report, at=incoming.now)
        case ReportKind.COMPLAINT:
            _end_automatic_mail(mail, at=incoming.now)
        case ReportKind.DELAY:
            _record_delay(about, report, at=incoming.now)
        case ReportKind.RECEIPT:
            _end_delay(about, report, at=incoming.now)
    is_customers = mail.purpose in (MailPurpose.REPLY, MailPurpose.ACKNOWLEDGEMENT)
    ticket = end_of_merges(mail.ticket) if mail.ticket is not None and is_customers else None
    reason = _("A delivery report on “%(subject)s”.") % {"subject": mail.subject[:200]}
    return IntakeOutcome(IntakeState.PROCESSED, reason, ticket, _keep_on_ticket(incoming, ticket))


@dataclass(frozen=True)
class _Reported:
    """A mail of ours that a report is about. ``proven``: the recipient to whose signed address the report came."""

    mail: OutboundEmail
    proven: str = ""

    def believes(self, address: str) -> bool:
        """True if the report proves what it says about a recipient, or if no signed address could prove it."""
        return bool(self.proven) or not self.mail.outcome_of(address).is_signed


def _reported(incoming: IncomingMail, report: Report) -> _Reported | None:
    """The mail named by the signed address, else by the ids inside the report. Locks its row."""
    rows = OutboundEmail.objects.select_for_update(of=("self",)).select_related("ticket", "message")
    tag = incoming.bounce_tag
    mail = rows.filter(pk=tag.mail).first() if tag is not None else None
    if tag is not None and mail is not None and tag.place < len(mail.addressees):
        return _Reported(mail, mail.addressees[tag.place])
    mail = rows.filter(rfc_message_id__in=report.original_message_ids).first()
    return _Reported(mail) if mail is not None else None


def _keep_on_ticket(incoming: IncomingMail, ticket: Ticket | None) -> Message | None:
    if ticket is None:
        return None
    return add_automatic_message(
        ticket=ticket, content=incoming.content(), received_at=incoming.received_at, at=incoming.now
    )


def _record_bounce(reported: _Reported, report: Report, *, at: datetime) -> None:
    """Record which recipients were not reached, and flag the addresses that failed for good.

    If the mail had a signed sender and the report came elsewhere, anybody may have written it: a person decides.
    """
    mail = reported.mail
    failed = [recipient for recipient in report.recipients if recipient.action == "failed"]
    affected = _affected(reported, failed)
    believed = [address for address in affected if reported.believes(address)]
    for address in affected:
        about, before = _about(address, failed), mail.outcome_of(address)
        if address in believed or not before.is_unreached:
            state = RecipientState.BOUNCED if address in believed else RecipientState.REPORTED
            mail.keep_outcome(_learnt(before, state, about, report, at=at))
    settle(mail, at=at)
    hard = [address for address in believed if any(each.is_hard for each in _about(address, failed))]
    if hard:
        _flag_contacts(hard, at=at)


def _record_delay(reported: _Reported, report: Report, *, at: datetime) -> None:
    """Record whom the mail has not reached yet; their servers go on trying."""
    mail = reported.mail
    delayed = [recipient for recipient in report.recipients if recipient.action == "delayed"]
    for address in _affected(reported, delayed):
        before = mail.outcome_of(address)
        if before.state == RecipientState.ACCEPTED and reported.believes(address):
            about = _about(address, delayed)
            mail.keep_outcome(_learnt(before, RecipientState.DELAYED, about, report, at=at))
    mail.save(update_fields=["outcomes"])


def _end_delay(reported: _Reported, report: Report, *, at: datetime) -> None:
    """Take back that the mail is delayed for whom it has passed on since; nothing more is known of it."""
    for address in _affected(reported, report.recipients):
        before = reported.mail.outcome_of(address)
        if before.state == RecipientState.DELAYED and reported.believes(address):
            reported.mail.keep_outcome(replace(before, state=RecipientState.ACCEPTED, at=at))
    reported.mail.save(update_fields=["outcomes"])


def _affected(reported: _Reported, named: Collection[RecipientReport]) -> list[str]:
    """The proven recipient, else those of ours whom the report names, else all, as it may name an alias.

    Without proof nobody to whom the mail has still to be sent: those who have it know its Message-ID.
    """
    if reported.proven:
        return [reported.proven]
    ours = [outcome.address for outcome in reported.mail.recipient_outcomes if not outcome.is_to_send]
    keys = {address_key(email) for recipient in named for email in (recipient.email, recipient.alias)}
    return [address for address in ours if address_key(address) in keys] or ours


def _learnt(
    before: RecipientOutcome,
    state: RecipientState,
    about: Sequence[RecipientReport],
    report: Report,
    *,
    at: datetime,
) -> RecipientOutcome:
    """The outcome after a report, with what it says about the recipient."""
    answer = "\n".join(map(_words, about))[:LONGEST_ANSWER] or report.reason
    status = next((each.status for each in about if each.status), "")
    return replace(before, state=state, at=at, answer=answer, status=status)


def _about(address: str, reported: Sequence[RecipientReport]) -> Sequence[RecipientReport]:
    """What the report says about this recipient; all of it if it names somebody else only."""
    key = address_key(address)
    own = [each for each in reported if key in (address_key(each.email), address_key(each.alias))]
    return own or reported


def _words(recipient: RecipientReport) -> str:
    status = "" if recipient.status in recipient.diagnostic else recipient.status
    return " ".join(filter(None, [f"<{recipient.email}>", status, recipient.diagnostic]))


def _end_automatic_mail(mail: OutboundEmail, *, at: datetime) -> None:
    """Send nothing more by ourselves to whom the mail went, nor to the writer of its ticket, for whom it was."""
    keys = [key for address in mail.addressees for key in address_spellings(address)]
    contacts = Contact.objects.alias(key=Lower("email"))
    wanted = Q(key__in=keys) & ~Q(email="")
    if mail.ticket is not None:
        wanted |= Q(pk=mail.ticket.contact_id)
    contacts.filter(wanted, no_automatic_mail_since=None).update(no_automatic_mail_since=at)


def _flag_contacts(addresses: Collection[str], *, at: datetime) -> None:
    contacts = Contact.objects.exclude(email="").alias(key=Lower("email"))
    keys = [key for address in addresses for key in address_spellings(address)]
    contacts.filter(key__in=keys).update(mail_failed_at=at)

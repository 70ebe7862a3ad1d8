"""Mail that a person wrote: appended to its ticket, or opened as a new one.

How floods are handled is in floods.
"""

from __future__ import annotations

import re
from dataclasses import replace

from django.conf import settings
from django.contrib.auth.models import User
from django.utils import translation
from django.utils.translation import gettext as _

from customers.names import desk_name, given_name
from tickets.choices import IntakeState, MailPurpose, Priority
from tickets.mail.classify import MailKind
from tickets.mail.machine_signs import is_alarm_subject
from tickets.mail.storable_text import storable_line
from tickets.models import Message, Ticket
from tickets.services.automatic_mail_limits import may_write_by_itself
from tickets.services.conversation import add_customer_message, add_note
from tickets.services.intake.applied_rules import set_priority_of, verdict_on, wanted_proposal
from tickets.services.intake.authentication import has_failed, is_verified_staff
from tickets.services.intake.colleague_mail import answers_notification, receive_from_colleague
from tickets.services.intake.copied_people import copied_people
from tickets.services.intake.floods import flood_reason, tell_of_flood, ticket_of_same_words
from tickets.services.intake.forwarding import forwarded_sender
from tickets.services.intake.incoming_mail import IncomingMail, IntakeOutcome
from tickets.services.intake.senders import Sender, ensure_contact, find_sender, hold_unknown
from tickets.services.intake.ticket_matching import (
    ThreadTarget,
    end_of_merges,
    find_target,
    is_past_grace,
    is_requester,
)
from tickets.services.locking import lock_ticket
from tickets.services.naming_customers import follow_contact, follow_domain
from tickets.services.opening import open_within
from tickets.services.outgoing.outbox import SUBJECT_TAG, queue_mail
from tickets.services.participants import add_participants
from tickets.services.proposals import WantedProposal, propose
from tickets.services.status_and_priority import raise_priority
from tickets.services.tags import add_tags
from tickets.triage.rule_matching import RuleVerdict

# [P0], and 【P0 告警】 as Chinese monitoring writes it
_PRIORITY_TAG = re.compile(r"[\[【]\s*P([0-3])(?!\d)[^\]】]{0,20}[\]】]", re.IGNORECASE)
LONGEST_TITLE = 80


def receive_person(incoming: IncomingMail) -> IntakeOutcome:
    """Append the mail to its ticket if its sender may; otherwise open a ticket, linked to one that ended long ago."""
    return receive_words(incoming, incoming.sender, find_target(incoming, incoming.sender))


def receive_list_mail(incoming: IncomingMail) -> IntakeOutcome:
    """Accept mail through a list if its sender is known or takes part; a stranger's is parked."""
    sender = incoming.sender
    target = find_target(incoming, sender)
    if target is None and not sender.is_ours_or_a_customer_s:
        return IntakeOutcome(IntakeState.PARKED, _("A newsletter or mailing-list email."))
    return receive_words(incoming, sender, target)


def receive_words(incoming: IncomingMail, sender: Sender, target: ThreadTarget | None) -> IntakeOutcome:
    """Let words that count join their ticket, or open one."""
    if target is None:
        return _open_forwarded(incoming, sender) or open_new(incoming, sender)
    if _colleague(incoming, sender, target.ticket) is None and is_past_grace(
        target.ticket, incoming.received_at
    ):
        return open_new(incoming, sender, follows=None if target.is_unconfirmed else target.ticket)
    return _append(incoming, sender, target)


def open_new(incoming: IncomingMail, sender: Sender, *, follows: Ticket | None = None) -> IntakeOutcome:
    """Open a ticket for the sender, who becomes a contact, unless a rule holds the mail.

    In a flood a stranger's mail is parked instead, and a customer's mail with the same words joins their ticket.
    """
    verdict = verdict_on(incoming, sender)
    if verdict.parks is not None and not incoming.is_released:
        reason = _("Held by the rule “%(rule)s”.") % {"rule": verdict.parks.rule.name}
        return IntakeOutcome(IntakeState.PARKED, reason)
    flood = "" if incoming.is_released else flood_reason(sender)
    if flood:
        is_customers = sender.is_ours_or_a_customer_s
        tell_of_flood(incoming, flood, is_held=not is_customers)
        if not is_customers:
            return IntakeOutcome(IntakeState.PARKED, flood)
        same = ticket_of_same_words(incoming, sender)
        if same is not None:
            return replace(_append(incoming, sender, ThreadTarget(same, is_unconfirmed=False)), reason=flood)
    return replace(_open(incoming, sender, follows, verdict), reason=flood)


def _open(
    incoming: IncomingMail, sender: Sender, follows: Ticket | None, verdict: RuleVerdict
) -> IntakeOutcome:
    priority, proposal = _priority(incoming, sender, verdict)
    follow_domain(sender.contact, sender.customer, at=incoming.now)
    sender = hold_unknown(sender)
    sender = ensure_contact(
        sender, name=incoming.author.name, language=incoming.mail.language, at=incoming.now
    )
    contact, language = sender.contact, incoming.mail.language
    if contact is not None and (sender.customer is not None or contact.language):
        language = contact.preferred_language
    ticket = open_within(
        subject=shown_title(incoming),
        content=incoming.content(),
        received_at=incoming.received_at,
        at=incoming.now,
        priority=priority,
        customer=sender.customer,
        contact=contact,
        mailbox=incoming.mailbox,
        language=language,
        follows=follows,
        present=sender.manager,
        rules=verdict,
        proposal=proposal,
    )
    add_participants(ticket, copied_people(incoming), at=incoming.now)
    if sender.customer is None:
        _note_unknown_customer(incoming, sender, ticket)
    _report_cut_mail(incoming, ticket)
    return IntakeOutcome(IntakeState.PROCESSED, ticket=ticket, message=ticket.first_message)


def _open_forwarded(incoming: IncomingMail, sender: Sender) -> IntakeOutcome | None:
    """Open a ticket for the original sender of a mail that a verified colleague forwarded to the desk."""
    original = forwarded_sender(incoming.mail) if is_verified_staff(incoming, sender) else None
    if original is None or incoming.mailboxes.is_own(original.email):
        return None
    writer = find_sender(original.email, at=incoming.received_at, now=incoming.now)
    return open_new(replace(incoming, author=original), writer)


def _append(incoming: IncomingMail, sender: Sender, target: ThreadTarget) -> IntakeOutcome:
    """Append the mail under the ticket's lock, as the ticket may have been merged since we found it."""
    if not target.is_unconfirmed:
        follow_domain(sender.contact, sender.customer, at=incoming.now)
    ticket = end_of_merges(lock_ticket(target.ticket))
    colleague = _colleague(incoming, sender, ticket)
    if colleague is not None:
        return receive_from_colleague(incoming, sender, ticket, colleague)
    if not target.is_unconfirmed:
        sender = ensure_contact(
            sender, name=incoming.author.name, language=incoming.mail.language, at=incoming.now
        )
        if sender.contact is not None:
            follow_contact(ticket, sender.contact, at=incoming.now)
    message = add_customer_message(
        ticket=ticket,
        content=incoming.content(is_unconfirmed=target.is_unconfirmed),
        received_at=incoming.received_at,
        at=incoming.now,
        contact=sender.contact,
    )
    if not target.is_unconfirmed:
        add_participants(ticket, copied_people(incoming), at=incoming.now)
        apply_rules_to_answer(incoming, sender, message)
    _report_cut_mail(incoming, ticket)
    return IntakeOutcome(IntakeState.PROCESSED, ticket=ticket, message=message)


def _colleague(incoming: IncomingMail, sender: Sender, ticket: Ticket) -> User | None:
    """The colleague who wrote; None for whoever asked for the ticket, unless they answer a notification of ours."""
    if sender.staff is None or not is_requester(ticket, sender):
        return sender.staff
    return sender.staff if answers_notification(incoming, ticket, sender.staff) else None


def apply_rules_to_answer(incoming: IncomingMail, sender: Sender, message: Message) -> None:
    """In an open ticket a rule may only raise the priority and add tags: owner and scenario are people's by now.

    A mail that failed our own server's DMARC check raises nothing, so a proposal for it is only shown.
    """
    verdict, ticket = verdict_on(incoming, sender), message.ticket
    add_tags(ticket, verdict.tags, at=incoming.now)
    match = verdict.priority
    if match is None or _is_decided_by_sender(incoming, sender, ticket):
        return
    wanted = set_priority_of(match)
    proposal = wanted_proposal(incoming, sender, match, usual=ticket.priority, ticket=ticket)
    if proposal is not None:
        propose(ticket=ticket, message=message, wanted=proposal, at=incoming.now)
    elif wanted is not None and not has_failed(incoming.mail, incoming.mailbox):
        reason = _("Rule “%(rule)s”") % {"rule": match.rule.name}
        raise_priority(
            ticket=ticket, priority=wanted, at=max(incoming.received_at, ticket.opened_at), reason=reason
        )


def shown_title(incoming: IncomingMail) -> str:
    """The subject without our tag, or the first line of the text if there is no subject."""
    subject = storable_line(SUBJECT_TAG.sub("", incoming.mail.subject))
    first_line = next((line.strip() for line in incoming.mail.text.splitlines() if line.strip()), "")
    return subject or first_line[:LONGEST_TITLE]


def _priority(
    incoming: IncomingMail, sender: Sender, verdict: RuleVerdict
) -> tuple[int, WantedProposal | None]:
    """What the sender decides; else what a rule sets; else the mailbox's, with what a rule proposes instead.

    A rule raises no mail that failed our own server's DMARC check.
    """
    by_sender, usual = _priority_by_sender(incoming, sender), incoming.mailbox.default_priority
    if by_sender is not None:
        return by_sender, None
    by_rule = set_priority_of(verdict.priority)
    if by_rule is None:
        return usual, wanted_proposal(incoming, sender, verdict.priority, usual=usual)
    is_forged = has_failed(incoming.mail, incoming.mailbox)
    return (usual if is_forged and by_rule < usual else by_rule), None


def _priority_by_sender(incoming: IncomingMail, sender: Sender) -> Priority | None:
    """What a known contact of an active customer asks for ([P0] to [P3]), or the priority of its alarms."""
    is_trusted = sender.is_known and not has_failed(incoming.mail, incoming.mailbox)
    if not is_trusted or sender.customer is None or not sender.customer.is_active:
        return None
    asked = _PRIORITY_TAG.search(incoming.mail.subject)
    if asked:
        return Priority(int(asked[1]))
    of_alarms = sender.contact.alarm_priority if sender.contact is not None and _is_alarm(incoming) else None
    return None if of_alarms is None else Priority(of_alarms)


def _is_decided_by_sender(incoming: IncomingMail, sender: Sender, ticket: Ticket) -> bool:
    """True if an answer says its priority. A tag that it only repeats with the ticket's subject was said earlier."""
    said, repeated = (_PRIORITY_TAG.search(subject) for subject in (incoming.mail.subject, ticket.subject))
    if said and repeated and said[1] == repeated[1] and not _is_alarm(incoming):
        return False
    return _priority_by_sender(incoming, sender) is not None


def _is_alarm(incoming: IncomingMail) -> bool:
    return incoming.classification.kind is MailKind.AUTO_GENERATED or is_alarm_subject(incoming.mail.subject)


def _note_unknown_customer(incoming: IncomingMail, sender: Sender, ticket: Ticket) -> None:
    text = _(
        "No customer is known for %(address)s. Name the customer on this page, or add their email domain."
    )
    body = text % {"address": sender.address or _("an email without a sender")}
    add_note(ticket=ticket, actor=None, at=incoming.now, body=body)


def _report_cut_mail(incoming: IncomingMail, ticket: Ticket) -> None:
    """Note that only the head of a mail is here, and ask the sender of one that was too large to send it again.

    A machine is not asked. A mail that our mail server did not hand over whole is still in the mailbox, so it need
    not be sent again.
    """
    if incoming.row.size <= len(incoming.row.original):
        return
    if incoming.row.size <= settings.MAIL_MAX_BYTES:
        text = _(
            "The mail server did not hand over this email whole, so its text and files are not here. Read it in the "
            "mailbox, where it still is."
        )
        add_note(ticket=ticket, actor=None, at=incoming.now, body=text)
        return
    megabytes = max(1, round(incoming.row.size / 1_000_000))
    text = _("The email is too large (%(size)s MB): only its headers were kept, not its text and files.")
    add_note(ticket=ticket, actor=None, at=incoming.now, body=text % {"size": megabytes})
    if not incoming.classification.may_be_acknowledged or not incoming.author.email:
        return
    if not may_write_by_itself(ticket, at=incoming.now):
        return
    with translation.override(ticket.language):
        queue_mail(
            purpose=MailPurpose.ACKNOWLEDGEMENT,
            recipients=[incoming.reply_to or incoming.author.email],
            subject=_("Your email was too large: %(subject)s") % {"subject": ticket.subject},
            text=_too_large_text(ticket),
            at=incoming.now,
            ticket=ticket,
            in_reply_to=incoming.mail.message_id,
        )


def _too_large_text(ticket: Ticket) -> str:
    name = given_name(ticket.contact.name) if ticket.contact else ""
    return "\n\n".join(
        (
            _("Hello %(name)s,") % {"name": name} if name else _("Hello,"),
            _(
                "Your email was too large, so only its subject reached us. Please reply to this email and send it "
                "again with smaller files, or with a link to them."
            ),
            _("Regards,\n%(desk)s") % {"desk": desk_name()},
        )
    )

"""Mail from before the mailbox began: it becomes closed tickets. Nothing is promised, and nobody is written to."""

from __future__ import annotations

from django.utils.translation import gettext as _

from tickets.choices import Channel, IntakeState
from tickets.mail.classify import MailKind
from tickets.services.conversation import store_customer_message
from tickets.services.intake.human_mail import shown_title
from tickets.services.intake.incoming_mail import IncomingMail, IntakeOutcome
from tickets.services.intake.senders import ensure_contact
from tickets.services.intake.ticket_matching import end_of_merges, find_target
from tickets.services.locking import lock_ticket
from tickets.services.opening import open_past_ticket


def receive_history(incoming: IncomingMail) -> IntakeOutcome:
    """Keep the words of customers, in their tickets as far as threads tell; other mail stays in the list of mail."""
    sender = incoming.sender
    is_words = incoming.classification.kind in (MailKind.PERSON, MailKind.AUTO_GENERATED)
    is_list = incoming.classification.kind is MailKind.LIST and sender.is_ours_or_a_customer_s
    if not (is_words or is_list):
        return IntakeOutcome(IntakeState.PROCESSED, _("Imported; no words of a customer."))
    sender = ensure_contact(
        sender, name=incoming.author.name, language=incoming.mail.language, at=incoming.received_at
    )
    target = find_target(incoming, sender)
    if target is None or target.is_unconfirmed:
        ticket = open_past_ticket(
            subject=shown_title(incoming),
            content=incoming.content(),
            received_at=incoming.received_at,
            at=incoming.now,
            priority=incoming.mailbox.default_priority,
            customer=sender.customer,
            contact=sender.contact,
            mailbox=incoming.mailbox,
            language=incoming.mail.language,
        )
        return IntakeOutcome(IntakeState.PROCESSED, _("Imported."), ticket, ticket.first_message)
    ticket = end_of_merges(lock_ticket(target.ticket))
    message = store_customer_message(
        ticket,
        incoming.content(),
        received_at=incoming.received_at,
        at=incoming.now,
        contact=sender.contact,
        channel=Channel.EMAIL,
        actor=None,
    )
    return IntakeOutcome(IntakeState.PROCESSED, _("Imported."), ticket=ticket, message=message)

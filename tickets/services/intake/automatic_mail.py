"""Mail that a machine wrote.

Automatic replies are kept on their ticket without effect. Alarms and the words that a customer's own ticket tool
sends count.
"""

from django.utils.translation import gettext as _

from tickets.choices import IntakeState, MessageKind
from tickets.mail.machine_signs import is_alarm_subject
from tickets.mail.shapes import alarm_shape, mail_shape
from tickets.mail.threading import signing_keys, thread_clues
from tickets.models import Message, Ticket
from tickets.services.conversation import add_automatic_message
from tickets.services.intake.human_mail import open_new, receive_words
from tickets.services.intake.incoming_mail import IncomingMail, IntakeOutcome
from tickets.services.intake.senders import Sender
from tickets.services.intake.ticket_matching import find_target

# A new alarm is compared with at most this many of the sender's open tickets.
MOST_COMPARED = 100


def receive_automatic_reply(incoming: IncomingMail) -> IntakeOutcome:
    sender = incoming.sender
    target = find_target(incoming, sender)
    if target is None:
        return IntakeOutcome(IntakeState.PARKED, _("An automatic reply that belongs to no ticket."))
    return _keep_on_ticket(incoming, sender, target.ticket)


def receive_generated(incoming: IncomingMail) -> IntakeOutcome:
    """Words that answer us join their ticket as a person's would.

    The same alarm again is kept on its open ticket without effect; once that ticket is done, an alarm opens a new
    one, linked to it.
    """
    sender = incoming.sender
    target = find_target(incoming, sender)
    if target is not None and _answers_us(incoming):
        return receive_words(incoming, sender, target)
    same = _open_ticket_of_same_alarm(incoming, sender)
    if same is not None:
        return _keep_on_ticket(incoming, sender, same)
    if target is None or target.ticket.is_active or not is_alarm_subject(incoming.mail.subject):
        return receive_words(incoming, sender, target)
    return open_new(incoming, sender, follows=None if target.is_unconfirmed else target.ticket)


def _answers_us(incoming: IncomingMail) -> bool:
    """True if the mail carries something that the desk wrote: its reply address, Message-ID or number."""
    clues = thread_clues(incoming.mail, secrets=signing_keys(), envelope_to=incoming.row.envelope_to)
    named = clues.reply_tokens or clues.own_ids or clues.subject_numbers
    return incoming.bounce_tag is not None or bool(named)


def _keep_on_ticket(incoming: IncomingMail, sender: Sender, ticket: Ticket) -> IntakeOutcome:
    message = add_automatic_message(
        ticket=ticket,
        content=incoming.content(),
        received_at=incoming.received_at,
        at=incoming.now,
        contact=sender.contact,
    )
    return IntakeOutcome(IntakeState.PROCESSED, ticket=ticket, message=message)


def _open_ticket_of_same_alarm(incoming: IncomingMail, sender: Sender) -> Ticket | None:
    """The sender's open ticket with the same alarm or, if the subject is not an alarm's, with the same mail."""
    if sender.contact is None:
        return None
    first = Message.objects.filter(
        ticket__in=Ticket.objects.active().filter(contact=sender.contact),
        kind=MessageKind.INBOUND,
        is_automatic=True,
    )
    recent = first.select_related("ticket").defer("html", "quoted").order_by("-at", "-pk")[:MOST_COMPARED]
    return next((message.ticket for message in recent if _is_same(incoming, message)), None)


def _is_same(incoming: IncomingMail, message: Message) -> bool:
    subject, earlier = incoming.mail.subject, message.ticket.subject
    if is_alarm_subject(subject):
        return alarm_shape(subject) == alarm_shape(earlier)
    return mail_shape(subject, incoming.mail.new_text) == mail_shape(earlier, message.body)

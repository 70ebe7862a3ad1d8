"""Mail that a machine wrote: automatic replies are kept on their ticket, alarms open tickets."""

from django.utils.translation import gettext as _

from tickets.choices import IntakeState, MessageKind
from tickets.mail.threading import normalised_subject
from tickets.models import Ticket
from tickets.services.conversation import add_automatic_message
from tickets.services.intake.human_mail import open_new
from tickets.services.intake.incoming_mail import IncomingMail, IntakeOutcome
from tickets.services.intake.senders import Sender, find_sender
from tickets.services.intake.ticket_matching import find_target

# So many of a sender's open tickets are compared with a new alarm.
MOST_COMPARED = 100


def receive_automatic_reply(incoming: IncomingMail) -> IntakeOutcome:
    sender = find_sender(incoming.author.email, at=incoming.received_at)
    target = find_target(incoming, sender)
    if target is None:
        return IntakeOutcome(IntakeState.PARKED, _("An automatic reply that belongs to no ticket."))
    return _keep_on_ticket(incoming, sender, target.ticket)


def receive_alarm(incoming: IncomingMail) -> IntakeOutcome:
    """Keep an alarm on the open ticket of its thread or of the same alarm; any other alarm opens a ticket."""
    sender = find_sender(incoming.author.email, at=incoming.received_at)
    target = find_target(incoming, sender)
    if target is not None and target.ticket.is_active:
        return _keep_on_ticket(incoming, sender, target.ticket)
    same = _open_ticket_of_same_alarm(incoming, sender)
    if same is not None:
        return _keep_on_ticket(incoming, sender, same)
    follows = target.ticket if target is not None and not target.is_unconfirmed else None
    return open_new(incoming, sender, follows=follows)


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
    """The sender's open ticket with the same subject, if a machine opened it too."""
    if sender.contact is None:
        return None
    wanted = normalised_subject(incoming.mail.subject)
    candidates = Ticket.objects.active().filter(
        contact=sender.contact, messages__is_automatic=True, messages__kind=MessageKind.INBOUND
    )
    recent = candidates.distinct().order_by("-opened_at")[:MOST_COMPARED]
    return next((ticket for ticket in recent if normalised_subject(ticket.subject) == wanted), None)

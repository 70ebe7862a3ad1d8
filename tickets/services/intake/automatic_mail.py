"""What a machine wrote: automatic answers are kept small, alarms open tickets, newsletters and loops are parked."""

from django.utils.translation import gettext as _

from tickets.choices import MessageKind
from tickets.mail.threading import normalised_subject
from tickets.models import Ticket
from tickets.services.conversation import add_automatic_message
from tickets.services.intake.human_mail import open_new
from tickets.services.intake.incoming_mail import IncomingMail, IntakeOutcome
from tickets.services.intake.senders import Sender, find_sender
from tickets.services.intake.ticket_matching import find_target

# So many of a sender's open tickets are compared with a new alarm.
MOST_COMPARED = 100


def receive_automatic_reply(arrival: IncomingMail) -> IntakeOutcome:
    writer = find_sender(arrival.sender_address, at=arrival.received_at)
    target = find_target(arrival, writer)
    if target is None:
        return IntakeOutcome.parked(_("An automatic answer that belongs to no ticket."))
    return _kept_small(arrival, writer, target.ticket)


def receive_alarm(arrival: IncomingMail) -> IntakeOutcome:
    """An alarm of an open thread, or the same alarm once more, joins its ticket; another one opens a ticket."""
    writer = find_sender(arrival.sender_address, at=arrival.received_at)
    target = find_target(arrival, writer)
    if target is not None and target.ticket.is_active:
        return _kept_small(arrival, writer, target.ticket)
    same = _open_ticket_of_same_alarm(arrival, writer)
    if same is not None:
        return _kept_small(arrival, writer, same)
    follows = target.ticket if target is not None and not target.is_unconfirmed else None
    return open_new(arrival, writer, follows=follows)


def park_bulk(_arrival: IncomingMail) -> IntakeOutcome:
    return IntakeOutcome.parked(_("A newsletter or a mail of a list."))


def park_loop(_arrival: IncomingMail) -> IntakeOutcome:
    return IntakeOutcome.parked(_("Our own mail came back."))


def _kept_small(arrival: IncomingMail, writer: Sender, ticket: Ticket) -> IntakeOutcome:
    message = add_automatic_message(
        ticket=ticket,
        words=arrival.words(),
        received_at=arrival.received_at,
        at=arrival.now,
        contact=writer.contact,
    )
    return IntakeOutcome.kept(ticket, message)


def _open_ticket_of_same_alarm(arrival: IncomingMail, writer: Sender) -> Ticket | None:
    """The sender's open ticket about the same alarm, opened by a machine as well."""
    if writer.contact is None:
        return None
    wanted = normalised_subject(arrival.mail.subject)
    candidates = Ticket.objects.active().filter(
        contact=writer.contact, messages__is_automatic=True, messages__kind=MessageKind.INBOUND
    )
    recent = candidates.distinct().order_by("-opened_at")[:MOST_COMPARED]
    return next((ticket for ticket in recent if normalised_subject(ticket.subject) == wanted), None)

"""The handover summary: what a new owner must know, as an internal note."""

from datetime import datetime

from django.utils.translation import gettext as _

from escalation.models import Clock, Escalation
from escalation.services.notices import as_read_by, moment, person_name, reader_of
from tickets.models import Message
from tickets.services.conversation import note_down

LAST_WORDS = 600  # characters of the customer's last message that the summary repeats


def write_handover(clock: Clock, escalation: Escalation, *, at: datetime) -> Message:
    """Write the note in the new owner's language; the caller holds the ticket's lock."""
    to_owner = escalation.to_owner or escalation.from_owner
    with as_read_by(*reader_of(to_owner)):
        body = "\n".join(_lines(clock, escalation))
    return note_down(clock.ticket, actor=None, at=at, body=body)


def _lines(clock: Clock, escalation: Escalation) -> list[str]:
    ticket = clock.ticket
    names = {
        "before": person_name(escalation.from_owner),
        "after": person_name(escalation.to_owner or escalation.from_owner),
    }
    lines = [
        _("Escalated from %(before)s to %(after)s.") % names,
        _("Customer: %(name)s") % {"name": ticket.customer.name if ticket.customer else _("unknown company")},
        _("Received: %(time)s") % {"time": moment(clock.started_at)},
        _("Due: %(time)s") % {"time": moment(clock.due_at)},
    ]
    question = ticket.messages.questions().order_by("-at", "-pk").values_list("body", flat=True).first()
    if question:
        lines += ["", _("The customer's last words:"), question[:LAST_WORDS]]
    return lines

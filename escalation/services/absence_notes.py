"""The handover summary of a ticket that moves because of an absence, and the promise it speaks of."""

from datetime import datetime

from django.contrib.auth.models import User

from escalation.models import Clock
from escalation.services.clocks import newest, open_clocks
from escalation.services.handover import Move, handover_facts
from escalation.services.handover_text import HandoverCause, handover_text
from tickets.models import Ticket
from tickets.services.conversation import note_down_all


def owed_clock(ticket: Ticket) -> Clock | None:
    """The promise that falls due first; of a ticket without an open one the newest."""
    return next(iter(open_clocks(ticket)), None) or newest(ticket)


def write_note(
    ticket: Ticket, clock: Clock | None, *, before: User, cause: HandoverCause, at: datetime
) -> None:
    """Under the ticket's lock, once it has its new owner; a ticket that never had a promise has nothing to sum up."""
    if clock is None:
        return
    clock.ticket = ticket
    [facts] = handover_facts([Move(clock, before, ticket.owner, cause)], at=at)
    note_down_all([(ticket, handover_text(facts))], at=at)

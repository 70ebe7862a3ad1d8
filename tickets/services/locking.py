"""The ticket row is the lock: whoever changes a ticket, its messages or its clocks takes it first."""

from tickets.models import Ticket


def locked(ticket: Ticket) -> Ticket:
    """The ticket as the database has it now, locked until the transaction ends. Needs a transaction."""
    return Ticket.objects.select_for_update().get(pk=ticket.pk)

"""The ticket row is the lock: take it before you change a ticket, its messages or its clocks."""

from collections.abc import Collection

from django.db import connection

from tickets.models import InboundEmail, Message, OutboundEmail, Ticket


def lock_ticket(ticket: Ticket) -> Ticket:
    """The current row of the ticket, locked until the transaction ends. Needs a transaction."""
    return Ticket.objects.select_for_update().get(pk=ticket.pk)


def lock_ticket_with_people(ticket: Ticket) -> Ticket:
    """Like lock_ticket, with contact and customer, which stay unlocked."""
    rows = Ticket.objects.select_for_update(of=("self",)).select_related("customer", "contact__customer")
    return rows.get(pk=ticket.pk)


def lock_ticket_of(message: Message, *fields: str) -> Ticket:
    """Lock the ticket of a message, wherever a merge has moved it, and read these fields of the message again."""
    while True:
        ticket = lock_ticket(message.ticket)
        message.refresh_from_db(fields=["ticket", *fields])
        if message.ticket_id == ticket.pk:
            message.ticket = ticket
            return ticket


def lock_mails_of(ticket: int) -> None:
    """Lock the rows of mail of a ticket, given by its key. Whoever changes them takes them before the ticket.

    Intake and delivery have a mail first and find its ticket later; in another order they would wait for each other.
    """
    for rows in (InboundEmail.objects, OutboundEmail.objects):
        list(rows.filter(ticket=ticket).select_for_update().order_by("pk").values_list("pk"))


def lock_ticket_unless_busy(pk: int) -> Ticket | None:
    """Like lock_ticket, with owner and customer; None while the row is locked elsewhere. For tasks that run again."""
    skip = connection.features.has_select_for_update_skip_locked
    rows = Ticket.objects.select_for_update(skip_locked=skip, of=("self",) if skip else ())
    return rows.select_related("customer", "owner__staff_profile").filter(pk=pk).first()


def lock_tickets_unless_busy(pks: Collection[int]) -> dict[int, Ticket]:
    """Like lock_ticket_unless_busy for many tickets, by key. Shared customers and owners are loaded once."""
    skip = connection.features.has_select_for_update_skip_locked
    rows = Ticket.objects.select_for_update(skip_locked=skip)
    return rows.prefetch_related("customer", "owner__staff_profile").order_by("pk").in_bulk(pks)

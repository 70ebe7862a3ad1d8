"""The ticket row is the lock: whoever changes a ticket, its messages or its clocks takes it first."""

from collections.abc import Collection

from django.db import connection

from tickets.models import Ticket


def lock_ticket(ticket: Ticket) -> Ticket:
    """The ticket as the database has it now, locked until the transaction ends. Needs a transaction."""
    return Ticket.objects.select_for_update().get(pk=ticket.pk)


def lock_ticket_unless_busy(pk: int) -> Ticket | None:
    """As locked, with owner and customer; None while somebody else holds the row, for tasks that come again."""
    skip = connection.features.has_select_for_update_skip_locked
    rows = Ticket.objects.select_for_update(skip_locked=skip, of=("self",) if skip else ())
    return rows.select_related("customer", "owner__staff_profile").filter(pk=pk).first()


def lock_tickets_unless_busy(pks: Collection[int]) -> dict[int, Ticket]:
    """As locked_unless_busy for many, by key, with profiles of the owners. What they share is read and made once."""
    skip = connection.features.has_select_for_update_skip_locked
    rows = Ticket.objects.select_for_update(skip_locked=skip)
    return rows.prefetch_related("customer", "owner__staff_profile").order_by("pk").in_bulk(pks)

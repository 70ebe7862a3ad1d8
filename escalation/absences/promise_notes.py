"""The promises that tickets are about when they move because of an absence."""

from collections.abc import Collection, Iterable

from django.db.models import OuterRef, Subquery

from escalation.models import Clock
from tickets.models import Ticket


def owed_clocks(tickets: Iterable[Ticket]) -> dict[int, Clock]:
    """By ticket the promise that falls due first; of one without an open promise the newest. Two queries at most."""
    by_key = {ticket.pk: ticket for ticket in tickets}
    found: dict[int, Clock] = {}
    for clock in Clock.objects.open().filter(ticket__in=by_key).order_by("due_at", "pk"):
        found.setdefault(clock.ticket_id, clock)
    if settled := by_key.keys() - found.keys():
        found |= {clock.ticket_id: clock for clock in _newest(settled)}
    for clock in found.values():
        clock.ticket = by_key[clock.ticket_id]
    return found


def _newest(tickets: Collection[int]) -> Iterable[Clock]:
    started = Clock.objects.filter(ticket=OuterRef("pk")).order_by("-started_at", "-pk")
    last = Ticket.objects.filter(pk__in=tickets).values_list(Subquery(started.values("pk")[:1]))
    return Clock.objects.filter(pk__in=last)

"""Puts tags on tickets and takes them off."""

from collections.abc import Iterable
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from tickets.choices import Fact
from tickets.models import Ticket, TicketTag
from tickets.services.locking import lock_ticket
from tickets.services.timeline import record
from tickets.tag_names import MOST_TAGS


@transaction.atomic
def set_tags(*, ticket: Ticket, names: Iterable[str], actor: User, at: datetime) -> Ticket:
    """Give the ticket exactly these tags (as tag_names reads them); the same ones change nothing. Locks the ticket."""
    ticket = lock_ticket(ticket)
    before, after = _names_of(ticket), sorted(set(names))
    if before == after:
        return ticket
    ticket.tags.exclude(name__in=after).delete()
    TicketTag.objects.bulk_create(TicketTag(ticket=ticket, name=name) for name in after if name not in before)
    record(ticket, Fact.TAGS, at=at, actor=actor, before=before, after=after)
    return ticket


def add_tags(ticket: Ticket, names: Iterable[str], *, at: datetime, is_new: bool = False) -> None:
    """Add tags without a person's decision, as email rules and merges do. Needs the ticket's lock.

    A ticket that ``is_new`` has none yet. Tags beyond MOST_TAGS are left out.
    """
    given = list(dict.fromkeys(names))
    before = [] if is_new or not given else _names_of(ticket)
    wanted = [name for name in given if name not in before]
    added = wanted[: max(MOST_TAGS - len(before), 0)]
    if not added:
        return
    TicketTag.objects.bulk_create(TicketTag(ticket=ticket, name=name) for name in added)
    record(ticket, Fact.TAGS, at=at, actor=None, before=before, after=sorted({*before, *added}))


def _names_of(ticket: Ticket) -> list[str]:
    return sorted(ticket.tags.values_list("name", flat=True))

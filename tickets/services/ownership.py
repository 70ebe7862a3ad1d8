"""Changes the owner of a ticket. A ticket always has one."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from customers.access import works_here
from customers.names import name_of
from tickets.choices import Fact, OwnerRule
from tickets.errors import DeskError
from tickets.events import TicketAssigned, publish_all
from tickets.lib.bulk_insert import NewRow
from tickets.models import Ticket, TimelineEntry
from tickets.services.locking import lock_ticket
from tickets.services.timeline import record_all, timeline_row


@transaction.atomic
def assign(
    *,
    ticket: Ticket,
    to: User,
    actor: User | None,
    at: datetime,
    rule: OwnerRule = OwnerRule.BY_HAND,
    reason: str = "",
) -> Ticket:
    """Give the ticket to a colleague who can open it, and note the rule on the timeline. Locks it. Raises DeskError."""
    ticket = lock_ticket(ticket)
    hand_over(ticket, to, actor=actor, at=at, rule=rule, reason=reason)
    return ticket


def hand_over(
    ticket: Ticket, to: User, *, actor: User | None, at: datetime, rule: OwnerRule, reason: str
) -> None:
    """Like `assign`, on a ticket that the caller has locked. Changes nothing if they own it already."""
    hand_over_all([OwnerChange(ticket, to, reason)], actor=actor, at=at, rule=rule)


@dataclass(frozen=True)
class OwnerChange:
    """A ticket, locked by the caller, on its way to another owner."""

    ticket: Ticket
    to: User
    reason: str = ""


def hand_over_all(moves: Sequence[OwnerChange], *, actor: User | None, at: datetime, rule: OwnerRule) -> None:
    """`hand_over` for many tickets, with one query for each new owner. If one is refused (DeskError), all are."""
    real = [move for move in moves if move.ticket.owner_id != move.to.pk]
    events = [
        TicketAssigned(move.ticket, at, actor, move.ticket.owner, move.to, rule.value, move.reason)
        for move in real
    ]
    by_owner: defaultdict[User, list[Ticket]] = defaultdict(list)
    for move in real:
        _refuse_who_left(move.to)
        move.ticket.owner, move.ticket.updated_at = move.to, at
        by_owner[move.to].append(move.ticket)
    for owner, tickets in by_owner.items():
        Ticket.objects.filter(pk__in=[ticket.pk for ticket in tickets]).update(owner=owner, updated_at=at)
    record_all([_timeline_row(event) for event in events])
    publish_all(events)


def _refuse_who_left(user: User) -> None:
    if not (user.is_active and user.is_staff):
        raise DeskError(
            _("%(name)s no longer works at the desk. Choose somebody else.") % {"name": user.get_username()}
        )
    if not works_here(user):
        raise DeskError(_("%(name)s cannot open tickets. Choose somebody else.") % {"name": name_of(user)})


def _timeline_row(event: TicketAssigned) -> NewRow[TimelineEntry]:
    return timeline_row(
        event.ticket,
        Fact.OWNER,
        at=event.at,
        actor=event.actor,
        reason=event.reason,
        before=event.before.pk,
        after=event.after.pk,
        rule=event.rule,
    )

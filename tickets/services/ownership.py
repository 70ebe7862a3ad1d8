"""Who owns a ticket. It always has an owner."""

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from tickets.choices import Fact, OwnerRule
from tickets.errors import DeskError
from tickets.events import TicketAssigned, publish
from tickets.models import Ticket
from tickets.services.locking import locked
from tickets.services.timeline import record


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
    """Give the ticket to somebody active on the staff, else DeskError; the rule stands on the timeline. Locks it."""
    ticket = locked(ticket)
    hand_over(ticket, to, actor=actor, at=at, rule=rule, reason=reason)
    return ticket


def hand_over(
    ticket: Ticket, to: User, *, actor: User | None, at: datetime, rule: OwnerRule, reason: str
) -> None:
    """As assign, on a ticket that the caller has locked; the owner it has already changes nothing."""
    before = ticket.owner
    if before == to:
        return
    if not (to.is_active and to.is_staff):
        raise DeskError(
            _("%(name)s does not work at the desk any more. Choose somebody else.")
            % {"name": to.get_username()}
        )
    ticket.owner = to
    ticket.updated_at = at
    ticket.save(update_fields=["owner", "updated_at"])
    record(
        ticket, Fact.OWNER, at=at, actor=actor, reason=reason, before=before.pk, after=to.pk, rule=rule.value
    )
    publish(
        TicketAssigned(
            ticket=ticket, at=at, actor=actor, before=before, after=to, rule=rule.value, reason=reason
        )
    )

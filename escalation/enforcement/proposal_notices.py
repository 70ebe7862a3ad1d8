"""Who hears of a proposed priority that does not page: the owner, or whoever was paged for the customer."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, When
from django.utils.translation import gettext as _

from customers.access import mark_as_working, who_work_here
from escalation.choices import NoticeKind, NotificationState
from escalation.models import Clock, Notification
from escalation.notifications.wording import Notice
from escalation.notifications.writing import nudge_dispatch, tell
from tickets.choices import OwnerRule, ProposalReach
from tickets.models import Proposal, Ticket
from tickets.services.ownership import hand_over
from tickets.services.proposals import DIGEST_WINDOW

# What a digest waits for: whoever reports an outage twice does so within minutes.
COLLECTED_FOR = timedelta(minutes=5)


def tell_the_owner(proposal: Proposal, *, at: datetime) -> None:
    """Tell them about an unknown writer's mail, once in an hour for each writer.

    The intake owner has such a ticket, or who stands in for them. Others could not open it.
    """
    ticket, owner = proposal.ticket, proposal.ticket.owner
    told = Notification.objects.filter(
        kind=NoticeKind.PROPOSED, ticket__contact=ticket.contact_id, created_at__gt=at - DIGEST_WINDOW
    )
    if ticket.contact_id is not None and told.exists():
        return
    if owner.is_active:
        tell(owner, Notice(NoticeKind.PROPOSED, ticket, detail=", ".join(proposal.words)), at=at)


def join_digest(clock: Clock, proposal: Proposal, *, at: datetime) -> None:
    """Give the ticket to whoever has the one that paged, and add it to the digest that they get in some minutes.

    Needs the ticket's lock, with ``clock.ticket`` being the locked ticket.
    """
    ticket, paged = clock.ticket, _paged_ticket(proposal)
    if paged is not None:
        reason = _("The customer has another P0: %(number)s.") % {"number": paged.number}
        hand_over(ticket, paged.owner, actor=None, at=at, rule=OwnerRule.ON_DUTY, reason=reason)
    waiting = Notification.objects.select_for_update().filter(
        kind=NoticeKind.MORE_PROPOSED,
        ticket__customer=ticket.customer_id,
        recipient=ticket.owner,
        state=NotificationState.PENDING,
        created_at__gt=at - COLLECTED_FOR,
    )
    digest = waiting.order_by("pk").first()
    line = f"{ticket.number} {ticket.subject}"
    if digest is not None:
        digest.detail = f"{digest.detail}\n{line}"
        digest.save(update_fields=["detail"])
        return
    row = tell(ticket.owner, Notice(NoticeKind.MORE_PROPOSED, ticket, clock, detail=line), at=at)
    row.next_try_at = at + COLLECTED_FOR
    row.save(update_fields=["next_try_at"])
    nudge_dispatch()


def _paged_ticket(proposal: Proposal) -> Ticket | None:
    """The newest ticket that paged; None if there is none, or if its owner can no longer open tickets."""
    paged = Proposal.objects.filter(
        ticket__customer=proposal.ticket.customer_id,
        reach=ProposalReach.PAGES,
        since__gt=proposal.since - DIGEST_WINDOW,
        since__lte=proposal.since,
    )
    works = Case(When(who_work_here("ticket__owner__"), then=True), default=False)
    real = paged.exclude(is_confirmed=False).select_related("ticket__owner").annotate(owner_works=works)
    newest: Any = real.order_by("-since", "-pk").first()
    if newest is None or not newest.owner_works:
        return None
    ticket: Ticket = newest.ticket
    mark_as_working(ticket.owner)
    return ticket

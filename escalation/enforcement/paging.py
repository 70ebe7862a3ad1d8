"""Gives a new P0 to the person on duty, and tells the account manager."""

from datetime import datetime

from escalation.choices import NoticeKind
from escalation.enforcement.firing import LOUD, fire_opening
from escalation.models import Clock
from escalation.notifications.wording import Notice
from escalation.notifications.writing import tell
from escalation.people.staff_snapshot import People
from tickets.choices import OwnerRule
from tickets.services.ownership import hand_over


def page_duty(clock: Clock, *, at: datetime) -> None:
    """Fire the step at the start of the chain; this pages even if no promise is open at the moment.

    The clock's terms name the chain and the rota. Needs the ticket's lock, with ``clock.ticket`` being the locked
    ticket.
    """
    if clock.is_open:
        fire_opening(clock, at=at)
    else:
        _page_without_a_promise(clock, at)


def _page_without_a_promise(clock: Clock, at: datetime) -> None:
    people, ticket = People.at(at), clock.ticket
    on_now = people.on_duty(clock.policy_version.policy.duty_rota)
    duty = people.user(people.staff.stand_in(on_now)) if on_now is not None else None
    if duty is not None:
        hand_over(ticket, duty, actor=None, at=at, rule=OwnerRule.ON_DUTY, reason="")
    customer = ticket.customer
    notified = [ticket.owner.pk, customer.account_manager_id if customer else None]
    if duty is None:
        notified.append(people.duty_manager)
    notice = Notice(NoticeKind.PAGED, ticket, None, ticket.owner)
    for user in dict.fromkeys(user for pk in notified for user in people.to_tell(pk)):
        tell(user, notice, at=at, channels=LOUD)

"""A P0 goes to the person on duty the moment it is known to be one; the account manager is told."""

from datetime import datetime

from django.contrib.auth.models import User

from escalation.choices import NoticeKind
from escalation.models import Clock
from escalation.services.duty import on_duty
from escalation.services.notices import Notice
from escalation.services.notify import tell
from escalation.services.people import People
from tickets.choices import OwnerRule
from tickets.services.ownership import hand_over


def page_duty(clock: Clock, *, at: datetime) -> None:
    """Assign the ticket to the person on duty and page them; with nobody on duty the duty manager is paged too.

    The clock's terms name the rota. Needs the ticket's lock, with ``clock.ticket`` being the locked ticket.
    """
    people, ticket = People.at(at), clock.ticket
    duty = _present(on_duty(rota=clock.policy_version.policy.duty_rota, at=at), people)
    if duty is not None:
        hand_over(ticket, duty, actor=None, at=at, rule=OwnerRule.ON_DUTY, reason="")
    customer = ticket.customer
    told = [ticket.owner.pk, customer.account_manager_id if customer else None]
    if duty is None:
        told.append(people.duty_manager)
    notice = Notice(NoticeKind.PAGED, ticket, clock if clock.is_open else None, ticket.owner)
    for user in dict.fromkeys(user for pk in told for user in people.to_tell(pk)):
        tell(user, notice, at=at)


def _present(user: User | None, people: People) -> User | None:
    """The person on duty or who stands in for them."""
    return people.user(people.staff.stand_in(user.pk)) if user is not None else None

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

    Needs the ticket's lock, with ``clock.ticket`` being the locked ticket.
    """
    people = People.at(at)
    ticket, account_manager = clock.ticket, _account_manager(clock, people)
    duty = _reachable(on_duty(rota=clock.policy_version.policy.duty_rota, at=at), people)
    if duty is not None:
        hand_over(ticket, duty, actor=None, at=at, rule=OwnerRule.ON_DUTY, reason="")
    duty_manager = people.users.get(people.duty_manager) if people.duty_manager and duty is None else None
    notice = Notice(NoticeKind.PAGED, ticket, clock, ticket.owner)
    paged = {user.pk: user for user in (ticket.owner, account_manager, duty_manager) if user is not None}
    for user in paged.values():
        tell(user, notice, at=at)


def _reachable(user: User | None, people: People) -> User | None:
    stand_in = people.staff.stand_in(user.pk) if user is not None else None
    return people.users.get(stand_in) if stand_in is not None else None


def _account_manager(clock: Clock, people: People) -> User | None:
    customer = clock.ticket.customer
    pk = customer.account_manager_id if customer else None
    return people.users.get(pk) if pk else None

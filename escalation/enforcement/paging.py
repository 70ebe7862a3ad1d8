"""Gives a P0 to the person on duty and tells the account manager; tells who is to answer when a customer is named."""

from datetime import datetime

from escalation.choices import ClockKind, NoticeKind
from escalation.clocks.lifecycle import open_response_clocks
from escalation.enforcement.firing import LOUD, fire_opening
from escalation.models import Clock
from escalation.notifications.wording import Notice
from escalation.notifications.writing import tell
from escalation.people.staff_snapshot import People
from tickets.choices import OwnerRule, Priority
from tickets.events import CustomerNamed
from tickets.models import Ticket
from tickets.services.ownership import hand_over


def page_duty(clock: Clock, *, at: datetime) -> None:
    """Fire the step at the start of the chain; this pages even if the promise is no longer open or has no such step.

    The clock's terms name the chain and the rota. Needs the ticket's lock, with ``clock.ticket`` being the locked
    ticket.
    """
    if clock.is_open and clock.kind == ClockKind.FIRST_RESPONSE:
        fire_opening(clock, at=at)
    else:
        _page_without_a_step(clock, at)


def rota_of(ticket: Ticket) -> int | None:
    """The key of the rota that answers for the customer's question; None without one, or if nothing is owed."""
    waiting = open_response_clocks(ticket)
    return waiting[0].policy_version.policy.duty_rota_id if waiting else None


def tell_of_customer(event: CustomerNamed, *, rota_before: int | None) -> None:
    """Page whom the named customer's contract names for a P0, and tell the account manager; tell the owner of a P1.

    Nobody is told of a ticket that is answered, nor of what they did themselves. Needs the ticket's lock.
    """
    waiting = open_response_clocks(event.ticket)
    if not waiting:
        return
    clock, ticket = waiting[0], event.ticket
    match clock.priority:
        case Priority.P0:
            _page_of_customer(clock, event, rota_before)
        case Priority.P1 if ticket.owner not in (event.owner_before, event.actor):
            tell(ticket.owner, Notice(NoticeKind.NEW_TICKET, ticket, clock), at=event.at)


def _page_of_customer(clock: Clock, event: CustomerNamed, rota_before: int | None) -> None:
    if fire_opening(clock, at=event.at) is not None:
        return
    if clock.policy_version.policy.duty_rota_id != rota_before:
        _page_without_a_step(clock, event.at)
        return
    ticket, people = event.ticket, People.at(event.at)
    manager = ticket.customer.account_manager_id if ticket.customer is not None else None
    for user in people.to_tell(manager):
        if user not in (event.actor, event.owner_before):
            tell(user, Notice(NoticeKind.PAGED, ticket, clock, ticket.owner), at=event.at, channels=LOUD)


def _page_without_a_step(clock: Clock, at: datetime) -> None:
    people, ticket = People.at(at), clock.ticket
    on_now = people.on_duty(clock.policy_version.policy.duty_rota)
    duty = people.user(people.staff.stand_in(on_now)) if on_now is not None else None
    if duty is not None:
        hand_over(ticket, duty, actor=None, at=at, rule=OwnerRule.ON_DUTY, reason="")
    customer = ticket.customer
    notified = [ticket.owner.pk, customer.account_manager_id if customer else None]
    if duty is None:
        notified.append(people.duty_manager)
    notice = Notice(NoticeKind.PAGED, ticket, clock if clock.is_open else None, ticket.owner)
    for user in dict.fromkeys(user for pk in notified for user in people.to_tell(pk)):
        tell(user, notice, at=at, channels=LOUD)

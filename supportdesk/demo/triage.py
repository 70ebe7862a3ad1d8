"""Acts of staff other than answers: handing a ticket over, or raising or lowering its priority, with a reason."""

from collections.abc import Callable
from datetime import datetime
from random import Random

from django.contrib.auth.models import User

from escalation.models import Clock
from supportdesk.demo import reply_delays
from supportdesk.demo.agenda import Agenda
from supportdesk.demo.wording import Wording
from tickets.choices import Priority
from tickets.models import Ticket
from tickets.services.ownership import assign
from tickets.services.status_and_priority import change_priority

HANDED_OVER, RAISED, LOWERED = 0.06, 0.07, 0.04


def maybe_triage(agenda: Agenda, ticket: Ticket, wording: Wording, *, at: datetime) -> None:
    """For some everyday tickets of the daytime, put a change on the agenda soon after the ticket came in."""
    dice, luck = wording.dice, wording.dice.random()
    is_day = reply_delays.is_day(at, ticket.owner.staff_profile.time_zone)
    if not is_day or ticket.priority == Priority.P0 or luck > HANDED_OVER + RAISED + LOWERED:
        return
    act: Callable[[Ticket, Wording, datetime], None] = _raise
    if luck < HANDED_OVER:
        act = _hand_over
    elif luck < HANDED_OVER + LOWERED:
        act = _lower
    agenda.add(
        at + reply_delays.minutes(dice, 4, 25), lambda moment: _if_open(act, ticket.pk, wording, moment)
    )


def _if_open(
    act: Callable[[Ticket, Wording, datetime], None], pk: int, wording: Wording, at: datetime
) -> None:
    """Act only while the customer waits."""
    if Clock.objects.open().filter(ticket=pk).exists():
        act(Ticket.objects.select_related("owner__staff_profile").get(pk=pk), wording, at)


def _hand_over(ticket: Ticket, wording: Wording, at: datetime) -> None:
    colleague = _teammate(ticket.owner, wording.dice)
    if colleague is not None:
        reason = wording.one_of("hand_over")
        assign(ticket=ticket, to=colleague, actor=ticket.owner, at=at, reason=reason)


def _raise(ticket: Ticket, wording: Wording, at: datetime) -> None:
    _change(ticket, max(ticket.priority - 1, Priority.P1), wording.one_of("raise"), at)


def _lower(ticket: Ticket, wording: Wording, at: datetime) -> None:
    _change(ticket, min(ticket.priority + 1, Priority.P3), wording.one_of("lower"), at)


def _change(ticket: Ticket, priority: int, reason: str, at: datetime) -> None:
    change_priority(ticket=ticket, priority=priority, actor=ticket.owner, at=at, reason=reason)


def _teammate(user: User, dice: Random) -> User | None:
    team = user.staff_profile.team
    others = (
        User.objects.filter(staff_profile__team=team).exclude(pk=user.pk) if team else User.objects.none()
    )
    colleagues = list(others.order_by("username"))
    return dice.choice(colleagues) if colleagues else None

"""Who has acknowledged a promise at a moment, and who is asked to: for the ticket page and the board."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Value

from escalation.choices import NoticeKind
from escalation.models import Acknowledgement, Clock, Escalation, Notification

# Kinds of notice that ask for action; the others only report.
PAGES = (
    NoticeKind.REMINDER,
    NoticeKind.PAGED,
    NoticeKind.ESCALATED_TO_YOU,
    NoticeKind.ESCALATED,
    NoticeKind.NOBODY_LEFT,
    NoticeKind.UNREACHED,
)


def holding_acknowledgement(
    clock: Clock, acknowledgements: Iterable[Acknowledgement], *, now: datetime
) -> Acknowledgement | None:
    """The acknowledgement that stops the paging at ``now`` (UTC); of several the one that lasts longest."""
    if not clock.is_open or clock.held_until is None or clock.held_until <= now:
        return None
    return max(
        (acknowledgement for acknowledgement in acknowledgements if acknowledgement.until > now),
        key=lambda acknowledgement: acknowledgement.until,
        default=None,
    )


def holding_acknowledgements(clocks: Sequence[Clock], *, now: datetime) -> Mapping[int, Acknowledgement]:
    """`holding_acknowledgement` for many clocks, by clock. One query, none if no clock is acknowledged."""
    held = [clock for clock in clocks if clock.held_until is not None and clock.held_until > now]
    if not held:
        return {}
    by_clock: defaultdict[int, list[Acknowledgement]] = defaultdict(list)
    for acknowledgement in Acknowledgement.objects.filter(clock__in=held, until__gt=now).select_related(
        "user"
    ):
        by_clock[acknowledgement.clock_id].append(acknowledgement)
    holding = {clock.pk: holding_acknowledgement(clock, by_clock[clock.pk], now=now) for clock in held}
    return {pk: acknowledgement for pk, acknowledgement in holding.items() if acknowledgement is not None}


def clocks_to_acknowledge(user: User, clocks: Sequence[Clock], *, now: datetime) -> set[int]:
    """The clocks that the person was paged for or holds, and has not acknowledged yet. One query."""
    mine = {clock.pk for clock in clocks if clock.ticket.owner_id == user.pk}
    others = [clock.pk for clock in clocks if clock.pk not in mine]
    pages = Notification.objects.filter(recipient=user, clock__in=others, kind__in=PAGES).order_by()
    said = _acknowledged_by(user, [clock.pk for clock in clocks], now)
    rows = set(_named(pages, is_said=False).union(_named(said, is_said=True)))
    paged, acknowledged = (
        {clock for clock, is_said in rows if bool(is_said) is wanted} for wanted in (False, True)
    )
    return (mine | paged) - acknowledged


def _named(rows: QuerySet[Any], *, is_said: bool) -> QuerySet[Any]:
    """The clocks of the rows, with a mark that tells two queries apart."""
    return rows.order_by().values_list("clock", Value(int(is_said)))


def _acknowledged_by(user: User, clocks: Collection[int], now: datetime) -> QuerySet[Acknowledgement]:
    """The person's acknowledgements of the last escalation of their clock, or of a clock without any."""
    fired = Escalation.objects.filter(clock=OuterRef("clock")).order_by("-fired_at", "-pk")
    acknowledgements = Acknowledgement.objects.filter(user=user, clock__in=clocks)
    acknowledgements = acknowledgements.annotate(last=Subquery(fired.values("pk")[:1]))
    return acknowledgements.filter(Q(escalation=F("last")) | Q(escalation=None, last=None, until__gt=now))

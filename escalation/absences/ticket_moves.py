"""Writes what an absence moves, many tickets at once: rows, new owners, summaries, and who is told."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from customers.names import name_of
from escalation.choices import NoticeKind
from escalation.enforcement.handover import Handover, HandoverCause, write_handover_notes
from escalation.models import AbsenceMove, Clock, Notification
from escalation.notifications.wording import Notice
from escalation.notifications.writing import notification_row, nudge_dispatch
from tickets.choices import OwnerRule
from tickets.lib.bulk_insert import NewRow, insert_all
from tickets.models import Ticket
from tickets.services import ownership


@dataclass(frozen=True)
class Moving:
    """A ticket that the caller has locked, the key of the absence, who is away, and who gets it, if anybody does."""

    ticket: Ticket
    absence: int
    before: User
    after: User | None
    clock: Clock | None


def move_all(moving: Sequence[Moving], *, superusers: Sequence[User], now: datetime) -> None:
    """Everything is written, or by an exception nothing, in the caller's transaction.

    Without anybody to take it a ticket stays, and those who can do something about it are told once.
    """
    waiting = _stranded_before(moving)
    gone = [one for one in moving if one.after is not None]
    new = [one for one in moving if (one.absence, one.ticket.pk) not in waiting]
    _found_at_last(gone, waiting, now)
    insert_all([_row(one, now) for one in new])
    _hand_over(gone, now)
    told = [row for one in gone for row in _told_of_move(one, now)]
    told += [row for one in new if one.after is None for row in _told_of_none(one, superusers, now)]
    insert_all(told)
    if told:
        nudge_dispatch()


def _stranded_before(moving: Sequence[Moving]) -> dict[tuple[int | None, int], int]:
    """The keys of the rows that are there already, by absence and ticket: of what nobody was found for."""
    rows = AbsenceMove.objects.filter(
        absence__in={one.absence for one in moving}, ticket__in=[one.ticket.pk for one in moving]
    )
    return {(absence, ticket): pk for absence, ticket, pk in rows.values_list("absence", "ticket", "pk")}


def _found_at_last(gone: Sequence[Moving], waiting: dict[tuple[int | None, int], int], now: datetime) -> None:
    """One query for each who gets them."""
    for user in {one.after for one in gone}:
        keys = [waiting.get((one.absence, one.ticket.pk)) for one in gone if one.after == user]
        if found := [key for key in keys if key is not None]:
            AbsenceMove.objects.filter(pk__in=found).update(to_owner=user, moved_at=now)


def _row(one: Moving, now: datetime) -> NewRow[AbsenceMove]:
    values = {
        "absence_id": one.absence,
        "ticket_id": one.ticket.pk,
        "from_owner_id": one.before.pk,
        "to_owner_id": one.after.pk if one.after is not None else None,
        "moved_at": now,
    }
    return NewRow(AbsenceMove, values)


def _hand_over(gone: Sequence[Moving], now: datetime) -> None:
    moves = [
        ownership.OwnerChange(one.ticket, one.after, _("%(name)s is away.") % {"name": name_of(one.before)})
        for one in gone
        if one.after is not None
    ]
    ownership.hand_over_all(moves, actor=None, at=now, rule=OwnerRule.ABSENCE)
    summed_up = [
        Handover(one.clock, one.before, one.after, HandoverCause.ABSENCE)
        for one in gone
        if one.clock is not None and one.after is not None
    ]
    write_handover_notes(summed_up, at=now)


def _told_of_move(one: Moving, now: datetime) -> Iterator[NewRow[Notification]]:
    if one.after is not None:
        notice = Notice(NoticeKind.AWAY_TO_YOU, one.ticket, one.clock, one.before)
        yield notification_row(one.after, notice, at=now)


def _told_of_none(one: Moving, superusers: Sequence[User], now: datetime) -> Iterator[NewRow[Notification]]:
    notice = Notice(NoticeKind.NOBODY_STANDS_IN, one.ticket, one.clock, one.before)
    yield from (notification_row(user, notice, at=now) for user in superusers)

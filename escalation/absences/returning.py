"""Offers moved tickets back to people who are back, who take them back or leave them."""

from datetime import datetime

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from customers.access import Person
from customers.models import Departure
from customers.names import name_of
from escalation.absences.moving import owed_clocks, running_absences
from escalation.choices import NoticeKind
from escalation.clocks.lead_decisions import LEADS
from escalation.enforcement.handover import Handover, HandoverCause, write_handover_notes
from escalation.models import AbsenceMove, Settled
from escalation.models.absence import AbsenceMoveQuerySet
from escalation.notifications.wording import Notice
from escalation.notifications.writing import tell
from tickets.choices import OwnerRule
from tickets.errors import DeskError
from tickets.models import Ticket
from tickets.services.locking import lock_ticket
from tickets.services.ownership import hand_over

MOST_NAMED = 20  # tickets in one notification; the page lists all of them


def offer_back(*, now: datetime) -> int:
    """Offer the moved tickets of everybody who is back as of ``now`` (UTC), in one notification per person.

    An absence that was shortened or deleted is over. Returns how many tickets were offered; each is offered once.
    """
    away = running_absences(now).filter(user=OuterRef("from_owner"))
    gone = Departure.objects.filter(user=OuterRef("from_owner"), ended_at=None)
    over = AbsenceMove.objects.unsettled().filter(~Exists(away), ~Exists(gone))
    _settle_stale(over.filter(offered_at__isnull=False), at=now)
    people = over.filter(offered_at=None).order_by("from_owner").values_list("from_owner", flat=True)
    return sum(_offer(person, now) for person in people.distinct())


def _settle_stale(moves: AbsenceMoveQuerySet, *, at: datetime) -> None:
    """Close the offers of tickets that are done or have gone to somebody else."""
    moves.filter(pk__in=moves.stale().values("pk")).update(settled_at=at, settled_as=Settled.PASSED)


@transaction.atomic
def _offer(person: int, now: datetime) -> int:
    """Offer one person's tickets. Locks the person's moves; if another run holds them, that run does the work."""
    skip = connection.features.has_select_for_update_skip_locked
    waiting = AbsenceMove.objects.unsettled().filter(from_owner=person, offered_at=None)
    locked_rows = waiting.select_for_update(skip_locked=skip, of=("self",) if skip else ())
    moves = AbsenceMove.objects.filter(pk__in=list(locked_rows.values_list("pk", flat=True)))
    _settle_stale(moves, at=now)
    offered = list(moves.unsettled().select_related("ticket__customer", "ticket__owner", "from_owner"))
    moves.unsettled().update(offered_at=now)
    if offered and offered[0].from_owner.is_active:
        _tell_who_is_back(sorted(offered, key=_urgency), now)
    return len(offered)


def _urgency(move: AbsenceMove) -> tuple[int, int]:
    return move.ticket.priority, move.ticket.pk


def _tell_who_is_back(moves: list[AbsenceMove], now: datetime) -> None:
    lines = [
        f"P{move.ticket.priority} {move.ticket} · {name_of(move.ticket.owner)}" for move in moves[:MOST_NAMED]
    ]
    if len(moves) > MOST_NAMED:
        lines.append(f"… +{len(moves) - MOST_NAMED}")
    first = moves[0]
    tell(first.from_owner, Notice(NoticeKind.BACK, first.ticket, detail="\n".join(lines)), at=now)


@transaction.atomic
def take_back(*, move: AbsenceMove, actor: User, at: datetime) -> AbsenceMove:
    """Give the ticket back to the person who owned it before the absence. Locks it. Raises DeskError."""
    move, ticket = _lock_undecided(move, actor)
    holder, owner = ticket.owner, move.from_owner
    hand_over(ticket, owner, actor=actor, at=at, rule=OwnerRule.BY_HAND, reason=_("Returned from leave."))
    clock = owed_clocks([ticket]).get(ticket.pk)
    if clock is not None:  # a ticket that never had a promise needs no note
        write_handover_notes([Handover(clock, holder, owner, HandoverCause.RETURN)], at=at)
    other = holder if actor == owner else owner
    if other.is_active:
        tell(other, Notice(NoticeKind.TAKEN_BACK, ticket, clock, owner), at=at)
    return _settle(move, Settled.TAKEN_BACK, actor, at)


@transaction.atomic
def keep(*, move: AbsenceMove, actor: User, at: datetime) -> AbsenceMove:
    """Leave the ticket with its present owner. Locks it. Raises DeskError."""
    move, _ticket = _lock_undecided(move, actor)
    return _settle(move, Settled.KEPT, actor, at)


def may_decide(user: User, move: AbsenceMove) -> bool:
    """True for the former owner, the present owner, and leads."""
    return user.pk in (move.from_owner_id, move.ticket.owner_id) or user.has_perm(LEADS)


def offered_to(user: Person, ticket: Ticket) -> AbsenceMove | None:
    """The offer that this person may decide on now. One query."""
    moves = AbsenceMove.objects.offered().filter(ticket=ticket).select_related("from_owner")
    move = moves.order_by("moved_at", "pk").first()
    if move is None or not isinstance(user, User):
        return None
    move.ticket = ticket
    return move if may_decide(user, move) else None


def _lock_undecided(move: AbsenceMove, actor: User) -> tuple[AbsenceMove, Ticket]:
    """Lock the ticket and read both again. Raises DeskError if there is nothing to decide, or if the actor may not."""
    ticket = lock_ticket(move.ticket)
    fresh = AbsenceMove.objects.select_related("from_owner__staff_profile").get(pk=move.pk)
    fresh.ticket = ticket
    if not may_decide(actor, fresh):
        raise DeskError(_("Only the previous owner, the current owner or a lead can decide that."))
    if fresh.settled_at is not None or not AbsenceMove.objects.live().filter(pk=fresh.pk).exists():
        raise DeskError(
            _("There is nothing left to decide: the ticket is done, or somebody has already decided.")
        )
    return fresh, ticket


def _settle(move: AbsenceMove, how: Settled, actor: User, at: datetime) -> AbsenceMove:
    move.settled_at, move.settled_as, move.settled_by = at, how, actor
    move.save(update_fields=["settled_at", "settled_as", "settled_by"])
    return move

"""Changes that people make to a rota: put somebody on duty, swap two shifts, withdraw either."""

from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from customers.access import works_here
from escalation.duty.assignment_mails import tell_put_on_duty, tell_withdrawn
from escalation.models import DutyOverride, DutyRota, DutyShift, DutySwap, ShiftSource
from escalation.models.duty import HAND_RANK
from escalation.people.on_duty import Watch, cut_to, watches
from tickets.errors import DeskError

FARTHEST = timedelta(days=366)


@transaction.atomic
def put_on_duty(
    *,
    rota: DutyRota,
    user: User,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    actor: User | None,
    at: datetime,
) -> DutyOverride:
    """Give somebody the duty for a period (UTC), whoever has it now; time that is over by ``at`` is left as it was.

    The same call a second time returns the existing override. Locks the rota; raises DeskError.
    """
    _lock(rota)
    _refuse(user, starts_at, ends_at, reason, at)
    live = rota.overrides.filter(withdrawn_at=None, user=user, starts_at=max(starts_at, at), ends_at=ends_at)
    newest = rota.overrides.filter(withdrawn_at=None, ends_at__gt=at).order_by("-pk").first()
    again = live.order_by("-pk").first()
    if again is not None and again == newest:
        return again
    return _override(rota, user, starts_at, ends_at, reason, actor, at)


@transaction.atomic
def swap_shifts(
    *, first: DutyShift, second: DutyShift, reason: str, actor: User | None, at: datetime
) -> DutySwap:
    """Swap the rest of two people's shifts at ``at`` (UTC). Locks the rota; raises DeskError.

    Parts of a shift that somebody else has already taken over stay with them.
    """
    rota = first.rota
    _lock(rota)
    if first.rota_id != second.rota_id:
        raise DeskError(_("Only shifts of the same rota can be exchanged."))
    if first.user_id == second.user_id:
        raise DeskError(_("Both shifts are of the same person."))
    ours, theirs = _left_of(first, at), _left_of(second, at)
    if not ours or not theirs:
        raise DeskError(_("One of the shifts is over, or is fully covered by somebody else."))
    for user, shift in ((second.user, first), (first.user, second)):
        _refuse(user, shift.starts_at, shift.ends_at, reason, at)
    swap = DutySwap.objects.create(rota=rota, reason=reason.strip(), made_by=actor, made_at=at)
    for user, parts in ((second.user, ours), (first.user, theirs)):
        for part in parts:
            _override(rota, user, part.starts_at, part.ends_at, reason, actor, at, swap=swap)
    return swap


@transaction.atomic
def withdraw_override(*, override: DutyOverride, actor: User | None, at: datetime) -> None:
    """Withdraw an override from ``at`` (UTC) on; for a swap, both overrides. Locks the rota; raises DeskError."""
    _lock(override.rota)
    sides = sides_of(override)
    if not all(side.is_live(at) for side in sides):
        raise DeskError(_not_any_more(override))
    for side in sides:
        side.withdrawn_by, side.withdrawn_at = actor, at
        side.save(update_fields=["withdrawn_by", "withdrawn_at"])
        side.shifts.filter(starts_at__gte=at).delete()
        side.shifts.filter(ends_at__gt=at).update(ends_at=at)
        tell_withdrawn(side, actor=actor, at=at)


def sides_of(override: DutyOverride) -> list[DutyOverride]:
    """The override, or all overrides of its swap, read again from the database."""
    overrides = DutyOverride.objects.filter(rota=override.rota_id)
    chosen = overrides.filter(swap=override.swap_id) if override.swap_id else overrides.filter(pk=override.pk)
    return list(chosen.select_related("rota", "user__staff_profile").order_by("pk"))


def _lock(rota: DutyRota) -> None:
    DutyRota.objects.select_for_update().get(pk=rota.pk)


def _refuse(user: User, starts_at: datetime, ends_at: datetime, reason: str, at: datetime) -> None:
    if not works_here(user):
        raise DeskError(_("A person who cannot sign in and open tickets cannot be on duty."))
    if ends_at <= starts_at:
        raise DeskError(_("The time ends before it begins."))
    if ends_at <= at:
        raise DeskError(_("That time is over; the past duty record does not change."))
    if ends_at - at > FARTHEST:
        raise DeskError(_("Choose a time within a year from now."))
    if not reason.strip():
        raise DeskError(_("Give a reason."))


def _override(
    rota: DutyRota,
    user: User,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    actor: User | None,
    at: datetime,
    swap: DutySwap | None = None,
) -> DutyOverride:
    override = DutyOverride.objects.create(
        rota=rota,
        user=user,
        starts_at=max(starts_at, at),
        ends_at=ends_at,
        reason=reason.strip(),
        swap=swap,
        made_by=actor,
        made_at=at,
    )
    DutyShift.objects.create(
        rota=rota,
        user=user,
        starts_at=override.starts_at,
        ends_at=ends_at,
        source=ShiftSource.OVERRIDE,
        rank=HAND_RANK + override.pk,
        override=override,
    )
    tell_put_on_duty(override, actor=actor, at=at)
    return override


def _left_of(shift: DutyShift, at: datetime) -> list[Watch]:
    """The parts of a shift from ``at`` on that no override covers."""
    around = DutyShift.objects.filter(rota=shift.rota_id, starts_at__lt=shift.ends_at)
    rows = around.filter(ends_at__gt=shift.starts_at).select_related("user")
    parts = (watch for watch in watches(rows) if watch.shift == shift)
    return list(cut_to(parts, (max(shift.starts_at, at), max(shift.ends_at, at))))


def _not_any_more(override: DutyOverride) -> str:
    if override.swap_id:
        return _("Part of this swap is already over or withdrawn. Put somebody on duty instead.")
    return _("This override is already over or withdrawn.")

"""Who is on duty."""

from datetime import datetime

from django.contrib.auth.models import User

from escalation.models import DutyRota, DutyShift


def shift_at(*, rota: DutyRota, at: datetime) -> DutyShift | None:
    """The shift that runs at ``at`` (UTC); of overlapping ones the later started, for it replaces the other."""
    running = DutyShift.objects.filter(rota=rota, starts_at__lte=at, ends_at__gt=at)
    return running.select_related("user").order_by("-starts_at", "-pk").first()


def on_duty(*, rota: DutyRota | None, at: datetime) -> User | None:
    """The person on duty at ``at`` (UTC); whether they are away is for the caller to ask."""
    shift = shift_at(rota=rota, at=at) if rota is not None else None
    return shift.user if shift is not None else None


def next_shift(*, rota: DutyRota, at: datetime) -> DutyShift | None:
    """The next shift that begins after ``at`` (UTC)."""
    return (
        DutyShift.objects.filter(rota=rota, starts_at__gt=at)
        .select_related("user")
        .order_by("starts_at")
        .first()
    )

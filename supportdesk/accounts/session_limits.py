"""How long a session lasts: without activity, and in any case. By the person's groups, fixed when they sign in.

The limits stand in the session itself, so a page costs no query for them. What refreshes itself is no activity.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.backends.base import SessionBase

from supportdesk.models import SignInOutcome, SignInRule

KEY = "desk_limits"
# Activity is written down this often; so much sooner may a session end.
WRITTEN_EVERY = timedelta(minutes=5)


@dataclass(frozen=True)
class SessionLimits:
    """``idle`` and ``whole`` are how long a session lasts without activity and in any case."""

    idle: timedelta
    whole: timedelta
    needs_second_factor: bool = False


def limits_of(user: User) -> SessionLimits:
    """The strictest of the person's groups and of administrators, else the settings'. One query."""
    usual = (settings.SESSION_IDLE_MINUTES, settings.SESSION_HOURS)
    rules = list(SignInRule.objects.filter(group__user=user))
    idle = [rule.idle_minutes for rule in rules if rule.idle_minutes]
    hours = [rule.session_hours for rule in rules if rule.session_hours]
    needs = any(rule.needs_second_factor for rule in rules)
    if user.is_superuser:
        idle.append(settings.ADMIN_IDLE_MINUTES)
        needs = needs or settings.ADMINS_NEED_SECOND_FACTOR
    return SessionLimits(
        idle=timedelta(minutes=min(idle, default=usual[0])),
        whole=timedelta(hours=min(hours, default=usual[1])),
        needs_second_factor=needs,
    )


def begin_limits(session: SessionBase, limits: SessionLimits, *, at: datetime) -> None:
    session[KEY] = {
        "until": (at + limits.whole).timestamp(),
        "idle": limits.idle.total_seconds(),
        "seen": at.timestamp(),
    }


def why_over(session: SessionBase, *, at: datetime) -> SignInOutcome | None:
    """Why the session must end now; None while it may go on."""
    kept, now = session.get(KEY), at.timestamp()
    if kept is None:
        return None
    if now >= kept["until"]:
        return SignInOutcome.OVER
    return SignInOutcome.IDLE if now >= kept["seen"] + kept["idle"] else None


def note_activity(session: SessionBase, *, at: datetime) -> bool:
    """Write down that somebody is there; False if that was done a moment ago."""
    kept, now = session.get(KEY), at.timestamp()
    if kept is None or now < kept["seen"] + min(WRITTEN_EVERY.total_seconds(), kept["idle"] / 4):
        return False
    session[KEY] = {**kept, "seen": now}
    return True

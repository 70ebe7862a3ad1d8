"""Whatever way somebody signed in: their session gets the limits of their groups, and is proof for a while."""

from typing import Any

from django.contrib.auth.models import User
from django.http import HttpRequest

from customers import time_of_record
from supportdesk.accounts.recent_proof import note_proof
from supportdesk.accounts.second_factors import ask_for_factor
from supportdesk.accounts.session_limits import begin_limits, limits_of
from supportdesk.accounts.sign_ins import record_sign_in, visitor_of
from supportdesk.models import SignInMethod, SignInOutcome


def limit_session(*, request: HttpRequest, user: Any, **_signal: Any) -> None:
    """Called by Django's signal `user_logged_in`."""
    if isinstance(user, User):
        now = time_of_record.now()
        limits = limits_of(user)
        begin_limits(request.session, limits, at=now)
        ask_for_factor(request.session, user, is_needed=limits.needs_second_factor)
        note_proof(request.session, at=now)


def look_for_factor(*, request: HttpRequest, user: Any, **_signal: Any) -> None:
    """Called by allauth's signals when a second factor was added or removed."""
    ask_for_factor(request.session, user, is_needed=limits_of(user).needs_second_factor)


def note_wrong_factor(*, request: HttpRequest, user: Any, **_signal: Any) -> None:
    """Called by allauth's signal `authentication_failed`."""
    record_sign_in(
        visitor_of(request),
        user=user,
        name=user.get_username(),
        method=SignInMethod.TOTP,
        outcome=SignInOutcome.WRONG_CODE,
        at=time_of_record.now(),
    )


def note_new_proof(*, request: HttpRequest, **signal: Any) -> None:
    """Called by allauth's signal `authentication_step_completed`, when somebody proves again who they are."""
    if signal.get("reauthenticated"):
        note_proof(request.session, at=time_of_record.now())

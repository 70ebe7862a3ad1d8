"""Whatever way somebody signed in: their session gets the limits of their groups, and is proof for a while."""

from typing import Any

from django.contrib.auth.models import User
from django.http import HttpRequest

from customers import time_of_record
from supportdesk.accounts.recent_proof import note_proof
from supportdesk.accounts.session_limits import begin_limits, limits_of


def limit_session(*, request: HttpRequest, user: Any, **_signal: Any) -> None:
    """Called by Django's signal `user_logged_in`."""
    if isinstance(user, User):
        now = time_of_record.now()
        begin_limits(request.session, limits_of(user), at=now)
        note_proof(request.session, at=now)


def note_new_proof(*, request: HttpRequest, **signal: Any) -> None:
    """Called by allauth's signal `authentication_step_completed`, when somebody proves again who they are."""
    if signal.get("reauthenticated"):
        note_proof(request.session, at=time_of_record.now())

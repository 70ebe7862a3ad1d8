"""Lets a form act only once, however often it is sent."""

from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import User

from tickets.lib.single_row import insert_unless_there
from tickets.models import Submission


def claim_submission(token: UUID, *, actor: User, at: datetime) -> bool:
    """True if the form with this token is sent for the first time. Call it in the transaction of the form's change.

    If two are sent at once, the second waits for the first to commit and then finds the token taken. If the first
    fails, the second counts as the first. One query.
    """
    return insert_unless_there(Submission(token=token, user=actor, at=at))

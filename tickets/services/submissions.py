"""Makes a form act once, however often it is sent."""

from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import User

from tickets.models import Submission


def claim_submission(token: UUID, *, actor: User, at: datetime) -> bool:
    """Whether this is the first time. Needs the transaction of what the form causes.

    Two at once: the second waits for the first to commit and then finds the token taken; had the first failed,
    the second is the first.
    """
    _submission, is_first = Submission.objects.get_or_create(token=token, defaults={"user": actor, "at": at})
    return is_first

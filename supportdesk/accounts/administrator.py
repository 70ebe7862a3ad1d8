"""The first administrator of a fresh desk."""

import secrets
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction

from supportdesk.models import OneTimePassword


@dataclass(frozen=True)
class NewAdministrator:
    """A new account; the password exists in plain text only here, to be shown once."""

    username: str
    password: str


@transaction.atomic
def ensure_administrator() -> NewAdministrator | None:
    """Create an administrator with a random password for one sign-in, if no active one exists."""
    users = get_user_model().objects
    if users.filter(is_superuser=True, is_active=True).exists():
        return None
    new = NewAdministrator(username=free_username(), password=secrets.token_urlsafe(12))
    user = users.create_superuser(new.username, email=settings.DESK_ADMIN_EMAIL, password=new.password)
    OneTimePassword.objects.create(user=user)
    return new


def free_username() -> str:
    """ "admin", or "admin2" and so on if that name is taken."""
    taken = set(
        get_user_model().objects.filter(username__startswith="admin").values_list("username", flat=True)
    )
    names = ["admin", *(f"admin{number}" for number in range(2, len(taken) + 3))]
    return next(name for name in names if name not in taken)

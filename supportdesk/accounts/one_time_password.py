"""Passwords that the desk made: a user who signs in with one must choose their own first.

Reasons: .github/decisions/accounts.md.
"""

from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest

from supportdesk.models import OneTimePassword

SESSION = "one_time_password"


def note_sign_in(request: HttpRequest) -> None:
    """After a sign-in: have the session remember that its password is to be changed, so that pages cost no query."""
    user = request.user
    if isinstance(user, User) and OneTimePassword.objects.filter(user=user).exists():
        request.session[SESSION] = user.get_session_auth_hash()


def must_choose_password(request: HttpRequest) -> bool:
    """Over as soon as the password is another one, whichever way it was changed."""
    noted, user = request.session.get(SESSION), request.user
    # A session outlives a user who was deleted or made inactive: then it is nobody's.
    if noted is None or not isinstance(user, User):
        return False
    return noted in (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())


@transaction.atomic
def choose_password(user: User, password: str, *, email: str = "") -> None:
    user.set_password(password)
    user.email = email or user.email
    user.save(update_fields=["password", "email"])
    OneTimePassword.objects.filter(user=user).delete()

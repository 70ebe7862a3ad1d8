"""Second factors: who must set one up, and how an administrator helps somebody who has lost theirs."""

from datetime import datetime

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from customers.names import name_of
from supportdesk.accounts.letters import HELPED, Facts, send_letter
from supportdesk.accounts.sign_in_limits import forget_tries_of, limits_for
from supportdesk.accounts.sign_ins import Visitor, record_sign_in
from supportdesk.models import SignInMethod, SignInOutcome
from tickets.errors import DeskError

KEY = "desk_needs_factor"
# Recovery codes alone are none: they stand in for one of these.
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def has_second_factor(user: User) -> bool:
    return Authenticator.objects.filter(user=user, type__in=FACTORS).exists()


def ask_for_factor(session: SessionBase, user: User, *, is_needed: bool) -> None:
    """Note in the session whether its user must set one up, so that pages need no query for it."""
    if is_needed and not has_second_factor(user):
        session[KEY] = True
    else:
        session.pop(KEY, None)


def must_set_up(request: HttpRequest) -> bool:
    return bool(request.session.get(KEY)) and request.user.is_authenticated


@transaction.atomic
def remove_second_factors(*, user: User, actor: User, visitor: Visitor, reason: str, at: datetime) -> None:
    """Help somebody who is locked out. The person is told, and the act is a row. Raises DeskError without a reason."""
    if not reason.strip():
        raise DeskError(_("Enter a reason."))
    if user == actor:
        raise DeskError(_("You remove your own second factor on your own pages."))
    Authenticator.objects.select_for_update().filter(user=user).delete()
    forget_tries_of(limits_for(user.get_username(), address="", device=""))
    record_sign_in(
        visitor,
        user=user,
        name=actor.get_username(),
        method=SignInMethod.PASSWORD,
        outcome=SignInOutcome.HELPED,
        at=at,
        note=reason,
    )
    send_letter(HELPED, user, Facts(at, by=name_of(actor), reason=reason.strip()))

"""The record of sign-ins, and which browsers somebody has signed in with before."""

import logging
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.backends.base import SessionBase
from django.core.signing import BadSignature, Signer
from django.http import HttpRequest, HttpResponse

from supportdesk.accounts.client_address import client_address
from supportdesk.models import SignIn, SignInMethod, SignInOutcome
from tickets.mail.storable_text import storable_line

logger = logging.getLogger(__name__)
COOKIE = "desk_device"
METHOD = "desk_method"  # in a session: how somebody signed in
COOKIE_DAYS = 400  # browsers keep none for longer
DELETED_AT_ONCE = 5_000
_signer = Signer(salt="supportdesk.accounts.device")
# After these the browser belongs to the person.
PROVEN = (SignInOutcome.SIGNED_IN, SignInOutcome.NEW_PASSWORD)


@dataclass(frozen=True)
class Visitor:
    """Who asks, as far as a request tells: address, number of the browser, and what it says of itself."""

    address: str
    device: str
    agent: str


def visitor_of(request: HttpRequest) -> Visitor:
    agent = storable_line(request.META.get("HTTP_USER_AGENT", ""))[:200]
    return Visitor(client_address(request), _device_of(request), agent)


def record_sign_in(
    visitor: Visitor,
    *,
    user: User | None,
    name: str,
    method: SignInMethod,
    outcome: SignInOutcome,
    at: datetime,
    note: str = "",
) -> SignIn:
    """Write the row and a line of the log. The line has no typed name: people type passwords into the wrong field."""
    row = SignIn.objects.create(
        user=user,
        name=storable_line(name)[:60],
        address=visitor.address,
        device=visitor.device,
        agent=visitor.agent,
        method=method,
        outcome=outcome,
        note=storable_line(note)[:300],
        at=at,
    )
    level = logging.INFO if outcome in PROVEN else logging.WARNING
    who = f"user {user.pk}" if user is not None else "an unknown name"
    logger.log(level, "Sign-in %s: %s, %s, from %s", row.pk, outcome.value, who, visitor.address or "-")
    return row


def note_method(session: SessionBase, method: SignInMethod) -> None:
    session[METHOD] = method.value


def method_of(session: SessionBase) -> SignInMethod:
    """How the session began. One from before that was noted began by a password, as far as anybody knows."""
    return SignInMethod(session.get(METHOD, SignInMethod.PASSWORD))


def has_signed_in(user: User | None, device: str) -> bool:
    """True if the person has signed in with this browser before, as far back as sign-ins are kept."""
    if user is None or not device:
        return False
    return SignIn.objects.filter(device=device, user=user, outcome__in=PROVEN).exists()


def has_signed_in_at_all(user: User) -> bool:
    return SignIn.objects.filter(user=user, outcome=SignInOutcome.SIGNED_IN).exists()


def with_device(visitor: Visitor) -> Visitor:
    """The visitor, with a new number for a browser that has none."""
    return visitor if visitor.device else Visitor(visitor.address, secrets.token_hex(16), visitor.agent)


def keep_device(response: HttpResponse, device: str) -> None:
    response.set_cookie(
        COOKIE,
        _signer.sign(device),
        max_age=timedelta(days=COOKIE_DAYS),
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )


def forget_sign_ins(*, at: datetime) -> int:
    """Delete the rows whose time is over (SIGN_IN_KEEP_DAYS), a batch for each call."""
    old = SignIn.objects.filter(at__lt=at - timedelta(days=settings.SIGN_IN_KEEP_DAYS)).order_by("at")
    return _delete(old.values_list("pk", flat=True)[:DELETED_AT_ONCE])


def _delete(numbers: Iterable[int]) -> int:
    deleted, _by_model = SignIn.objects.filter(pk__in=list(numbers)).delete()
    return deleted


def _device_of(request: HttpRequest) -> str:
    try:
        device = _signer.unsign(request.COOKIES.get(COOKIE, ""))
    except BadSignature:
        return ""
    return device if len(device) == 32 else ""

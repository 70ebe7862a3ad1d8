"""What allauth asks the desk: whose address, who may try, who may come in, and where to go afterwards."""

from math import ceil
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.account.internal.stagekit import clear_login
from django.conf import settings
from django.contrib.auth import authenticate, get_user_model
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from customers import time_of_record
from supportdesk.accounts.browser_sessions import open_session
from supportdesk.accounts.client_address import client_address
from supportdesk.accounts.letters import LETTERS, NEW_DEVICE, Facts, send_letter
from supportdesk.accounts.one_time_password import note_sign_in
from supportdesk.accounts.password_gate import TooBusy, gate
from supportdesk.accounts.recent_proof import has_proved_lately
from supportdesk.accounts.sign_in_limits import Refusal, give_back_try, limits_for, take_try
from supportdesk.accounts.sign_ins import (
    Visitor,
    has_signed_in,
    has_signed_in_at_all,
    keep_device,
    note_method,
    record_sign_in,
    visitor_of,
    with_device,
)
from supportdesk.models import SignInMethod, SignInOutcome

BUSY, TOO_MANY = "busy", "too_many_login_attempts"
BUSY_SECONDS = 3  # after which a place at the gate is free again


class DeskAccountAdapter(DefaultAccountAdapter):
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": _(
            "The username or the password is wrong, or the account is switched off."
        ),
        BUSY: _("Many people are signing in at this moment. Please try again in a few seconds."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(request) or "unknown"

    def is_safe_url(self, url: str) -> bool:
        """Only to where the visitor is already: another of the desk's names may be somebody else's by now."""
        hosts = {self.request.get_host()}
        return url_has_allowed_host_and_scheme(url, hosts, require_https=self.request.is_secure())

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """The person, if name and password are right and they may use the desk. Raises ValidationError if refused."""
        name, visitor = credentials.get("username", ""), visitor_of(request)
        known = get_user_model().objects.filter(username=name).first()
        device = visitor.device if has_signed_in(known, visitor.device) else ""
        limits = limits_for(name, address=visitor.address, device=device)
        if refusal := take_try(limits, at=time_of_record.now()):
            raise _refused(refusal, visitor, known, name)
        try:
            with gate.passed():
                user = authenticate(request, username=name, password=credentials.get("password"))
        except TooBusy as busy:
            give_back_try(limits)
            raise self.validation_error(BUSY) from busy
        if isinstance(user, User) and user.is_staff:
            give_back_try(limits)
            return user
        outcome = SignInOutcome.WRONG if user is None else SignInOutcome.NO_ACCESS
        _record(visitor, known, name, outcome)
        return None

    def is_reauthentication_required(self, *, app: str, **_more: Any) -> bool:
        return not has_proved_lately(self.request.session, at=time_of_record.now())

    def get_reset_password_from_key_url(self, key: str) -> str:
        page = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
        return f"{settings.SITE_URL}{page.replace('UID-KEY', key)}"

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: Any) -> str:
        return settings.SITE_URL + reverse("account_confirm_email", args=[emailconfirmation.key])

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """allauth names a mail by its template; ours stand in supportdesk.accounts.letters."""
        letter = LETTERS.get(template_prefix)
        user = context.get("user") or self.request.user
        if letter is None or not isinstance(user, User):
            return
        link = str(context.get("password_reset_url") or context.get("activate_url") or "")
        facts = Facts(time_of_record.now(), visitor_of(self.request), link=link, email=email)
        send_letter(letter, user, facts, to=email)

    def send_notification_mail(
        self, template_prefix: str, user: Any, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        self.send_mail(template_prefix, email or user.email, {"user": user})

    def pre_login(self, request: HttpRequest, user: Any, **hooks: Any) -> HttpResponse | None:
        """A passkey, too, opens the desk only to those who may use it."""
        if user.is_active and user.is_staff:
            return None
        _record(visitor_of(request), user, user.get_username(), SignInOutcome.NO_ACCESS)
        clear_login(request)
        return HttpResponseRedirect(reverse("account_inactive"))

    def post_login(self, request: HttpRequest, user: Any, **hooks: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **hooks)
        now, came = time_of_record.now(), visitor_of(request)
        is_new = not has_signed_in(user, came.device) and has_signed_in_at_all(user)
        visitor, method = with_device(came), _method_of(request, user)
        note_method(request.session, method)
        record_sign_in(
            visitor,
            user=user,
            name=user.get_username(),
            method=method,
            outcome=SignInOutcome.SIGNED_IN,
            at=now,
        )
        open_session(request.session.session_key or "", user, visitor, at=now)
        if is_new:
            send_letter(NEW_DEVICE, user, Facts(now, visitor))
        keep_device(response, visitor.device)
        note_sign_in(request)
        return response


def _method_of(request: HttpRequest, user: User) -> SignInMethod:
    """The strongest of what allauth noted in this session."""
    noted = get_authentication_records(request, user)
    factor = next((each for each in reversed(noted) if each["method"] == "mfa"), None)
    if factor is not None:
        return SignInMethod.PASSKEY if factor.get("passwordless") else SignInMethod(factor["type"])
    is_sso = any(each["method"] == "socialaccount" for each in noted)
    return SignInMethod.SSO if is_sso else SignInMethod.PASSWORD


def _refused(refusal: Refusal, visitor: Visitor, user: User | None, name: str) -> ValidationError:
    """One row for each time that a limit is used up: a flood of tries is no flood of rows."""
    if refusal.is_first:
        _record(visitor, user, name, SignInOutcome.TOO_MANY)
    minutes = max(1, ceil(refusal.wait.total_seconds() / 60))
    text = ngettext(
        "Too many failed sign-ins. Try again in %(minutes)s minute.",
        "Too many failed sign-ins. Try again in %(minutes)s minutes.",
        minutes,
    )
    return ValidationError(text % {"minutes": minutes}, code=TOO_MANY)


def _record(visitor: Visitor, user: User | None, name: str, outcome: SignInOutcome) -> None:
    now = time_of_record.now()
    record_sign_in(visitor, user=user, name=name, method=SignInMethod.PASSWORD, outcome=outcome, at=now)

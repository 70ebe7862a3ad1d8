"""Single sign-on by OpenID Connect: who may come in, and as whom."""

from typing import Any, cast

from allauth.account.adapter import get_adapter as get_account_adapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.internal import jwtkit
from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from customers import time_of_record
from supportdesk.accounts.group_mapping import follow_groups, groups_by_claims
from supportdesk.accounts.sign_ins import record_sign_in, visitor_of
from supportdesk.models import SignInMethod, SignInOutcome

PROVIDER = "sso"


class SignedTokenAdapter(OpenIDConnectOAuth2Adapter):
    """Checks the signature of the ID token in any case; allauth trusts the connection that it came by."""

    def _decode_id_token(self, app: Any, id_token: str) -> Any:
        return jwtkit.verify_and_decode(
            credential=id_token,
            keys_url=self.openid_config["jwks_uri"],
            issuer=self.openid_config["issuer"],
            audience=app.client_id,
            lookup_kid=jwtkit.lookup_kid_jwk,
        )


def sso_login(request: HttpRequest, provider_id: str) -> HttpResponseBase:
    """Leads to the provider by a page: browsers let a form be redirected only to where the content policy lets it go.

    The provider may lead on to whatever host knows the person, which no policy of ours could name.
    """
    response = _view(OAuth2LoginView, request, provider_id)
    if not isinstance(response, HttpResponseRedirect):
        return response
    context = {"sso": settings.OIDC_NAME, "address": response.url}
    page = render(request, "supportdesk/to_provider.html", context)
    page.headers["Refresh"] = f"0; url={response.url}"
    return page


def sso_callback(request: HttpRequest, provider_id: str) -> HttpResponseBase:
    return _view(OAuth2CallbackView, request, provider_id)


def _view(kind: Any, request: HttpRequest, provider_id: str) -> HttpResponseBase:
    if provider_id != PROVIDER or not settings.OIDC_URL:
        raise Http404
    return cast(HttpResponseBase, kind.adapter_view(SignedTokenAdapter(request, provider_id))(request))


class DeskSsoAdapter(DefaultSocialAccountAdapter):
    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Somebody comes in by the groups that the provider names, and by nothing else."""
        claims = _claims(sociallogin)
        names = groups_by_claims(claims)
        if not names:
            _refuse(request, sociallogin, claims)
        if not sociallogin.is_existing:
            self._find_colleague(request, sociallogin, claims)
        if sociallogin.is_existing:
            follow_groups(cast(User, sociallogin.user), names)

    def _find_colleague(self, request: HttpRequest, sociallogin: SocialLogin, claims: dict[str, Any]) -> None:
        """Connect the account with this address, if the provider has checked the address. Administrators never are."""
        address = str(claims.get("email") or "").lower()
        found = list(User.objects.filter(email__iexact=address)[:2]) if address else []
        if not found:
            return
        if len(found) > 1 or claims.get("email_verified") is not True or found[0].is_superuser:
            _refuse(request, sociallogin, claims)
        sociallogin.connect(request, found[0])

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return bool(groups_by_claims(_claims(sociallogin)))

    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> User:
        """A new colleague, without a password."""
        cast(User, sociallogin.user).is_staff = True
        user = cast(User, super().save_user(request, sociallogin, form))
        follow_groups(user, groups_by_claims(_claims(sociallogin)))
        return user

    def on_authentication_error(
        self, request: HttpRequest, provider: Any, *_more: Any, **_details: Any
    ) -> None:
        messages.error(request, _("Single sign-on did not work. Please try again, or sign in another way."))
        raise ImmediateHttpResponse(HttpResponseRedirect(reverse("account_login")))


def _claims(sociallogin: SocialLogin) -> dict[str, Any]:
    """What the provider says of the person. Raises what leads back to the sign-in page if it contradicts itself."""
    said = sociallogin.account.extra_data
    token, more = said.get("id_token") or {}, said.get("userinfo") or {}
    if not token or (more and more.get("sub") != token.get("sub")):
        raise ImmediateHttpResponse(HttpResponseRedirect(reverse("account_login")))
    return {**token, **more}


def _refuse(request: HttpRequest, sociallogin: SocialLogin, claims: dict[str, Any]) -> None:
    record_sign_in(
        visitor_of(request),
        user=cast(User, sociallogin.user) if sociallogin.is_existing else None,
        name=str(claims.get("preferred_username") or claims.get("email") or claims.get("sub")),
        method=SignInMethod.SSO,
        outcome=SignInOutcome.NO_ACCESS,
        at=time_of_record.now(),
    )
    get_account_adapter(request).logout(request)
    messages.error(
        request, _("This account has no access to the desk. Ask an administrator for the right group.")
    )
    raise ImmediateHttpResponse(HttpResponseRedirect(reverse("account_login")))

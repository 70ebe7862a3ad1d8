"""OAuth 2 as a mailbox needs it: an access token for a refresh token (RFC 6749, 6) or for the client itself (4.4).

Why no library: "Access tokens by one request" in .github/decisions/mail.md.
"""

from __future__ import annotations

import json
import ssl
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import requests
from django.utils.translation import gettext as _

from tickets.protocols.http import (
    Exchange,
    NoName,
    PrivateTarget,
    Session,
    cut_off_after,
    exchange,
    innermost_cause,
)
from tickets.protocols.problems import TokenRefused
from tickets.protocols.secret_masking import without_secrets

SECONDS = 15.0
USUAL_LIFE = timedelta(hours=1)  # where the server does not say how long the token is valid
LONGEST_ANSWER = 300


@dataclass(frozen=True)
class TokenClient:
    """Whom the token server knows us as. Without a refresh token, the client asks in its own name."""

    token_url: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)
    scope: str = ""

    @property
    def form(self) -> dict[str, str]:
        """The fields of the request. Those without a value are left out, as servers refuse empty ones."""
        fields = {
            "grant_type": "refresh_token" if self.refresh_token else "client_credentials",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "refresh_token": self.refresh_token,
            "scope": self.scope,
        }
        return {name: value for name, value in fields.items() if value}


@dataclass(frozen=True)
class AccessToken:
    """``refresh_token`` is the new one if the server replaced it, else empty."""

    value: str = field(repr=False)
    lives: timedelta
    refresh_token: str = field(default="", repr=False)


def request_token(client: TokenClient) -> AccessToken:
    """Ask the token server. Raises TokenRefused with a sentence."""
    here = Exchange(deadline=time.monotonic() + SECONDS)
    try:
        with exchange(here), cut_off_after(SECONDS, here), Session() as session:
            response = session.request("POST", client.token_url, data=client.form)
    except (requests.RequestException, OSError) as error:
        raise TokenRefused(_no_answer(error, client)) from None  # its text holds the whole address
    answer = _json_of(response)
    token = answer.get("access_token")
    if response.status_code != 200 or not isinstance(token, str) or not token:
        raise TokenRefused(_refusal(response.status_code, answer, client))
    new = answer.get("refresh_token")
    replaced = new if isinstance(new, str) and new != client.refresh_token else ""
    return AccessToken(token, _lifetime(answer.get("expires_in")), replaced)


def _json_of(response: requests.Response) -> dict[str, Any]:
    try:
        answer = json.loads(response.content)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _lifetime(seconds: object) -> timedelta:
    try:
        return timedelta(seconds=min(max(int(str(seconds)), 0), 86_400))
    except ValueError:
        return USUAL_LIFE


def _refusal(status: int, answer: dict[str, Any], client: TokenClient) -> str:
    said = " ".join(str(answer[name]) for name in ("error", "error_description") if answer.get(name))
    said = without_secrets(said, [client.client_secret, client.refresh_token])
    words = {"host": _host_of(client), "error": " ".join(said.split())[:LONGEST_ANSWER] or f"HTTP {status}"}
    if answer.get("error") == "invalid_grant":
        return (
            _("The token server %(host)s no longer accepts the refresh token: %(error)s Give consent again.")
            % words
        )
    if answer.get("error") in ("invalid_client", "unauthorized_client"):
        return _("The token server %(host)s rejected the client ID or secret: %(error)s") % words
    return _("The token server %(host)s gave no token: %(error)s") % words


def _no_answer(error: Exception, client: TokenClient) -> str:
    words = {"host": _host_of(client)}
    cause = innermost_cause(error)
    match cause:
        case NoName():
            return _("There is no token server named %(host)s. Check the token address.") % words
        case PrivateTarget():
            return (
                _("The token server %(host)s has a private address. ALLOW_PRIVATE_TARGETS would permit it.")
                % words
            )
        case ssl.SSLCertVerificationError():
            return _("The token server %(host)s has no valid certificate.") % words
        case ConnectionRefusedError():
            return _("Nothing is listening at the token server %(host)s. Check the token address.") % words
    if isinstance(error, requests.Timeout) or isinstance(cause, TimeoutError):
        return _("The token server %(host)s did not respond in time.") % words
    return _("The connection to the token server %(host)s failed.") % words


def _host_of(client: TokenClient) -> str:
    return client.token_url.partition("://")[2].partition("/")[0].rpartition("@")[2]

"""The settings of django-allauth: who signs in and how. Reasons: .github/decisions/accounts.md."""

from typing import Any


def allauth_settings(url: str, *, name: str, client: str, secret: str) -> dict[str, Any]:
    """By their names; ``url`` and what follows are those of the provider of single sign-on, if there is one."""
    app = {
        "provider_id": "sso", "name": name, "client_id": client, "secret": secret,
        "settings": {"server_url": url},
    }  # fmt: skip
    return {
        "ACCOUNT_ADAPTER": "supportdesk.accounts.pages.adapter.DeskAccountAdapter",
        "ACCOUNT_FORMS": {"login": "supportdesk.accounts.pages.sign_in.SignInForm"},
        "ACCOUNT_LOGIN_METHODS": {"username"},
        "ACCOUNT_SESSION_REMEMBER": True,
        "ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS": False,
        "ACCOUNT_CHANGE_EMAIL": True,
        "ACCOUNT_REAUTHENTICATION_METHODS": ("password", "mfa"),
        # Passwords are limited by supportdesk.accounts.sign_in_limits; `login_failed` is left for second factors.
        "ACCOUNT_RATE_LIMITS": {"login": None, "login_failed": "20/m/ip,5/5m/key"},
        "MFA_ADAPTER": "supportdesk.accounts.pages.second_factor_adapter.DeskFactorAdapter",
        "MFA_SUPPORTED_TYPES": ["totp", "webauthn", "recovery_codes"],
        "MFA_FORMS": {"add_webauthn": "supportdesk.accounts.pages.second_factor.AddKeyForm"},
        "MFA_PASSKEY_LOGIN_ENABLED": True,
        # Nobody opens an account with the address of somebody else.
        "MFA_ALLOW_UNVERIFIED_EMAIL": True,
        # For clocks of telephones that are half a minute off.
        "MFA_TOTP_TOLERANCE": 1,
        # A whole office at nine; a passkey cannot be guessed.
        "MFA_RATE_LIMITS": {"webauthn_login": "60/m/ip"},
        "SOCIALACCOUNT_ADAPTER": "supportdesk.accounts.pages.single_sign_on.DeskSsoAdapter",
        "SOCIALACCOUNT_PROVIDERS": {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}},
    }

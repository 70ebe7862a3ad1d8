"""What django-allauth reads from the settings and no operator sets: who signs in and how.

Reasons: .github/decisions/accounts.md.
"""

ACCOUNT_ADAPTER = "supportdesk.accounts.pages.adapter.DeskAccountAdapter"
ACCOUNT_FORMS = {"login": "supportdesk.accounts.pages.sign_in.SignInForm"}
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_REAUTHENTICATION_METHODS = ("password", "mfa")
PASSWORD_RESET_TIMEOUT = 3_600
MFA_ADAPTER = "supportdesk.accounts.pages.second_factor_adapter.DeskFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_FORMS = {"add_webauthn": "supportdesk.accounts.pages.second_factor.AddKeyForm"}
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True  # nobody opens an account with the address of somebody else
MFA_TOTP_TOLERANCE = 1  # clocks of telephones that are half a minute off
MFA_RATE_LIMITS = {"webauthn_login": "60/m/ip"}  # a whole office at nine; a passkey cannot be guessed
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SESSION_REMEMBER = True
# Passwords are limited by supportdesk.accounts.sign_in_limits; what is left for `login_failed` are second factors.
ACCOUNT_RATE_LIMITS = {"login": None, "login_failed": "20/m/ip,5/5m/key"}

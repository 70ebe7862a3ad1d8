"""The addresses of accounts, beside the sign-in page, which is the admin's own."""

from allauth.account import views as account
from allauth.mfa.base import views as base
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as keys
from django.contrib import admin
from django.urls import path, re_path
from django.utils.translation import gettext_lazy as _
from django.views.generic import RedirectView

from supportdesk.accounts.pages.desk_look import in_the_desk
from supportdesk.accounts.pages.help_locked_out import help_locked_out
from supportdesk.accounts.pages.my_account import end_my_session, my_account
from supportdesk.accounts.pages.new_password import new_password
from supportdesk.accounts.pages.own_address import own_address
from supportdesk.accounts.pages.sign_in import sign_in
from supportdesk.accounts.pages.single_sign_on import sso_callback, sso_login

of_the_desk = admin.site.admin_view
SENT, FORGOTTEN, NEW = _("Look into your mailbox"), _("Forgotten your password?"), _("Set a new password")
KEYS, APP, CODES = _("Second factor"), _("Authenticator app"), _("Recovery codes")
ADD, REMOVE = _("Add a passkey or security key"), _("Remove the key")
CANCELLED = "socialaccount_login_cancelled"
FACTOR = "account/second-factor/"
urlpatterns = [
    path("login/", sign_in, name="account_login"),
    path("account/", of_the_desk(my_account), name="my_account"),
    path("account/sessions/end/", of_the_desk(end_my_session), name="end_my_session"),
    path("account/help/<int:number>/", of_the_desk(help_locked_out), name="help_locked_out"),
    path(f"{FACTOR}", of_the_desk(in_the_desk(base.index, KEYS)), name="mfa_index"),
    path(f"{FACTOR}sign-in/", in_the_desk(base.authenticate, KEYS), name="mfa_authenticate"),
    path("login/passkey/", in_the_desk(keys.login_webauthn), name="mfa_login_webauthn"),
    path("account/proof/code/", in_the_desk(base.reauthenticate, _("Is it you?")), name="mfa_reauthenticate"),
    path(
        "account/proof/key/",
        in_the_desk(keys.reauthenticate_webauthn, _("Is it you?")),
        name="mfa_reauthenticate_webauthn",
    ),
    path(f"{FACTOR}app/", of_the_desk(in_the_desk(totp.activate_totp, APP)), name="mfa_activate_totp"),
    path(
        f"{FACTOR}app/remove/",
        of_the_desk(in_the_desk(totp.deactivate_totp, APP)),
        name="mfa_deactivate_totp",
    ),
    path(
        f"{FACTOR}codes/",
        of_the_desk(in_the_desk(codes.view_recovery_codes, CODES)),
        name="mfa_view_recovery_codes",
    ),
    path(
        f"{FACTOR}codes/new/",
        of_the_desk(in_the_desk(codes.generate_recovery_codes, CODES)),
        name="mfa_generate_recovery_codes",
    ),
    path(
        f"{FACTOR}codes/download/",
        of_the_desk(codes.download_recovery_codes),
        name="mfa_download_recovery_codes",
    ),
    path(f"{FACTOR}keys/", RedirectView.as_view(pattern_name="mfa_index"), name="mfa_list_webauthn"),
    path(f"{FACTOR}keys/add/", of_the_desk(in_the_desk(keys.add_webauthn, ADD)), name="mfa_add_webauthn"),
    path(
        f"{FACTOR}keys/<int:pk>/remove/",
        of_the_desk(in_the_desk(keys.remove_webauthn, REMOVE)),
        name="mfa_remove_webauthn",
    ),
    path(
        f"{FACTOR}keys/<int:pk>/name/",
        of_the_desk(in_the_desk(keys.edit_webauthn, _("Name of the key"))),
        name="mfa_edit_webauthn",
    ),
    path("account/sso/<slug:provider_id>/login/", sso_login, name="openid_connect_login"),
    path("account/sso/<slug:provider_id>/callback/", sso_callback, name="openid_connect_callback"),
    path("account/sso/cancelled/", RedirectView.as_view(pattern_name="account_login"), name=CANCELLED),
    path(
        "account/sso/signup/", RedirectView.as_view(pattern_name="account_login"), name="socialaccount_signup"
    ),
    path("account/logout/", in_the_desk(account.logout, _("Sign out")), name="account_logout"),
    path(
        "account/inactive/",
        in_the_desk(account.account_inactive, _("Switched off")),
        name="account_inactive",
    ),
    path(
        "account/proof/",
        in_the_desk(account.reauthenticate, _("Is it you?")),
        name="account_reauthenticate",
    ),
    path("account/email/", of_the_desk(in_the_desk(own_address, _("Email address"))), name="account_email"),
    path(
        "account/email/sent/",
        in_the_desk(account.email_verification_sent, SENT),
        name="account_email_verification_sent",
    ),
    re_path(
        r"^account/email/confirm/(?P<key>[-:\w]+)/$",
        in_the_desk(account.confirm_email, _("Confirm your address")),
        name="account_confirm_email",
    ),
    path(
        "account/password/",
        in_the_desk(account.password_reset, FORGOTTEN),
        name="account_reset_password",
    ),
    path(
        "account/password/sent/",
        in_the_desk(account.password_reset_done, SENT),
        name="account_reset_password_done",
    ),
    re_path(
        r"^account/password/new/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        in_the_desk(new_password, NEW),
        name="account_reset_password_from_key",
    ),
    path(
        "account/password/done/",
        in_the_desk(account.password_reset_from_key_done, NEW),
        name="account_reset_password_from_key_done",
    ),
]

"""The addresses of accounts, beside the sign-in page, which is the admin's own."""

from allauth.account import views as account
from django.contrib import admin
from django.urls import path, re_path
from django.utils.translation import gettext_lazy as _

from supportdesk.accounts.pages.desk_look import in_the_desk
from supportdesk.accounts.pages.my_account import end_my_session, my_account
from supportdesk.accounts.pages.new_password import new_password
from supportdesk.accounts.pages.own_address import own_address
from supportdesk.accounts.pages.sign_in import sign_in

of_the_desk = admin.site.admin_view
SENT, FORGOTTEN, NEW = _("Look into your mailbox"), _("Forgotten your password?"), _("Set a new password")
urlpatterns = [
    path("login/", sign_in, name="account_login"),
    path("account/", of_the_desk(my_account), name="my_account"),
    path("account/sessions/end/", of_the_desk(end_my_session), name="end_my_session"),
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

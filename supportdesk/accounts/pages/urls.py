"""The addresses of accounts, beside the sign-in page, which is the admin's own."""

from allauth.account import views as account
from django.urls import path

from supportdesk.accounts.pages.desk_look import in_the_desk
from supportdesk.accounts.pages.sign_in import sign_in

urlpatterns = [
    path("login/", sign_in, name="account_login"),
    path("account/logout/", in_the_desk(account.logout), name="account_logout"),
    path("account/inactive/", in_the_desk(account.account_inactive), name="account_inactive"),
]

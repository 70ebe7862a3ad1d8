"""Asks who somebody is before they change what gives power: people, groups, policies, keys of mailboxes."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from allauth.account.adapter import get_adapter
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from customers import time_of_record
from supportdesk.accounts.recent_proof import TO_OPEN, TO_SAVE, has_proved_lately

# By the names of their pages in the admin, with the permission that makes them more than a page to read.
DANGEROUS = {
    "auth_user": "auth.change_user",
    "auth_group": "auth.change_group",
    "escalation_policy": "escalation.change_policy",
    "tickets_mailbox": "tickets.change_mailbox",
}
FORMS = ("add", "change", "delete", "password_change")


class RecentProofMiddleware:
    """A page is opened with a proof of the last quarter of an hour; its form is taken within an hour."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: Any) -> HttpResponse | None:
        if not _is_dangerous(request):
            return None
        within = TO_SAVE if request.method == "POST" else TO_OPEN
        if has_proved_lately(request.session, at=time_of_record.now(), within=within):
            return None
        return ask_for_proof(request)


def ask_for_proof(request: HttpRequest) -> HttpResponse:
    """Lead to proving it, and back; whoever has neither password nor second factor here signs in again."""
    methods = get_adapter().get_reauthentication_methods(request.user)
    if not methods:
        logout(request)
    page = methods[0]["url"] if methods else reverse("account_login")
    return HttpResponseRedirect(f"{page}?{urlencode({'next': request.get_full_path()})}")


def _is_dangerous(request: HttpRequest) -> bool:
    match = request.resolver_match
    if match is None or match.app_name != "admin" or not request.user.is_authenticated:
        return False
    name = match.url_name or ""
    of = next((each for each in DANGEROUS if name.startswith(f"{each}_")), "")
    if not of or not request.user.has_perm(DANGEROUS[of]):
        return False
    page = name.removeprefix(f"{of}_")
    return page in FORMS or (page == "changelist" and request.method == "POST")

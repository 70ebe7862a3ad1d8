"""Runs around every page: says who acts, and lets readers only read."""

from collections.abc import Callable

from auditlog.context import set_actor
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from customers.access import only_reads
from supportdesk.accounts.client_address import client_address

SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")
# What concerns nobody but the reader: signing in and out, their own password and how they see the desk.
OWN_PAGES = (
    "login", "logout", "password_change", "own_password", "my_settings", "set_language", "my_account", "end_my_session",
)  # fmt: skip
OF_ALLAUTH = ("account_", "mfa_", "openid_connect_", "socialaccount_")


class AuditMiddleware:
    """Whatever a request changes is changed by its user, from the address that asked."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method in SAFE:
            return self.get_response(request)
        actor = request.user if request.user.is_authenticated else None
        with set_actor(actor=actor, remote_addr=client_address(request) or None):
            return self.get_response(request)

    def process_view(self, request: HttpRequest, *_args: object) -> None:
        match = request.resolver_match
        if request.method in SAFE or match is None:
            return
        name = match.url_name or ""
        if name in OWN_PAGES or name.startswith(OF_ALLAUTH):
            return
        if only_reads(request.user):
            raise PermissionDenied

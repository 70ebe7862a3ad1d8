"""A person's own account: where they are signed in, how they sign in, and every sign-in with their name."""

from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from customers import time_of_record
from customers.times import near
from supportdesk.accounts.agents import agent_in_words
from supportdesk.accounts.browser_sessions import end_session, sessions_of
from supportdesk.accounts.sign_ins import visitor_of
from supportdesk.models import BrowserSession, SignIn, SignInOutcome

MOST_SHOWN = 30


def my_account(request: HttpRequest) -> HttpResponse:
    user, now = cast(User, request.user), time_of_record.now()
    rows = SignIn.objects.filter(user=user)[:MOST_SHOWN]
    context = {
        **admin.site.each_context(request),
        "title": _("Sign-in and security"),
        "sessions": [_session(each, request, now) for each in sessions_of(user, at=now)],
        "sign_ins": [_sign_in(row, now) for row in rows],
    }
    return TemplateResponse(request, "supportdesk/my_account.html", context)


@require_POST
def end_my_session(request: HttpRequest) -> HttpResponse:
    """End one of the reader's sessions, or all but this one."""
    user, now = cast(User, request.user), time_of_record.now()
    others = sessions_of(user, at=now).exclude(key=request.session.session_key or "")
    number = request.POST.get("session", "")
    if number and not (number.isascii() and number.isdecimal()):
        raise BadRequest("There is no session with this number.")
    chosen = list(others.filter(pk=number) if number else others)
    for each in chosen:
        end_session(each, by=user, visitor=visitor_of(request), at=now)
    if chosen:
        messages.success(
            request, _("The session is ended.") if number else _("All other sessions are ended.")
        )
    return HttpResponseRedirect(reverse("my_account"))


def _session(session: BrowserSession, request: HttpRequest, now: Any) -> dict[str, Any]:
    return {
        "pk": session.pk,
        "device": agent_in_words(session.agent) or _("an unknown device"),
        "address": session.address,
        "since": near(session.started_at, now),
        "seen": near(session.seen_at, now),
        "is_this": session.key == request.session.session_key,
    }


def _sign_in(row: SignIn, now: Any) -> dict[str, Any]:
    return {
        "at": near(row.at, now),
        "outcome": row.get_outcome_display(),
        "method": row.get_method_display(),
        "is_well": row.outcome == SignInOutcome.SIGNED_IN,
        "device": agent_in_words(row.agent) or _("an unknown device"),
        "address": row.address,
    }

"""The page behind the link in a notification: only its button (POST) acknowledges, so that mail scanners cannot.

Taking the ticket over happens on its own page, after signing in.

Reasons: .github/decisions/notifications.md.
"""

from datetime import datetime

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.views.decorators.clickjacking import xframe_options_deny
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from customers import time_of_record
from customers.lock_waits import short_lock_waits
from customers.times import as_read_by, reader_of
from escalation.choices import AcknowledgedBy
from escalation.enforcement.acknowledge import acknowledge
from escalation.notifications.acknowledge_links import Invitation, invitation
from supportdesk.page_headers import nonce_of
from tickets.errors import DeskError

TAKES = "tickets.change_ticket"
QUIET = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}


# The signed link authorizes the request, not a cookie. A page without referrers posts with the origin "null".
@csrf_exempt
@xframe_options_deny
@require_http_methods(["GET", "HEAD", "POST"])
def acknowledge_page(request: HttpRequest, token: str) -> HttpResponse:
    """Show the ticket that waits, in the language of the person invited; 404 unless the link is theirs and genuine."""
    now = time_of_record.now()
    asked = invitation(token, now=now)
    if asked is None:
        return HttpResponse(render_to_string("404.html", nonce_of(request)), status=404, headers=QUIET)
    if request.method == "POST" and request.POST.get("act") == "take_over":
        return _to_ticket(asked)
    with as_read_by(*reader_of(asked.user)):
        problem = _acknowledge(asked, now) if request.method == "POST" else ""
        answer = invitation(token, now=now) if request.method == "POST" else asked
        context = {**_context(answer or asked, now, problem), **nonce_of(request)}
        page = render_to_string("supportdesk/ack.html", context)
        headers = {**QUIET, "Content-Language": translation.get_language() or ""}
    return HttpResponse(page, status=410 if asked.is_expired else 200, headers=headers)


def _to_ticket(asked: Invitation) -> HttpResponse:
    """The ticket's page, which asks for sign-in: a link may say "I'm on it", but it gives nobody a ticket."""
    address = reverse("admin:tickets_ticket_change", args=[asked.escalation.clock.ticket_id])
    return HttpResponseRedirect(address, status=303, headers=QUIET)


def _acknowledge(asked: Invitation, now: datetime) -> str:
    """Acknowledge, unless the link has ended. Returns the error to show, or an empty string."""
    if asked.is_expired or asked.is_over or asked.said is not None:
        return ""
    try:
        with short_lock_waits():
            acknowledge(
                ticket=asked.escalation.clock.ticket, actor=asked.user, at=now, by=AcknowledgedBy.LINK
            )
    except DeskError as error:
        return str(error)
    return ""


def _context(asked: Invitation, now: datetime, problem: str) -> dict[str, object]:
    clock = asked.escalation.clock
    return {
        "asked": asked,
        "clock": clock,
        "ticket": clock.ticket,
        "now": now,
        "page": reverse("admin:tickets_ticket_change", args=[clock.ticket_id]),
        "is_mine": clock.ticket.owner == asked.user,
        "may_take_over": clock.ticket.owner != asked.user and asked.user.has_perm(TAKES),
        "problem": problem,
    }

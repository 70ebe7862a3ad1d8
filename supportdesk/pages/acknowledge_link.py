"""The page behind the link in a notification: only its button (POST) acknowledges, so that mail scanners cannot.

Reasons: .github/decisions/notifications.md.
"""

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.views.decorators.clickjacking import xframe_options_deny
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from customers.times import as_read_by, reader_of
from escalation.choices import AcknowledgedBy
from escalation.clocks.acknowledgements import holding_acknowledgements
from escalation.enforcement.acknowledge import acknowledge, take_over
from escalation.notifications.acknowledge_links import Invitation, invitation
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
    """Show the ticket that waits, in the language of the person invited; 404 if anything is wrong with the link."""
    now = timezone.now()
    asked = invitation(token, now=now)
    if asked is None:
        return HttpResponse(render_to_string("404.html"), status=404, headers=QUIET)
    with as_read_by(*reader_of(asked.user)):
        problem = _act(request, asked, now) if request.method == "POST" else ""
        answer = invitation(token, now=now) if request.method == "POST" else asked
        page = render_to_string("supportdesk/ack.html", _context(answer or asked, now, problem))
        headers = {**QUIET, "Content-Language": translation.get_language() or ""}
    return HttpResponse(page, headers=headers)


def _act(request: HttpRequest, asked: Invitation, now: datetime) -> str:
    """Acknowledge or take over, once. Returns the error to show, or an empty string."""
    if asked.said is not None or asked.is_over:
        return ""
    ticket = asked.escalation.clock.ticket
    try:
        if request.POST.get("act") == "take_over" and asked.user.has_perm(TAKES):
            take_over(ticket=ticket, actor=asked.user, at=now)
        else:
            acknowledge(ticket=ticket, actor=asked.user, at=now, by=AcknowledgedBy.LINK)
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
        "in_hand": holding_acknowledgements([clock], now=now).get(clock.pk),
        "is_mine": clock.ticket.owner == asked.user,
        "may_take_over": clock.ticket.owner != asked.user and asked.user.has_perm(TAKES),
        "problem": problem,
    }

"""The views of the board: the page, the part of it that refreshes itself, and the list as a download."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from customers import time_of_record
from customers.access import sees_all
from customers.lock_waits import short_lock_waits
from escalation.choices import AcknowledgedBy
from escalation.enforcement.acknowledge import acknowledge
from escalation.exports.ticket_list_csv import tickets_response
from supportdesk.navigation import note_held_mail
from supportdesk.pages.board.queries import (
    board_counters,
    board_rows,
    compliance,
    listed_clocks,
    mail_trouble,
    open_proposals,
    stranded_tickets,
)
from supportdesk.pages.board.shared import shared_part
from supportdesk.pages.ticket_filter import TicketFilter
from tickets.access import MAY_RELEASE, ticket_scope, visible_tickets
from tickets.errors import DeskError
from tickets.models import Ticket
from tickets.search.notes import search_notes
from tickets.services.proposals import confirm_proposal, reject_proposal

VIEW = "tickets.view_ticket"
CHANGE = "tickets.change_ticket"
DESK = "customers.view_desk"  # directors, operators and administrators


def board(request: HttpRequest, each_context: Callable[[HttpRequest], dict[str, Any]]) -> HttpResponse:
    """The whole page or, for htmx, only the parts that refresh: list, counters and health.

    ``each_context`` returns the context that every admin page needs; a refresh does not call it.
    """
    now = time_of_record.now()
    chosen = _filter(request, now)
    partial = _is_partial(request)
    context = {"now": now, "chosen": chosen, **_live(request, chosen, now)}
    if not partial:
        context |= {
            **each_context(request),
            "title": _("Board"),
            "is_fullwidth": "1",
        }
    response = render(request, f"supportdesk/{'board_live' if partial else 'board'}.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def compliance_figures(request: HttpRequest) -> HttpResponse:
    """The share of promises kept, as a request of its own because it reads the promises of two weeks."""
    now = time_of_record.now()
    this_week, last_week = compliance(_filter(request, now).queryset, now=now)
    return render(request, "supportdesk/board_kept.html", {"this_week": this_week, "last_week": last_week})


def export_list(request: HttpRequest) -> HttpResponseBase:
    """Download the list of the board as CSV, with the same filter."""
    if not request.user.has_perm(VIEW):
        raise PermissionDenied
    tickets = _filter(request, time_of_record.now(), is_capped=False).qs.order_by("-opened_at")
    return tickets_response(tickets, zone=timezone.get_current_timezone())


@require_POST
def acknowledge_row(request: HttpRequest, ticket: int) -> HttpResponse:
    """Acknowledge the ticket from its row. htmx is then told to reload the list, which shows who has the ticket."""
    return _act_on_row(
        request,
        ticket,
        lambda row, user, at: acknowledge(ticket=row, actor=user, at=at, by=AcknowledgedBy.BOARD),
    )


@require_POST
def decide_row(request: HttpRequest, ticket: int, decision: str) -> HttpResponse:
    """Confirm or reject the ticket's proposed priority with one click."""
    decide = {"confirm": confirm_proposal, "reject": reject_proposal}.get(decision)
    if decide is None:
        raise Http404
    return _act_on_row(request, ticket, lambda row, user, at: decide(ticket=row, actor=user, at=at))


def _act_on_row(
    request: HttpRequest, ticket: int, act: Callable[[Ticket, User, datetime], object]
) -> HttpResponse:
    user = cast(User, request.user)
    if not user.has_perm(CHANGE):
        raise PermissionDenied
    row = get_object_or_404(visible_tickets(user), pk=ticket)
    try:
        with short_lock_waits():
            act(row, user, time_of_record.now())
    except DeskError as error:
        messages.error(request, str(error))
    if "HX-Request" in request.headers:
        return HttpResponse(status=204, headers={"HX-Trigger": "desk:refresh"})
    return HttpResponseRedirect(f"{reverse('admin:index')}?{request.POST.get('query', '')}")


def _filter(request: HttpRequest, now: datetime, *, is_capped: bool = True) -> TicketFilter:
    user = cast(User, request.user)
    scope = None if sees_all(user) else ticket_scope(user)
    tickets = visible_tickets(user, scope=scope)
    if not user.has_perm(VIEW):
        tickets = tickets.none()
    team = scope.people if scope else None
    return TicketFilter(request.GET, tickets, user=user, now=now, team=team, is_capped=is_capped)


def _is_partial(request: HttpRequest) -> bool:
    """True if htmx asked for the refreshing parts only; a page restored from the browser's history needs all of it."""
    return "HX-Request" in request.headers and "HX-History-Restore-Request" not in request.headers


def _live(request: HttpRequest, chosen: TicketFilter, now: datetime) -> dict[str, Any]:
    user = cast(User, request.user)
    params = request.GET.copy()
    page, promise = params.pop("page", ["1"])[-1], chosen.chosen("promise")
    shared = shared_part(now=now)
    counters = board_counters(
        chosen.queryset, now=now, listed=listed_clocks(chosen.qs, promise=promise, now=now)
    )
    listed = board_rows(
        chosen.qs,
        now=now,
        reader=user if user.has_perm(CHANGE) else None,
        page=int(page) if page.isascii() and page.isdigit() and len(page) <= 6 else 1,
        promise=promise,
        active_only=not (params.getlist("status") or params.get("q")),
        promised=counters.listed,
        read_people=lambda: shared.people,
    )
    if user.has_perm(MAY_RELEASE):
        note_held_mail(request, counters.held)
    return {
        "list": listed,
        "notes": search_notes(chosen.found) if chosen.found is not None else [],
        "selects": [chosen.form[name] for name in ("promise", "owner", "scenario")],
        "pulse": counters,
        "proposals": open_proposals(chosen.queryset) if listed.may_have_proposals else [],
        "may_decide": user.has_perm(CHANGE),
        "stranded": stranded_tickets(chosen.queryset) if counters.stranded else None,
        "mail": mail_trouble(now=now) if sees_all(user) else None,
        "duties": shared.duties,
        "health": shared.health,
        "may_see_desk": user.has_perm(DESK),
        "query": params.urlencode(),
        # The URL of a row, without resolving it for every row.
        "ticket_url": reverse("admin:tickets_ticket_changelist"),
        "board_url": f"{reverse('admin:index')}board/",
    }

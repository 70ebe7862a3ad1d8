"""The admin of promises, read-only with their ledger: services change them."""

import json
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter, RangeDateTimeFilter
from unfold.decorators import display

from customers.admin.base import ReadOnlyAdmin, ReadOnlyInline, RowAccessAdmin
from customers.admin.fields import person
from escalation.access import visible_clocks
from escalation.admin.behind_figure import BehindFigure
from escalation.admin.promises.ledger import EventColumns
from escalation.admin.promises.times import moment_marked
from escalation.choices import ClockState
from escalation.models import Clock, ClockEvent
from escalation.proof.inclusion import proof_of
from tickets.access import visible_tickets
from tickets.admin.display import ticket_link
from tickets.admin.labels import PRIORITY
from tickets.admin.search_notes import show_notes
from tickets.search.finding import find_tickets

EXPLAIN = "admin:tickets_ticket_explain"  # a page of supportdesk
PROOF = "escalation_clock_proof"
STATE = {
    ClockState.RUNNING: "info",
    ClockState.MET: "success",
    ClockState.BREACHED: "danger",
    ClockState.CANCELLED: "default",
    ClockState.PAUSED: "warning",
}


class WaiverFilter(DropdownFilter):
    """Leads find here what waits for a second person."""

    title = _("waiver")
    parameter_name = "waiver"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("proposed", _("to be confirmed")), ("waived", _("Waived"))]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Clock]") -> "QuerySet[Clock]":
        match self.value():
            case "proposed":
                return queryset.filter(waiver_proposed_by__isnull=False, waived_at=None)
            case "waived":
                return queryset.filter(waived_by__isnull=False)
            case _all:
                return queryset


TEXTS = tuple(f"{by}__{text}" for by in ("started_by", "answered_by") for text in ("body", "quoted", "html"))


class ClockEventInline(EventColumns, ReadOnlyInline):
    model = ClockEvent
    fields = readonly_fields = ("happened", "change", "due_after", "who", "held_by", "why", "recorded_at")
    ordering = ("pk",)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[ClockEvent]":
        events: Any = super().get_queryset(request)
        ledger_lines: QuerySet[ClockEvent] = events.with_messages().select_related("actor", "holder")
        return ledger_lines


@admin.register(Clock)
class ClockAdmin(ReadOnlyAdmin, RowAccessAdmin):
    list_display = (
        "number", "customer", "kind", "shown_priority", "shown_state", "started", "due_at", "stopped", "explained",
    )  # fmt: skip
    list_display_links = ("kind",)
    list_filter = (
        BehindFigure,
        ("state", ChoicesDropdownFilter),
        ("kind", ChoicesDropdownFilter),
        ("priority", ChoicesDropdownFilter),
        WaiverFilter,
        ("due_at", RangeDateTimeFilter),
    )
    list_select_related = ("ticket__customer", "started_by", "answered_by")
    search_fields = ("ticket__subject",)
    search_help_text = _("Ticket number, subject or customer")
    sortable_by = ("started", "due_at")
    ordering = ("-due_at",)
    inlines = (ClockEventInline,)
    fieldsets = (
        (None, {"fields": (("number", "customer"), ("kind", "priority"), ("state", "waiver"))}),
        (
            _("Times"),
            {
                "fields": (
                    ("started", "due_at"),
                    ("stopped", "breached_at"),
                    ("detected_at", "paused_at"),
                )
            },
        ),
        (
            _("Terms"),
            {"fields": (("policy_version", "minutes"), ("calendar", "calendar_version"), "contract")},
        ),
        (_("Proof"), {"fields": ("proof",)}),
    )
    readonly_fields = ("number", "customer", "waiver", "started", "stopped", "proof")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.proof_view)
        return [path("<int:pk>/proof/", view, name=PROOF), *super().get_urls()]

    def proof_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The lines of a promise with the paths to their seals, to send to its customer."""
        clock = get_object_or_404(self.get_queryset(request), pk=pk)
        if not self.has_view_permission(request, clock):
            raise PermissionDenied
        document = json.dumps(proof_of(clock), ensure_ascii=False, indent=2) + "\n"
        headers = {"Content-Disposition": f'attachment; filename="sla-{pk}-proof.json"'}
        return HttpResponse(document, content_type="application/json", headers=headers)

    @display(description=_("proof for the customer"))
    def proof(self, clock: Clock) -> str:
        return format_html(
            '<a href="{}">sla-{}-proof.json</a>', reverse(f"admin:{PROOF}", args=[clock.pk]), clock.pk
        )

    def visible(self, user: User | AnonymousUser) -> QuerySet[Clock]:
        return visible_clocks(user)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Clock]":
        clocks: QuerySet[Clock] = super().get_queryset(request)
        return clocks.select_related(*self.list_select_related).defer(*TEXTS)

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Clock]", search_term: str
    ) -> tuple["QuerySet[Clock]", bool]:
        """The promises of the tickets that the search means."""
        term = search_term.strip()
        if not term:
            return queryset, False
        found = find_tickets(visible_tickets(request.user), term)
        show_notes(request, found)
        return queryset.filter(ticket__in=found.keys), False

    @display(description=_("started at"), ordering="started_at")
    def started(self, clock: Clock) -> str:
        by = clock.started_by
        is_backdated = by is not None and by.at == clock.started_at and by.is_backdated
        return moment_marked(clock.started_at, is_backdated=is_backdated)

    @display(description=_("stopped at"))
    def stopped(self, clock: Clock) -> str:
        by = clock.answered_by
        return moment_marked(clock.stopped_at, is_backdated=by is not None and by.is_backdated)

    @display(description=_("in detail"))
    def explained(self, clock: Clock) -> str:
        address = reverse(EXPLAIN, args=[clock.ticket_id, clock.pk])
        return format_html(
            '<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>', address, _("Explain")
        )

    @display(description=_("ticket"))
    def number(self, clock: Clock) -> str:
        return ticket_link(clock.ticket_id)

    @display(description=_("customer"))
    def customer(self, clock: Clock) -> str:
        return clock.ticket.customer.name if clock.ticket.customer else "-"

    @display(description=_("priority"), label=PRIORITY)
    def shown_priority(self, clock: Clock) -> tuple[int, str]:
        return clock.priority, clock.get_priority_display()

    @display(description=_("state"), label=STATE)
    def shown_state(self, clock: Clock) -> tuple[str, str]:
        return clock.state, clock.get_state_display()

    @display(description=_("waived"))
    def waiver(self, clock: Clock) -> str:
        if clock.waived_at is None:
            return "-"
        at = date_format(timezone.localtime(clock.waived_at), "DATETIME_FORMAT")
        return f"{at} · {person(clock.waived_by)} · {clock.waive_reason}"

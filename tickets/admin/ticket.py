"""The list of tickets a person may see, with search in the whole conversation and bulk changes through services.

The page of one ticket belongs to the escalation app, which subclasses this admin.
"""

from typing import Any, cast

from django.contrib import admin
from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from unfold.contrib.filters.admin import (
    ChoicesDropdownFilter,
    DropdownFilter,
    RangeDateTimeFilter,
    TextFilter,
)
from unfold.decorators import display

from customers.access import team_ids, visible_people
from customers.admin.base import RowAccessAdmin, VisibleRelatedFilter
from customers.admin.fields import person
from tickets.access import visible_tickets
from tickets.admin import labels
from tickets.admin.bulk import AssignForm, BulkPriorityForm, BulkStatusForm, in_bulk
from tickets.admin.search_notes import show_notes
from tickets.choices import ACTIVE_STATUSES
from tickets.models import Ticket
from tickets.models.tag import tagged_tickets
from tickets.models.ticket import TicketQuerySet
from tickets.search.finding import find_tickets


class OwnerFilter(DropdownFilter):
    """Mine, my people's, or those of one colleague of mine."""

    title = _("owner")
    parameter_name = "owner"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        people = [(str(user.pk), person(user)) for user in visible_people(request.user)]
        return [("me", _("Mine")), ("team", _("My team's")), *people]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Ticket]") -> "QuerySet[Ticket]":
        match self.value():
            case "me":
                return queryset.filter(owner=request.user.pk)
            case "team":
                return queryset.filter(owner__in=team_ids(request.user))
            case str(key) if key.isascii() and key.isdigit():
                return queryset.filter(owner=int(key))
            case _all:
                return queryset


class ActiveFilter(DropdownFilter):
    """Tickets that still need work, or those that are done."""

    title = _("progress")
    parameter_name = "work"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("active", pgettext_lazy("tickets", "Unfinished")), ("done", _("Resolved or closed"))]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Ticket]") -> "QuerySet[Ticket]":
        match self.value():
            case "active":
                return queryset.filter(status__in=ACTIVE_STATUSES)
            case "done":
                return queryset.exclude(status__in=ACTIVE_STATUSES)
            case _all:
                return queryset


class TagFilter(TextFilter):
    """Tickets with one tag, as it is written."""

    title = _("tag")
    parameter_name = "tag"

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Ticket]") -> "QuerySet[Ticket]":
        wanted = self.value()
        return queryset.filter(pk__in=tagged_tickets(str(wanted))) if wanted else queryset


@admin.register(Ticket)
class TicketAdmin(RowAccessAdmin):
    list_display: tuple[str, ...] = (
        "sd_number", "subject", "customer", "shown_priority", "shown_status", "owned_by", "updated_at",
    )  # fmt: skip
    list_display_links = ("sd_number", "subject")
    list_filter = (
        ActiveFilter,
        ("status", ChoicesDropdownFilter),
        ("priority", ChoicesDropdownFilter),
        OwnerFilter,
        ("customer", VisibleRelatedFilter),
        ("channel", ChoicesDropdownFilter),
        TagFilter,
        ("opened_at", RangeDateTimeFilter),
    )
    list_select_related = ("customer", "owner")
    search_fields = ("subject",)
    search_help_text = _("Number, subject, text, customer or contact")
    sortable_by = ("updated_at",)
    ordering = ("-updated_at",)
    actions = ("assign_to", "set_status", "set_priority")

    def visible(self, user: User | AnonymousUser) -> TicketQuerySet:
        return visible_tickets(user)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Ticket]", search_term: str
    ) -> tuple["QuerySet[Ticket]", bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        found = find_tickets(cast(TicketQuerySet, queryset), term)
        show_notes(request, found)
        return queryset.filter(pk__in=found.keys), False

    def actor(self, request: HttpRequest) -> User:
        return cast(User, request.user)

    @display(description=_("number"))
    def sd_number(self, ticket: Ticket) -> str:
        return ticket.number

    @display(description=_("priority"), label=labels.PRIORITY)
    def shown_priority(self, ticket: Ticket) -> tuple[int, str]:
        return ticket.priority, ticket.get_priority_display()

    @display(description=_("status"), label=labels.STATUS)
    def shown_status(self, ticket: Ticket) -> tuple[str, str]:
        return ticket.status, ticket.get_status_display()

    @display(description=_("owner"))
    def owned_by(self, ticket: Ticket) -> str:
        return person(ticket.owner)

    @admin.action(description=_("Hand over to …"), permissions=["change"])
    def assign_to(self, request: HttpRequest, queryset: "QuerySet[Ticket]") -> HttpResponse | None:
        return in_bulk(self, request, queryset, AssignForm)

    @admin.action(description=_("Change status …"), permissions=["change"])
    def set_status(self, request: HttpRequest, queryset: "QuerySet[Ticket]") -> HttpResponse | None:
        return in_bulk(self, request, queryset, BulkStatusForm)

    @admin.action(description=_("Change priority …"), permissions=["change"])
    def set_priority(self, request: HttpRequest, queryset: "QuerySet[Ticket]") -> HttpResponse | None:
        return in_bulk(self, request, queryset, BulkPriorityForm)

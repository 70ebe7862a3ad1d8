"""The tickets that moved during an absence, to be taken back or left."""

from typing import Any, cast

from django.contrib import admin
from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import display

from customers import time_of_record
from customers.access import sees_all, team_ids
from customers.admin.base import ReadOnlyAdmin, RowAccessAdmin
from customers.admin.fields import person
from escalation.absences.returning import keep, take_back
from escalation.models import AbsenceMove, Settled
from tickets.admin.apply_to_each import apply_to_each, refuse_too_many, show_outcome
from tickets.admin.display import ticket_link

COLOURS = {"": "warning", Settled.TAKEN_BACK: "success", Settled.KEPT: "info", Settled.PASSED: "default"}


class StandingFilter(DropdownFilter):
    """Filters by progress: to be decided, still away, or settled."""

    title = _("progress")
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("offered", _("To be decided")), ("away", _("Still away")), ("settled", _("Settled"))]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[AbsenceMove]") -> "QuerySet[AbsenceMove]":
        match self.value():
            case "offered":
                return queryset.filter(settled_at=None, offered_at__isnull=False)
            case "away":
                return queryset.filter(settled_at=None, offered_at=None)
            case "settled":
                return queryset.filter(settled_at__isnull=False)
            case _all:
                return queryset


@admin.register(AbsenceMove)
class AbsenceMoveAdmin(ReadOnlyAdmin, RowAccessAdmin):
    list_display = ("number", "subject", "held_before", "has_it", "moved_at", "offered_at", "standing")
    list_display_links = None
    list_filter = (StandingFilter,)
    list_select_related = ("ticket__owner", "from_owner")
    search_fields = ("ticket__subject", "from_owner__username", "from_owner__first_name")
    sortable_by = ("moved_at",)
    ordering = ("settled_at", "-moved_at")
    actions = ("take_back", "keep")

    def visible(self, user: User | AnonymousUser) -> QuerySet[AbsenceMove]:
        """The moves from or to the reader and their team."""
        if sees_all(user):
            return AbsenceMove.objects.all()
        people = team_ids(user)
        return AbsenceMove.objects.filter(
            Q(from_owner__in=people) | Q(to_owner__in=people) | Q(ticket__owner__in=people)
        )

    def has_decide_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("tickets.change_ticket")

    @display(description=_("ticket"))
    def number(self, move: AbsenceMove) -> str:
        return ticket_link(move.ticket_id)

    @display(description=_("subject"))
    def subject(self, move: AbsenceMove) -> str:
        return f"P{move.ticket.priority} {move.ticket.subject}"

    @display(description=_("previous owner"))
    def held_before(self, move: AbsenceMove) -> str:
        return person(move.from_owner)

    @display(description=_("current owner"))
    def has_it(self, move: AbsenceMove) -> str:
        return person(move.ticket.owner)

    @display(description=_("progress"), label=COLOURS)
    def standing(self, move: AbsenceMove) -> tuple[str, Any]:
        if move.settled_at is not None:
            return move.settled_as, move.get_settled_as_display()
        return "", _("To be decided") if move.offered_at is not None else _("Still away")

    @admin.action(description=_("Take back"), permissions=["decide"])
    def take_back(self, request: HttpRequest, queryset: "QuerySet[AbsenceMove]") -> None:
        self._each(request, queryset, take_back)

    @admin.action(description=_("Leave it as it is"), permissions=["decide"])
    def keep(self, request: HttpRequest, queryset: "QuerySet[AbsenceMove]") -> None:
        self._each(request, queryset, keep)

    def _each(self, request: HttpRequest, moves: "QuerySet[AbsenceMove]", service: Any) -> None:
        if refuse_too_many(request, moves.count()):
            return
        actor, at = cast(User, request.user), time_of_record.now()
        chosen = moves.select_related("ticket")
        show_outcome(
            request, apply_to_each(chosen, lambda move: service(move=move, actor=actor, at=at), _number)
        )


def _number(move: AbsenceMove) -> str:
    return move.ticket.number

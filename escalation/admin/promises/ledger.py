"""The admin of the ledger of all promises, read-only. Nothing edits or deletes its lines, here or anywhere."""

import json
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import AnonymousUser, User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateTimeFilter
from unfold.decorators import display

from customers.admin.base import ReadOnlyAdmin, RowAccessAdmin
from customers.admin.fields import person
from escalation.access import visible_ledger
from escalation.admin.behind_figure import BehindFigure
from escalation.admin.promises.times import moment_marked
from escalation.models import ClockEvent
from tickets.admin.display import ticket_link


class EventColumns:
    """The columns of a ledger line, for the list of the ledger and the page of its promise."""

    @display(description=_("time"))
    def happened(self, event: ClockEvent) -> str:
        return moment_marked(event.at, is_backdated=event.is_backdated)

    @display(description=_("actor"))
    def who(self, event: ClockEvent) -> str:
        return person(event.actor) if event.actor else str(_("the desk"))

    @display(description=_("owner then"))
    def held_by(self, event: ClockEvent) -> str:
        return person(event.holder)

    @display(description=_("cause"))
    def why(self, event: ClockEvent) -> str:
        return event.why or "-"


@admin.register(ClockEvent)
class ClockEventAdmin(EventColumns, ReadOnlyAdmin, RowAccessAdmin):
    list_display = (
        "recorded_at",
        "happened",
        "number",
        "kind",
        "change",
        "due_after",
        "who",
        "held_by",
        "why",
    )
    list_filter = (BehindFigure, ("change", ChoicesDropdownFilter), ("at", RangeDateTimeFilter))
    list_select_related = ("clock", "actor", "holder", "message")
    sortable_by = ()
    ordering = ("-pk",)
    fields = (
        ("number", "kind"), ("change", "why"), ("happened", "recorded_at"), ("who", "held_by"),
        ("state_before", "state_after"), ("due_before", "due_after"), "written_data",
    )  # fmt: skip
    readonly_fields = ("happened", "number", "kind", "who", "held_by", "why", "written_data")

    def get_queryset(self, request: HttpRequest) -> "QuerySet[ClockEvent]":
        events: Any = super().get_queryset(request)
        ledger_lines: QuerySet[ClockEvent] = events.with_messages().select_related(*self.list_select_related)
        return ledger_lines

    def visible(self, user: User | AnonymousUser) -> QuerySet[ClockEvent]:
        return visible_ledger(user)

    @display(description=_("ticket"))
    def number(self, event: ClockEvent) -> str:
        return ticket_link(event.clock.ticket_id)

    @display(description=_("SLA"))
    def kind(self, event: ClockEvent) -> str:
        return event.clock.get_kind_display()

    @display(description=_("data"))
    def written_data(self, event: ClockEvent) -> str:
        data = json.dumps(event.data, ensure_ascii=False, sort_keys=True, indent=2)
        return format_html('<pre class="break-words as-written">{}</pre>', data)

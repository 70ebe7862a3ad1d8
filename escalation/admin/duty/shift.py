"""The admin of shifts: those entered by hand can be edited; layers and overrides generate the others."""

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateTimeFilter, RelatedDropdownFilter
from unfold.decorators import display

from customers.admin.base import DeskAdmin
from customers.admin.fields import person
from escalation.models import DutyShift, ShiftSource


@admin.register(DutyShift)
class DutyShiftAdmin(DeskAdmin):
    list_display = ("rota", "on_duty", "starts_at", "ends_at", "source")
    list_display_links = ("rota", "on_duty")
    list_filter = (
        ("rota", RelatedDropdownFilter),
        ("source", ChoicesDropdownFilter),
        ("starts_at", RangeDateTimeFilter),
    )
    list_select_related = ("rota", "user")
    search_fields = ("user__username", "user__first_name", "user__last_name")
    sortable_by = ("starts_at",)
    ordering = ("-starts_at",)
    about_people = ()
    fieldsets = ((None, {"fields": (("rota", "user"), ("starts_at", "ends_at"))}),)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return _is_by_hand(obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return _is_by_hand(obj) and super().has_delete_permission(request, obj)

    @display(description=_("on duty"))
    def on_duty(self, shift: DutyShift) -> str:
        return person(shift.user)


def _is_by_hand(row: Model | None) -> bool:
    """True for shifts entered by hand. Others would be generated again; change the layer or override instead."""
    return not isinstance(row, DutyShift) or row.source == ShiftSource.HAND

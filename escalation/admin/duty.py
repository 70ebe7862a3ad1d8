"""Duty rotas and their shifts: who is on duty now, and who is next."""

from typing import Any

from django.contrib import admin
from django.db.models import Case, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce, Concat, NullIf, Trim
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import RangeDateTimeFilter, RelatedDropdownFilter
from unfold.decorators import display

from customers.admin.base import DeskAdmin, VisibleChoices
from customers.admin.fields import person
from customers.names import CHINESE
from escalation.models import DutyRota, DutyShift

WRITTEN = Case(
    When(user__last_name__regex=CHINESE, then=Concat("user__last_name", "user__first_name")),
    default=Concat("user__first_name", Value(" "), "user__last_name"),
)
FULL_NAME = Coalesce(NullIf(Trim(WRITTEN), Value("")), "user__username")  # as customers.names writes it


class DutyShiftInline(VisibleChoices, TabularInline):
    """The shifts that are not over; the list of shifts has all of them."""

    model = DutyShift
    fields = ("user", "starts_at", "ends_at")
    extra = 0
    per_page = 20
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> "QuerySet[DutyShift]":
        shifts: QuerySet[DutyShift] = super().get_queryset(request)
        return shifts.filter(ends_at__gt=timezone.now())


@admin.register(DutyRota)
class DutyRotaAdmin(DeskAdmin):
    list_display = ("name", "time_zone", "now_on_duty", "next_on_duty", "next_from")
    search_fields = ("name",)
    inlines = (DutyShiftInline,)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[DutyRota]":
        now = timezone.now()
        shifts = DutyShift.objects.filter(rota=OuterRef("pk"))
        running = shifts.filter(starts_at__lte=now, ends_at__gt=now).order_by("-starts_at", "-pk")
        coming = shifts.filter(starts_at__gt=now).order_by("starts_at")
        rotas: QuerySet[DutyRota] = super().get_queryset(request)
        return rotas.annotate(
            now_name=Subquery(running.annotate(name=FULL_NAME).values("name")[:1]),
            next_name=Subquery(coming.annotate(name=FULL_NAME).values("name")[:1]),
            next_start=Subquery(coming.values("starts_at")[:1]),
        )

    @display(description=_("on duty now"))
    def now_on_duty(self, rota: Any) -> str:
        return rota.now_name or str(_("nobody"))

    @display(description=_("next"))
    def next_on_duty(self, rota: Any) -> str:
        return rota.next_name or str(_("nobody"))

    @display(description=_("from"))
    def next_from(self, rota: Any) -> Any:
        return rota.next_start


@admin.register(DutyShift)
class DutyShiftAdmin(DeskAdmin):
    list_display = ("rota", "on_duty", "starts_at", "ends_at")
    list_display_links = ("rota", "on_duty")
    list_filter = (("rota", RelatedDropdownFilter), ("starts_at", RangeDateTimeFilter))
    list_select_related = ("rota", "user")
    search_fields = ("user__username", "user__first_name", "user__last_name")
    sortable_by = ("starts_at",)
    ordering = ("-starts_at",)
    fieldsets = ((None, {"fields": (("rota", "user"), ("starts_at", "ends_at"))}),)

    @display(description=_("on duty"))
    def on_duty(self, shift: DutyShift) -> str:
        return person(shift.user)

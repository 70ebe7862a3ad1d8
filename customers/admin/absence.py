"""The admin of absences. People enter their own, and those of their people."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import AnonymousUser, User
from django.db.models import ForeignKey, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from customers.access import visible_absences, visible_people
from customers.admin.base import RowAccessAdmin
from customers.admin.fields import person
from customers.models import Absence


@admin.register(Absence)
class AbsenceAdmin(RowAccessAdmin):
    list_display = ("name", "starts_at", "ends_at", "reason")
    list_display_links = ("name",)
    list_filter = (("starts_at", RangeDateTimeFilter),)
    list_select_related = ("user",)
    search_fields = ("user__username", "user__first_name", "user__last_name", "reason")
    sortable_by = ("starts_at", "ends_at")
    fieldsets = ((None, {"fields": ("user", "starts_at", "ends_at", "reason")}),)

    def visible(self, user: User | AnonymousUser) -> QuerySet[Absence]:
        return visible_absences(user)

    def formfield_for_foreignkey(
        self, db_field: "ForeignKey[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> Any:
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        field.queryset = visible_people(request.user)
        field.initial = request.user.pk
        return field

    @display(description=_("user"))
    def name(self, absence: Absence) -> str:
        return person(absence.user)

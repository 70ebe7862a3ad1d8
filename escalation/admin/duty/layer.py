"""Layers of a rota; saving one generates the rota's shifts at once."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.forms import PaginationInlineFormSet

from customers import time_of_record
from customers.admin.base import DeskAdmin, UntitledInline, VisibleChoices
from escalation.admin.duty.forms import LayerForm
from escalation.admin.duty.layer_text import LayerColumns
from escalation.duty.shifts import generate_shifts
from escalation.models import DutyLayer, DutyRota, DutyTurn


class TurnFormSet(PaginationInlineFormSet):
    default_error_messages = {
        **PaginationInlineFormSet.default_error_messages,
        "too_few_forms": _("Choose at least one person for the rotation."),
    }


class TurnInline(VisibleChoices, UntitledInline):
    """The people in their order; rows are dragged by a handle."""

    model = DutyTurn
    about_people = ()
    formset = TurnFormSet
    fields = ("user", "position")
    ordering_field = "position"
    hide_ordering_field = True
    extra = 0
    min_num = 1

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        return super().get_formset(request, obj, validate_min=True, **kwargs)


@admin.register(DutyLayer)
class DutyLayerAdmin(LayerColumns, DeskAdmin):
    form = LayerForm
    list_display = ("name", "rota", "level", "hand_over_words", "hours", "people", "starts_on", "ends_on")
    list_select_related = ("rota",)
    search_fields = ("name", "rota__name")
    sortable_by = ("name", "level")
    inlines = (TurnInline,)
    fieldsets = (
        (None, {"fields": (("rota", "name"), "level", ("starts_on", "ends_on"))}),
        (
            _("Rotation"),
            {
                "fields": (("length", "rotation"), ("hand_over", "weekday")),
                "description": _("All times are in the rota's time zone."),
            },
        ),
        (
            _("Restriction"),
            {
                "fields": ("weekdays", ("from_time", "to_time")),
                "description": _(
                    "Only for a layer that covers part of the time, such as nights or weekends."
                ),
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> "QuerySet[DutyLayer]":
        layers: QuerySet[DutyLayer] = super().get_queryset(request)
        return layers.prefetch_related("turns__user")

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        say_generated(request, form.instance.rota)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        super().delete_model(request, obj)
        say_generated(request, obj.rota)

    def delete_queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> None:
        rotas = list(DutyRota.objects.filter(layers__in=queryset).distinct())
        super().delete_queryset(request, queryset)
        for rota in rotas:
            say_generated(request, rota)

    def response_post_save_add(self, request: HttpRequest, obj: Any) -> HttpResponse:
        return to_calendar(obj.rota_id)

    def response_post_save_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        return to_calendar(obj.rota_id)


def say_generated(request: HttpRequest, rota: DutyRota) -> None:
    """Generate the rota's shifts in the page's transaction, and show the result as a message."""
    made = generate_shifts(rota=rota, at=time_of_record.now())
    if made.created or made.removed:
        text = ngettext(
            "%(created)s shift was created and %(removed)s removed. Shifts already started are unchanged.",
            "%(created)s shifts were created and %(removed)s removed. Shifts already started are unchanged.",
            made.created,
        )
        messages.info(request, text % {"created": made.created, "removed": made.removed})


def to_calendar(rota: int) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:escalation_dutyrota_calendar", args=[rota]))

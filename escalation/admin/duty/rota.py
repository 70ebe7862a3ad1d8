"""The admin of duty rotas: people on duty now and next, layers, and coverage gaps."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from unfold.decorators import display
from unfold.views import ChangeList

from customers import time_of_record
from customers.admin.base import ReadOnlyInline, UntitledInline, VisibleChoices
from customers.admin.fields import person
from escalation.admin.duty.calendar_page import DutyCalendar
from escalation.admin.duty.layer import say_generated
from escalation.admin.duty.layer_text import LayerColumns, on_duty_in_words
from escalation.duty.coverage_gaps import coverage_gaps
from escalation.models import DutyLayer, DutyRota, DutyShift, ShiftSource
from escalation.people.on_duty import OnDuty, on_duty_by_rota
from escalation.people.page_target import page_target_of
from escalation.people.staff_snapshot import People


class RotaList(ChangeList):
    """Adds to each row who is on duty now and next, and who would answer. Five queries for the whole list."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        now = time_of_record.now()
        on_duty, people = on_duty_by_rota(at=now), People.at(now)
        rows: Any = self
        rows.result_list = list(rows.result_list)
        for rota in rows.result_list:
            rota.standing = standing = on_duty.get(rota.pk, OnDuty())
            rota.answer = page_target_of(standing.now.user if standing.now else None, people)


class DutyLayerInline(LayerColumns, ReadOnlyInline):
    """The layers, read-only; each has a page of its own."""

    model = DutyLayer
    fields = readonly_fields = (
        "layer",
        "level",
        "hand_over_words",
        "hours",
        "people",
        "starts_on",
        "ends_on",
    )

    def get_queryset(self, request: HttpRequest) -> "QuerySet[DutyLayer]":
        layers: QuerySet[DutyLayer] = super().get_queryset(request)
        return layers.prefetch_related("turns__user")

    @display(description=_("layer"))
    def layer(self, layer: DutyLayer) -> str:
        return _link(reverse("admin:escalation_dutylayer_change", args=[layer.pk]), layer.name)


class DutyShiftInline(VisibleChoices, UntitledInline):
    """Shifts entered by hand that have not ended; the list of shifts shows all."""

    model = DutyShift
    fields = ("user", "starts_at", "ends_at")
    extra = 0
    per_page = 20
    verbose_name_plural = _("Manually entered shifts")

    def get_queryset(self, request: HttpRequest) -> "QuerySet[DutyShift]":
        shifts: QuerySet[DutyShift] = super().get_queryset(request)
        return shifts.filter(ends_at__gt=time_of_record.now(), source=ShiftSource.HAND)


@admin.register(DutyRota)
class DutyRotaAdmin(DutyCalendar):
    change_form_outer_before_template = "escalation/duty/rota_head.html"
    list_display = ("name", "time_zone", "now_on_duty", "next_on_duty", "next_from", "calendar")
    search_fields = ("name",)
    sortable_by = ("name", "time_zone")
    inlines = (DutyLayerInline, DutyShiftInline)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[RotaList]:
        return RotaList

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        context = {**self._coverage(request, object_id), **(extra_context or {})}
        return super().changeform_view(request, object_id, form_url, context)

    def _coverage(self, request: HttpRequest, object_id: str | None) -> dict[str, Any]:
        rota = self.get_object(request, object_id) if object_id else None
        if rota is None:
            return {}
        may_add = request.user.has_perm("escalation.add_dutylayer")
        now = time_of_record.now()
        return {"now": now, "gaps": coverage_gaps(rota=rota, at=now), "may_add_layer": may_add}

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Generate shifts anew after a change of zone, which moves the hand-overs."""
        super().save_related(request, form, formsets, change)
        if change and "time_zone" in form.changed_data:
            say_generated(request, form.instance)

    @display(description=_("on duty now"))
    def now_on_duty(self, rota: Any) -> str:
        return on_duty_in_words(rota.standing.now, rota.answer)

    @display(description=_("next"))
    def next_on_duty(self, rota: Any) -> str:
        return person(rota.standing.next.user) if rota.standing.next else str(_("nobody"))

    @display(description=pgettext_lazy("time", "from"))
    def next_from(self, rota: Any) -> Any:
        return rota.standing.next.starts_at if rota.standing.next else None

    @display(description=_("calendar"))
    def calendar(self, rota: DutyRota) -> str:
        url = reverse("admin:escalation_dutyrota_calendar", args=[rota.pk])
        return _link(url, _("Calendar"), "calendar_month")


def _link(url: str, words: Any, icon: str = "") -> str:
    return format_html(
        '<a href="{}" class="text-primary-600 dark:text-primary-500">'
        '<span class="ms" aria-hidden="true">{}</span> {}</a>',
        url,
        icon,
        words,
    )

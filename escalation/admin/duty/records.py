"""Read-only admin of overrides, swaps, and the people told at each change of shift."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from unfold.contrib.filters.admin import RangeDateTimeFilter, RelatedDropdownFilter
from unfold.decorators import display

from customers.admin.base import ReadOnlyAdmin
from customers.admin.fields import person
from escalation.models import DutyHandover, DutyOverride


@admin.register(DutyOverride)
class DutyOverrideAdmin(ReadOnlyAdmin):
    list_display = (
        "rota",
        "on_duty",
        "starts_at",
        "ends_at",
        "kind",
        "reason",
        "by",
        "made_at",
        "withdrawn_at",
    )
    list_filter = (("rota", RelatedDropdownFilter), ("starts_at", RangeDateTimeFilter))
    list_select_related = ("rota", "user", "made_by", "withdrawn_by")
    search_fields = ("user__username", "user__first_name", "user__last_name", "reason")
    sortable_by = ("starts_at", "made_at")
    fields = (
        ("rota", "on_duty"),
        ("starts_at", "ends_at"),
        ("kind", "reason"),
        ("by", "made_at"),
        ("taken_back_by", "withdrawn_at"),
    )
    readonly_fields = ("on_duty", "kind", "by", "taken_back_by")

    @display(description=_("on duty"))
    def on_duty(self, override: DutyOverride) -> str:
        return person(override.user)

    @display(description=_("kind"))
    def kind(self, override: DutyOverride) -> str:
        return str(_("swap") if override.swap_id else _("override"))

    @display(description=_("created by"))
    def by(self, override: DutyOverride) -> str:
        return person(override.made_by)

    @display(description=_("withdrawn by"))
    def taken_back_by(self, override: DutyOverride) -> str:
        return person(override.withdrawn_by)


@admin.register(DutyHandover)
class DutyHandoverAdmin(ReadOnlyAdmin):
    list_display = ("rota", "changed_at", "before", "after", "told_at")
    list_filter = (("rota", RelatedDropdownFilter), ("changed_at", RangeDateTimeFilter))
    list_select_related = ("rota", "outgoing", "incoming")
    search_fields = ("outgoing__username", "incoming__username")
    sortable_by = ("changed_at",)
    fields = (("rota", "changed_at"), ("before", "after"), ("told_at",))
    readonly_fields = ("before", "after")

    @display(description=pgettext_lazy("person", "from"))
    def before(self, handover: DutyHandover) -> str:
        return person(handover.outgoing)

    @display(description=pgettext_lazy("person", "to"))
    def after(self, handover: DutyHandover) -> str:
        return person(handover.incoming)

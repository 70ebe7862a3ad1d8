"""Staff profiles: hierarchy, deputies, skills and languages."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import display

from customers.admin.base import DeskAdmin
from customers.admin.fields import person
from customers.admin.staff_form import StaffProfileForm
from customers.models import StaffProfile


@admin.register(StaffProfile)
class StaffProfileAdmin(DeskAdmin):
    form = StaffProfileForm
    list_display = ("name", "title", "team", "manager", "stand_in", "language", "phone", "works_here")
    list_filter = (("team", RelatedDropdownFilter), ("skills", RelatedDropdownFilter), "language")
    list_select_related = ("user", "team", "reports_to", "deputy")
    search_fields = ("user__username", "user__first_name", "user__last_name", "user__email", "title")
    sortable_by = ()
    filter_horizontal = ("skills",)
    fieldsets = (
        (None, {"fields": (("user", "title"), ("team", "reports_to"), "deputy")}),
        (_("Skills and languages"), {"fields": ("skills", ("language", "time_zone"), "phone")}),
    )

    @display(description=_("name"))
    def name(self, profile: StaffProfile) -> str:
        return person(profile.user)

    @display(description=_("reports to"))
    def manager(self, profile: StaffProfile) -> str:
        return person(profile.reports_to)

    @display(description=_("deputy"))
    def stand_in(self, profile: StaffProfile) -> str:
        return person(profile.deputy)

    @display(description=pgettext_lazy("in use", "active"), boolean=True)
    def works_here(self, profile: StaffProfile) -> bool:
        return profile.user.is_active

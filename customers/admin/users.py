"""Logins and groups. Only administrators reach them: whoever may edit users can become anybody."""

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, StackedInline
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from customers.admin.base import VisibleChoices
from customers.admin.staff_form import StaffProfileForm
from customers.models import StaffProfile

admin.site.unregister(User)
admin.site.unregister(Group)


class StaffProfileInline(VisibleChoices, StackedInline):
    model = StaffProfile
    form = StaffProfileForm
    fk_name = "user"
    fields = (("title", "team"), ("reports_to", "deputy"), ("language", "time_zone"), "phone")
    extra = 0


@admin.register(User)
class DeskUserAdmin(UserAdmin, ModelAdmin):
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "get_full_name", "email", "is_active", "is_superuser", "last_login")
    list_filter = ("is_active", "is_superuser", "groups")
    show_full_result_count = False
    inlines = (StaffProfileInline,)
    add_fieldsets = (
        (
            None,
            {
                "classes": ("wide",),
                "fields": (
                    ("username", "email"), ("first_name", "last_name"), "is_staff", "groups",
                    "usable_password", "password1", "password2",
                ),
            },
        ),
    )  # fmt: skip
    fieldsets = (
        (None, {"fields": ("username", "password", ("first_name", "last_name"), "email")}),
        (_("Permissions"), {"fields": ("is_active", "is_staff", "is_superuser", "groups")}),
        (_("Important dates"), {"fields": (("last_login", "date_joined"),)}),
    )
    readonly_fields = ("last_login", "date_joined")


@admin.register(Group)
class DeskGroupAdmin(GroupAdmin, ModelAdmin):
    pass

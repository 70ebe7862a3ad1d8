"""The admin of logins and groups. Only administrators reach it: a user who may edit users can become anybody."""

from typing import Any

from django import forms
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.http import HttpRequest
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, StackedInline
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from customers.admin.base import VisibleChoices
from customers.admin.staff_form import StaffProfileForm
from customers.models import StaffProfile
from customers.names import full_name

ACTIONS = {
    "add": gettext_noop("Can add: %(model)s"),
    "change": gettext_noop("Can change: %(model)s"),
    "delete": gettext_noop("Can delete: %(model)s"),
    "view": gettext_noop("Can view: %(model)s"),
}

admin.site.unregister(User)
admin.site.unregister(Group)


class PermissionChoiceField(forms.ModelMultipleChoiceField):
    """Permissions, which are stored in English, in the reader's language."""

    def label_from_instance(self, obj: Any) -> str:
        action, _under, _model = obj.codename.partition("_")
        model = str(obj.content_type.name)
        permission = gettext(ACTIONS[action]) % {"model": model} if action in ACTIONS else gettext(obj.name)
        known = obj.content_type.model_class()
        app = apps.get_app_config(known._meta.app_label).verbose_name if known else obj.content_type.app_label
        return f"{app} | {permission}"


class Deletion:
    """The page that deletes a login or a group. It lists what else is deleted, without rows that are mere relations."""

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        parent: Any = super()
        named, counts, needed, protected = parent.get_deleted_objects(objs, request)
        relations = {str(through._meta.verbose_name_plural) for through in RELATIONS}
        shown = {name: number for name, number in counts.items() if str(name) not in relations}
        return _without_relations(named), shown, needed, protected


RELATIONS = (Group.permissions.through, User.groups.through, User.user_permissions.through)


def _without_relations(named: list[Any]) -> list[Any]:
    """Remove relation rows from the nested names of what would be deleted; a list belongs to the name before it."""
    beginnings = tuple(str(through._meta.verbose_name).capitalize() for through in RELATIONS)
    return [
        _without_relations(entry) if isinstance(entry, list) else entry
        for entry in named
        if isinstance(entry, list) or not str(entry).startswith(beginnings)
    ]


class StaffProfileInline(VisibleChoices, StackedInline):
    model = StaffProfile
    form = StaffProfileForm
    fk_name = "user"
    fields = (("title", "team"), ("reports_to", "deputy"), ("language", "time_zone"), "phone")
    extra = 0


@admin.register(User)
class DeskUserAdmin(Deletion, UserAdmin, ModelAdmin):
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "full_name", "email", "is_active", "is_superuser", "last_login")
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

    @display(description=_("name"))
    def full_name(self, user: User) -> str:
        return full_name(user.first_name, user.last_name)


@admin.register(Group)
class DeskGroupAdmin(Deletion, GroupAdmin, ModelAdmin):
    def formfield_for_manytomany(
        self, db_field: Any, request: HttpRequest | None = None, **kwargs: Any
    ) -> Any:
        """Django's field, with the names of permissions translated."""
        if db_field.name == "permissions":
            kwargs["form_class"] = PermissionChoiceField
        return super().formfield_for_manytomany(db_field, request, **kwargs)

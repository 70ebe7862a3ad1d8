"""Form fields that several admins share: colleagues by their names."""

from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from customers.names import name_of
from customers.phrases import noted


class StaffChoiceField(forms.ModelChoiceField):
    """A colleague, shown by full name; those who left are marked."""

    def label_from_instance(self, obj: Any) -> str:
        return person(obj) if obj.is_active else noted(person(obj), _("inactive"))


def staff_members() -> QuerySet[User]:
    """Everybody who works or worked at the desk, so that a row naming somebody who left can still be saved."""
    return User.objects.filter(is_staff=True).order_by("-is_active", "first_name", "last_name", "username")


def person(user: User | None) -> str:
    """A colleague's name in lists; a dash for nobody."""
    return "-" if user is None else name_of(user)

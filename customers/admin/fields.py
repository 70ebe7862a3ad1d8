"""Form fields that several admins share: colleagues by their names."""

from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.db.models import Case, Q, QuerySet, When
from django.utils.translation import gettext as _

from customers.access import who_work_here
from customers.names import name_of
from customers.phrases import noted


class StaffChoiceField(forms.ModelChoiceField):
    """A colleague, shown by full name; those who left are marked."""

    def label_from_instance(self, obj: Any) -> str:
        return person(obj) if obj.is_active else noted(person(obj), _("inactive"))


class AssigneeField(StaffChoiceField):
    """A colleague who is given work. Offers those who can open tickets, and whom the row names already."""

    def get_bound_field(self, form: Any, field_name: str) -> Any:
        named = form.get_initial_for_field(self, field_name)
        works = Case(When(who_work_here(), then=True), default=False)
        people = staff_members().annotate(works=works)
        self.queryset = people.filter(Q(works=True) | Q(pk=getattr(named, "pk", named) or None))
        return super().get_bound_field(form, field_name)

    def label_from_instance(self, obj: Any) -> str:
        if obj.is_active and not getattr(obj, "works", True):
            return noted(person(obj), _("cannot open tickets"))
        return super().label_from_instance(obj)


def staff_members() -> QuerySet[User]:
    """Everybody who works or worked at the desk, so that a row naming somebody who left can still be saved."""
    return User.objects.filter(is_staff=True).order_by("-is_active", "first_name", "last_name", "username")


def person(user: User | None) -> str:
    """A colleague's name in lists; a dash for nobody."""
    return "-" if user is None else name_of(user)

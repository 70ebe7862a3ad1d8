"""Every text, number and list that a form takes has a bound: walked from the forms themselves."""

import pytest
from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import RequestFactory

from supportdesk.pages.ticket.actions import ACTS
from supportdesk.pages.ticket.forms import (
    MOST_COPIES,
    MOST_FILES,
    AddressesField,
    ManyFilesField,
    NewTicketForm,
)
from tests.factories import AdminFactory

pytestmark = pytest.mark.django_db
# Their bounds are their own.
HASHED = {"password1", "password2"}  # Django's own, which stores a digest
BOUNDED = (forms.ChoiceField, forms.ModelChoiceField, forms.UUIDField, AddressesField)


def unbounded(fields: dict[str, forms.Field]) -> list[str]:
    def is_open(field: forms.Field) -> bool:
        if isinstance(field, BOUNDED):
            return False
        return isinstance(field, forms.CharField) and field.max_length is None and not field.disabled

    return [name for name, field in fields.items() if name not in HASHED and is_open(field)]


@pytest.mark.parametrize("name", ACTS)
def test_every_form_of_the_ticket_page_is_bounded(name):
    fields = ACTS[name].form().fields
    assert unbounded(fields) == []
    keys = [field for field in fields.values() if isinstance(field, forms.IntegerField)]
    assert [field.max_value for field in keys] == [2**63 - 1] * len(keys)


def test_the_form_for_a_new_ticket_is_bounded():
    assert unbounded(NewTicketForm(customers=User.objects.none(), contacts=User.objects.none()).fields) == []


def test_every_text_of_every_admin_form_is_bounded():
    request = RequestFactory().get("/")
    request.user = AdminFactory()
    found = []
    for model, model_admin in admin.site._registry.items():
        if not model_admin.has_add_permission(request):
            continue
        inlines = [inline.get_formset(request).form for inline in model_admin.get_inline_instances(request)]
        for form in (model_admin.get_form(request), *inlines):
            found += [f"{model.__name__}.{name}" for name in unbounded(form.base_fields)]
    assert found == []


def test_too_many_copies_are_refused_with_a_sentence():
    field = AddressesField(required=False)
    assert len(field.clean(", ".join(f"x{n}@a.example" for n in range(MOST_COPIES)))) == MOST_COPIES
    for text in (", ".join(f"x{n}@a.example" for n in range(5_000)), "x@a.example " * (MOST_COPIES + 1)):
        with pytest.raises(forms.ValidationError, match="at most 50 further people"):
            field.clean(text)


def test_too_many_files_are_refused_with_a_sentence():
    with pytest.raises(forms.ValidationError, match="At most 50 files"):
        ManyFilesField().clean([object()] * (MOST_FILES + 1))

"""How tests speak with the admin: addresses by model, keys of a list's rows, errors and messages of a page."""

from typing import Any

from django.db.models import Model
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse


def list_url(model: type[Model]) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def add_url(model: type[Model]) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add")


def page_url(row: Model) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def listed(client: Client, model: type[Model], **query: Any) -> list[Any]:
    """The rows that a list shows, in order."""
    response = client.get(list_url(model), query)
    assert response.status_code == 200, (response.status_code, response.headers.get("Location"))
    return list(response.context["cl"].result_list)


def run_action(client: Client, name: str, rows: list[Any], **fields: Any) -> HttpResponse:
    """Choose an action for rows of a list, as the form below the list posts it."""
    data = {"action": name, "_selected_action": [row.pk for row in rows], **fields}
    return client.post(list_url(type(rows[0])), data, follow=True)


def errors(response: Any) -> str:
    """Every error of a form page and its inlines, as one text."""
    form = response.context["adminform"].form
    inline = [formset.formset.errors for formset in response.context["inline_admin_formsets"]]
    return f"{form.errors} {inline}"


def said(response: Any) -> list[str]:
    """The messages shown on top of a page."""
    return [str(message) for message in response.context["messages"]]


def offered(client: Client, field: Any, term: str = "") -> list[str]:
    """What the autocomplete of a foreign key answers."""
    query = {
        "app_label": field.model._meta.app_label,
        "model_name": field.model._meta.model_name,
        "field_name": field.name,
        "term": term,
    }
    response = client.get(reverse("admin:autocomplete"), query)
    return [row["text"] for row in response.json()["results"]]

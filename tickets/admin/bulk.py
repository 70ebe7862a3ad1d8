"""Bulk changes of tickets: a page asks for the value and the reason, then each ticket goes through its service."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib.admin import helpers
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from customers import time_of_record
from customers.admin.fields import AssigneeField, staff_members
from tickets.admin.apply_to_each import apply_to_each, refuse_too_many, show_outcome
from tickets.choices import Priority, Status
from tickets.models import Ticket
from tickets.services.ownership import assign
from tickets.services.status_and_priority import change_priority, set_status


class BulkForm(forms.Form):
    """The reason for a bulk change; subclasses add the value and call the service."""

    title: Any = ""
    reason = forms.CharField(
        label=_("Reason"), max_length=1000, widget=UnfoldAdminTextareaWidget({"rows": 3})
    )
    field_order = ("to", "status", "priority", "reason")

    def apply(self, ticket: Ticket, *, actor: User, at: datetime) -> None:
        raise NotImplementedError


class AssignForm(BulkForm):
    title = _("Hand tickets over to a colleague")
    to = AssigneeField(label=_("New owner"), queryset=staff_members(), widget=UnfoldAdminSelectWidget())

    def apply(self, ticket: Ticket, *, actor: User, at: datetime) -> None:
        given = self.cleaned_data
        assign(ticket=ticket, to=given["to"], actor=actor, at=at, reason=given["reason"])


class BulkStatusForm(BulkForm):
    title = _("Change the status of tickets")
    status = forms.ChoiceField(label=_("Status"), choices=Status, widget=UnfoldAdminSelectWidget())

    def apply(self, ticket: Ticket, *, actor: User, at: datetime) -> None:
        given = self.cleaned_data
        set_status(ticket=ticket, status=given["status"], actor=actor, at=at, reason=given["reason"])


class BulkPriorityForm(BulkForm):
    title = _("Change the priority of tickets")
    priority = forms.TypedChoiceField(
        label=_("Priority"), choices=Priority, coerce=int, widget=UnfoldAdminSelectWidget()
    )

    def apply(self, ticket: Ticket, *, actor: User, at: datetime) -> None:
        given = self.cleaned_data
        change_priority(ticket=ticket, priority=given["priority"], actor=actor, at=at, reason=given["reason"])


def in_bulk(
    model_admin: Any, request: HttpRequest, tickets: "QuerySet[Ticket]", form_class: type[BulkForm]
) -> TemplateResponse | None:
    """Return the form page, or None once the form was submitted and the changes were made."""
    if refuse_too_many(request, tickets.count()):
        return None
    form = form_class(request.POST if "apply" in request.POST else None)
    if form.is_valid():
        actor, at = model_admin.actor(request), time_of_record.now()
        outcome = apply_to_each(tickets, lambda ticket: form.apply(ticket, actor=actor, at=at))
        show_outcome(request, outcome)
        return None
    return _page(model_admin, request, tickets, form)


def _page(
    model_admin: Any, request: HttpRequest, tickets: "QuerySet[Ticket]", form: BulkForm
) -> TemplateResponse:
    context = {
        **model_admin.admin_site.each_context(request),
        "title": form.title,
        "form": form,
        "tickets": tickets,
        "opts": model_admin.opts,
        "action": request.POST["action"],
        "action_checkbox_name": helpers.ACTION_CHECKBOX_NAME,
    }
    return TemplateResponse(request, "admin/tickets/bulk.html", context)

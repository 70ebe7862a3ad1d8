"""The page of a contact: the priority of its alarms, and the customer of an unknown person, whose tickets follow."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.widgets import UnfoldAdminSelectWidget

from customers import time_of_record
from customers.admin import ContactAdmin
from customers.models import Contact
from tickets.choices import Priority
from tickets.services.naming_customers import name_customer

admin.site.unregister(Contact)


@admin.register(Contact)
class TicketedContactAdmin(ContactAdmin):
    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """The customers app does not know what priorities there are."""
        if db_field.name != "alarm_priority":
            return super().formfield_for_dbfield(db_field, request, **kwargs)
        return forms.TypedChoiceField(
            label=db_field.verbose_name,
            help_text=db_field.help_text,
            choices=[("", _("as its mailbox")), *Priority.choices],
            coerce=int,
            empty_value=None,
            required=False,
            widget=UnfoldAdminSelectWidget,
        )

    def save_model(self, request: HttpRequest, obj: Contact, form: Any, change: bool) -> None:
        customer, was_unknown = obj.customer, change and form.initial.get("customer") is None
        if customer is None or not was_unknown:
            super().save_model(request, obj, form, change)
            return
        obj.customer = None  # the service gives it, and the tickets with it
        super().save_model(request, obj, form, change)
        actor: Any = request.user
        report_moved(
            request, name_customer(contact=obj, customer=customer, actor=actor, at=time_of_record.now())
        )


def report_moved(request: HttpRequest, moved: int) -> None:
    """Say how many tickets of a customer who was unknown follow their contract now."""
    if moved:
        text = ngettext(
            "%(count)d ticket is the customer's now; its SLA follows their contract.",
            "%(count)d tickets are the customer's now; their SLAs follow their contract.",
            moved,
        )
        messages.success(request, text % {"count": moved})

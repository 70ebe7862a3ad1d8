"""The page of a contact, on which an unknown person is given a customer: their tickets follow."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import ngettext

from customers.admin import ContactAdmin
from customers.models import Contact
from tickets.services.naming_customers import name_customer

admin.site.unregister(Contact)


@admin.register(Contact)
class TicketedContactAdmin(ContactAdmin):
    def save_model(self, request: HttpRequest, obj: Contact, form: Any, change: bool) -> None:
        customer, was_unknown = obj.customer, change and form.initial.get("customer") is None
        if customer is None or not was_unknown:
            super().save_model(request, obj, form, change)
            return
        obj.customer = None  # the service gives it, and the tickets with it
        super().save_model(request, obj, form, change)
        actor: Any = request.user
        report_moved(request, name_customer(contact=obj, customer=customer, actor=actor, at=timezone.now()))


def report_moved(request: HttpRequest, moved: int) -> None:
    """Say how many tickets of a customer who was unknown follow their contract now."""
    if moved:
        text = ngettext(
            "%(count)d ticket is the customer's now; its SLA follows their contract.",
            "%(count)d tickets are the customer's now; their SLAs follow their contract.",
            moved,
        )
        messages.success(request, text % {"count": moved})

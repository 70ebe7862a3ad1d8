"""Contacts: the people who write to us."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import AnonymousUser, User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from customers.access import visible_contacts
from customers.admin.base import RowAccessAdmin, VisibleRelatedFilter
from customers.admin.contact_form import CustomerContactForm
from customers.models import Contact


@admin.register(Contact)
class ContactAdmin(RowAccessAdmin):
    form = CustomerContactForm
    list_display = ("__str__", "email", "phone", "company", "language", "is_active", "mail_failed_at")
    list_filter = (("customer", VisibleRelatedFilter), "is_active")
    list_select_related = ("customer",)
    search_fields = ("name", "email", "phone", "customer__name")
    sortable_by = ("email",)
    autocomplete_fields = ("customer",)
    readonly_fields = ("mail_failed_at", "created_at")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("name", "customer"),
                    ("email", "phone"),
                    ("language", "time_zone"),
                    ("alarm_priority", "is_active"),
                )
            },
        ),
        (_("Record"), {"fields": (("mail_failed_at", "created_at"), "no_automatic_mail_since")}),
    )

    def get_form(
        self, request: HttpRequest, obj: Contact | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        kwargs.setdefault("form", CustomerContactForm.for_reader(request.user))
        return super().get_form(request, obj, change, **kwargs)

    def visible(self, user: User | AnonymousUser) -> QuerySet[Contact]:
        return visible_contacts(user)

    @display(description=_("customer"))
    def company(self, contact: Contact) -> str:
        return contact.customer.name if contact.customer else str(_("unknown company"))

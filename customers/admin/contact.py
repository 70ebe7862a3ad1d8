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
from customers.finding import contacts_named, customers_named
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

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Contact]", search_term: str
    ) -> tuple["QuerySet[Contact]", bool]:
        """People by name, address or number, or those of the companies that the search names."""
        term = search_term.strip()
        if not term:
            return queryset, False
        people, companies = contacts_named(term), customers_named(term)
        found = (
            people.order_by()
            .values("pk")
            .union(Contact.objects.filter(customer__in=companies).order_by().values("pk"))
        )
        return queryset.filter(pk__in=found), False

    def visible(self, user: User | AnonymousUser) -> QuerySet[Contact]:
        return visible_contacts(user)

    @display(description=_("customer"))
    def company(self, contact: Contact) -> str:
        return contact.customer.name if contact.customer else str(_("unknown company"))

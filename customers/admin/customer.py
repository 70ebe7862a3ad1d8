"""Customers with their mail domains, contacts and contracts."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import AnonymousUser, User
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from customers.access import visible_customers
from customers.admin.base import PersonFilter, RowAccessAdmin, VisibleChoices
from customers.admin.contact_form import CustomerContactForm
from customers.admin.fields import person
from customers.models import Contact, Contract, Customer, MailDomain
from customers.services.contracts import in_force


class MailDomainInline(TabularInline):
    model = MailDomain
    extra = 0


class ContactInline(TabularInline):
    model = Contact
    form = CustomerContactForm
    fields = ("name", "email", "phone", "language", "is_active")
    extra = 0
    per_page = 20
    show_change_link = True


class ContractInline(VisibleChoices, TabularInline):
    """Read-only: contracts are edited on their own page, where overlaps are refused."""

    model = Contract
    fields = readonly_fields = ("plan", "reference", "starts_on", "ends_on")
    extra = 0
    max_num = 0
    can_delete = False
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Contract]:
        contracts: QuerySet[Contract] = super().get_queryset(request).select_related("customer", "plan")
        return contracts


@admin.register(Customer)
class CustomerAdmin(RowAccessAdmin):
    list_display: tuple[str, ...] = ("name", "scenario", "plan_in_force", "manager", "backup", "is_active")
    list_filter = (
        ("scenario", ChoicesDropdownFilter),
        ("account_manager", PersonFilter),
        "is_active",
    )
    list_select_related = ("account_manager", "backup_account_manager")
    search_fields = ("name", "code", "domains__domain")
    sortable_by = ("name",)
    prepopulated_fields = {"code": ("name",)}
    inlines = (MailDomainInline, ContactInline, ContractInline)
    fieldsets = (
        (None, {"fields": (("name", "code"), ("scenario", "is_active"), ("language", "time_zone"))}),
        (_("Looked after by"), {"fields": (("account_manager", "backup_account_manager"),)}),
        (_("Channels"), {"fields": (("hotline", "tech_group"), "note")}),
    )

    def visible(self, user: User | AnonymousUser) -> QuerySet[Customer]:
        return visible_customers(user)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Customer]:
        current = in_force(Contract.objects.filter(customer=OuterRef("pk")), timezone.localdate())
        customers: QuerySet[Customer] = super().get_queryset(request)
        return customers.annotate(plan_name=Subquery(current.values("plan__name")[:1]))

    @display(description=_("service plan"))
    def plan_in_force(self, customer: Any) -> str:
        return customer.plan_name or str(_("no contract"))

    @display(description=_("account manager"))
    def manager(self, customer: Customer) -> str:
        return person(customer.account_manager)

    @display(description=_("backup"))
    def backup(self, customer: Customer) -> str:
        return person(customer.backup_account_manager)

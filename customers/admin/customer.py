"""Customers with their mail domains, contacts and contracts."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Case, OuterRef, QuerySet, Subquery, When
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter
from unfold.decorators import display

from customers import time_of_record
from customers.access import visible_customers, who_work_here, without_manager
from customers.admin.base import PersonFilter, RowAccessAdmin, VisibleChoices
from customers.admin.contact_form import CustomerContactForm
from customers.admin.fields import person
from customers.models import Contact, Contract, Customer, MailDomain
from customers.phrases import noted
from customers.services.contracts import in_force


class NeedsFilter(DropdownFilter):
    """Customers whose account manager or backup can no longer open tickets."""

    title = _("needs")
    parameter_name = "needs"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("manager", _("a new account manager or backup"))]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Customer]") -> "QuerySet[Customer]":
        return queryset.filter(without_manager()) if self.value() == "manager" else queryset


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

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        kwargs.setdefault("form", CustomerContactForm.for_reader(request.user))
        return super().get_formset(request, obj, **kwargs)


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
        NeedsFilter,
        "is_active",
    )
    list_select_related = ("account_manager", "backup_account_manager")
    search_fields = ("name", "code", "domains__domain")
    sortable_by = ("name",)
    prepopulated_fields = {"code": ("name",)}
    inlines: Any = (MailDomainInline, ContactInline, ContractInline)
    fieldsets = (
        (None, {"fields": (("name", "code"), ("scenario", "is_active"), ("language", "time_zone"))}),
        (_("Looked after by"), {"fields": (("account_manager", "backup_account_manager"),)}),
        (_("Channels"), {"fields": (("hotline", "tech_group"), "note")}),
    )

    def visible(self, user: User | AnonymousUser) -> QuerySet[Customer]:
        return visible_customers(user)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Customer]:
        current = in_force(
            Contract.objects.filter(customer=OuterRef("pk")), timezone.localdate(time_of_record.now())
        )
        customers: QuerySet[Customer] = super().get_queryset(request)
        return customers.annotate(
            plan_name=Subquery(current.values("plan__name")[:1]),
            manager_works=_works("account_manager__"),
            backup_works=_works("backup_account_manager__"),
        )

    @display(description=_("service plan"))
    def plan_in_force(self, customer: Any) -> str:
        return customer.plan_name or str(_("no contract"))

    @display(description=_("account manager"))
    def manager(self, customer: Any) -> str:
        return _marked(customer.account_manager, works=customer.manager_works)

    @display(description=_("backup"))
    def backup(self, customer: Any) -> str:
        return _marked(customer.backup_account_manager, works=customer.backup_works)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        """Say on the page of a customer that somebody they name has left."""
        customer = kwargs.get("obj")
        if customer is not None and request.method == "GET":
            for user, works in (
                (customer.account_manager, customer.manager_works),
                (customer.backup_account_manager, customer.backup_works),
            ):
                if user is not None and not works and customer.is_active:
                    text = _(
                        "%(name)s can no longer open tickets: choose somebody else to look after this customer."
                    )
                    messages.warning(request, text % {"name": person(user)})
        return super().render_change_form(request, context, *args, **kwargs)


def _works(path: str) -> Case:
    return Case(When(who_work_here(path), then=True), default=False)


def _marked(user: User | None, *, works: bool) -> str:
    """The name, with a mark in the list if the person can no longer open tickets."""
    if user is None or works:
        return person(user)
    return format_html('<span class="warnword">{}</span>', noted(person(user), _("left, choose somebody")))

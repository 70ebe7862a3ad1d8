"""The list of customers with their open tickets, and what a new email domain brings them."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from customers import time_of_record
from customers.admin import CustomerAdmin
from customers.admin.customer import MailDomainInline
from customers.mail_domains import hold_domains
from customers.models import Customer, MailDomain
from tickets.admin.contact import report_moved
from tickets.admin.page_actions import PageActions
from tickets.models import Ticket
from tickets.services.domain_claims import refusal_of
from tickets.services.naming_customers import adopt_domain

admin.site.unregister(Customer)


def tickets_of(customer: int) -> str:
    """The address of a customer's open tickets."""
    return f"{reverse('admin:tickets_ticket_changelist')}?work=active&customer__id__exact={customer}"


class MailDomainForm(forms.ModelForm):
    """Refuses a domain of ours, and one that overlaps another customer's, without saying whose it is."""

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]  # the model writes the domain as it is stored
        if "domain" in self.changed_data and not self.errors:
            hold_domains()
            if refusal_of(f"@{self.instance.domain}", self.instance.customer):
                self.add_error("domain", _("This domain does not stand for one customer alone."))


class ClaimedDomainInline(MailDomainInline):
    form = MailDomainForm


@admin.register(Customer)
class TicketedCustomerAdmin(PageActions, CustomerAdmin):
    list_display = (
        "name", "scenario", "plan_in_force", "manager", "backup", "open_tickets", "is_active",
    )  # fmt: skip

    inlines: Any = (
        ClaimedDomainInline,
        *(each for each in CustomerAdmin.inlines if each is not MailDomainInline),
    )

    def makes_sense(self, action: str, row: Any) -> bool:
        return False

    def links(self, request: HttpRequest, row: Any) -> list[tuple[str, Any]]:
        offered = [(tickets_of(row.pk), _("Open tickets"))]
        if request.user.has_perm("customers.add_contract"):
            add = f"{reverse('admin:customers_contract_add')}?customer={row.pk}"
            offered.append((add, _("Add a contract")))
        return offered

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """A new email domain makes the unknown people who write from it the customer's."""
        super().save_formset(request, form, formset, change)
        domains = [row for row in formset.new_objects if isinstance(row, MailDomain)]
        actor: Any = request.user
        moved = [adopt_domain(domain=domain, actor=actor, at=time_of_record.now()) for domain in domains]
        report_moved(request, sum(moved))

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Customer]":
        """Add the number of open tickets. The partial index `ticket_active_customer` serves it for one page of rows."""
        active = Ticket.objects.active().real().filter(customer=OuterRef("pk")).order_by().values("customer")
        count = Subquery(active.annotate(count=Count("pk")).values("count"), output_field=IntegerField())
        return super().get_queryset(request).annotate(open_count=Coalesce(count, 0))

    @display(description=_("open tickets"))
    def open_tickets(self, customer: Any) -> str:
        return format_html('<a href="{}">{}</a>', tickets_of(customer.pk), customer.open_count)

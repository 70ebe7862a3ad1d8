"""The customers' list with what the lower app cannot know: how many tickets are open."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from customers.admin import CustomerAdmin
from customers.models import Customer
from tickets.models import Ticket

admin.site.unregister(Customer)


@admin.register(Customer)
class TicketedCustomerAdmin(CustomerAdmin):
    list_display = (
        "name", "scenario", "plan_in_force", "manager", "backup", "open_tickets", "is_active",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Customer]":
        """The count is served by the partial index `ticket_active_customer`, for the rows of one page."""
        active = Ticket.objects.active().filter(customer=OuterRef("pk")).order_by().values("customer")
        count = Subquery(active.annotate(count=Count("pk")).values("count"), output_field=IntegerField())
        return super().get_queryset(request).annotate(open_count=Coalesce(count, 0))

    @display(description=_("open tickets"))
    def open_tickets(self, customer: Any) -> str:
        url = reverse("admin:tickets_ticket_changelist")
        return format_html(
            '<a href="{}?work=active&customer__id__exact={}">{}</a>', url, customer.pk, customer.open_count
        )

"""The admin of the desk's single row: who gets unknown senders' tickets, and who is last in every escalation."""

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from customers.admin.base import DeskAdmin
from customers.models import Desk


@admin.register(Desk)
class DeskRowAdmin(DeskAdmin):
    fieldsets = ((None, {"fields": (("intake_owner", "duty_manager"),)}),)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, str] | None = None
    ) -> HttpResponse:
        """Show the page of the row instead of a list, because there is only one."""
        return HttpResponseRedirect(reverse("admin:customers_desk_change", args=[1]))

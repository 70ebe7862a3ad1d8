"""Contracts. Every change goes through the service that refuses overlaps."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import AnonymousUser, User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateFilter, RelatedDropdownFilter

from customers.access import visible_contracts
from customers.admin.base import RowAccessAdmin, VisibleRelatedFilter
from customers.errors import DeskError
from customers.models import Contract
from customers.services.contracts import ServiceDetails, refuse_overlap, save_contract

WAYS = ("time_zone", "language", "hotline", "tech_group")


class ContractForm(forms.ModelForm):
    """Asks the service before saving; the lock taken here is held until the admin's transaction ends."""

    class Meta:
        model = Contract
        fields = ("customer", "plan", "reference", "starts_on", "ends_on", *WAYS)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("customer") and cleaned.get("starts_on") and "ends_on" in cleaned:
            self._ask(cleaned)
        return cleaned

    def _ask(self, cleaned: dict[str, Any]) -> None:
        besides = self.instance if self.instance.pk else None
        try:
            refuse_overlap(
                customer=cleaned["customer"],
                starts_on=cleaned["starts_on"],
                ends_on=cleaned["ends_on"],
                besides=besides,
            )
        except DeskError as error:
            self.add_error("starts_on", str(error))


@admin.register(Contract)
class ContractAdmin(RowAccessAdmin):
    form = ContractForm
    list_display = ("customer", "plan", "reference", "starts_on", "ends_on")
    list_filter = (
        ("customer", VisibleRelatedFilter),
        ("plan", RelatedDropdownFilter),
        ("ends_on", RangeDateFilter),
    )
    list_select_related = ("customer", "plan")
    search_fields = ("reference", "customer__name")
    sortable_by = ("starts_on", "ends_on")
    autocomplete_fields = ("customer",)
    fieldsets = (
        (None, {"fields": (("customer", "plan"), "reference", ("starts_on", "ends_on"))}),
        (
            _("Service"),
            {
                "fields": (("time_zone", "language"), ("hotline", "tech_group")),
                "description": _("Empty fields follow the customer's page."),
            },
        ),
    )

    def visible(self, user: User | AnonymousUser) -> QuerySet[Contract]:
        return visible_contracts(user)

    def save_model(self, request: HttpRequest, obj: Contract, form: Any, change: bool) -> None:
        save_contract(
            customer=obj.customer,
            plan=obj.plan,
            starts_on=obj.starts_on,
            ends_on=obj.ends_on,
            reference=obj.reference,
            details=ServiceDetails(obj.time_zone, obj.language, obj.hotline, obj.tech_group),
            contract=obj,
        )

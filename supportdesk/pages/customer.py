"""The page of a customer, with a preview of what is promised for a message of theirs. The customer admin uses it."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.models import Customer
from escalation.admin.policies.preview import PreviewPage, PreviewTerms
from escalation.policies.preview import windows_under
from escalation.policies.terms import contract_in_force
from supportdesk.pages.personal_data import personal_data_links
from tickets.admin.customer import TicketedCustomerAdmin

admin.site.unregister(Customer)


@admin.register(Customer)
class CustomerPageAdmin(PreviewPage, TicketedCustomerAdmin):
    preview_intro = gettext_lazy(
        "When a message from this customer would be due, under the contract and policy in force at that time."
    )

    def links(self, request: HttpRequest, row: Any) -> list[tuple[str, Any]]:
        return [*super().links(request, row), *personal_data_links(request, row)]

    def terms_of(self, request: HttpRequest, row: Any, *, at: datetime, zone: str) -> PreviewTerms:
        """The saved terms; a customer that is not saved yet has no contract."""
        contract = contract_in_force(row, at)
        windows = windows_under(contract, at=at)
        if contract is not None:
            words = _("%(customer)s on %(plan)s") % {"customer": row, "plan": contract.plan}
            return PreviewTerms(windows, contract.zone, words)
        return PreviewTerms(windows, row.time_zone if row else "", _without_contract(row))


def _without_contract(customer: Customer | None) -> str:
    if customer is None:
        return _("A new customer has no contract: the default plan applies.")
    return _("%(customer)s has no contract on this day: the default plan applies.") % {"customer": customer}

"""The preview of a policy for one customer: whether it applies to them now, and what is promised then."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.access import visible_customers
from customers.models import Contract, Customer
from customers.phrases import listed
from escalation.admin.policies.preview import PreviewPage, PreviewTerms, refuse, sentences
from escalation.choices import ClockKind
from escalation.policies.preview import Draft, windows_of, windows_under
from escalation.policies.terms import contract_in_force, contract_windows
from tickets.choices import Priority


class CustomerForm(forms.Form):
    """The customer whose message is previewed; any customer by default."""

    preview_customer = forms.ModelChoiceField(
        label=gettext_lazy("From this customer"),
        queryset=Customer.objects.none(),
        required=False,
        widget=AutocompleteSelect(Contract._meta.get_field("customer"), admin.site),
    )

    def __init__(self, *args: Any, customers: "QuerySet[Customer]", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["preview_customer"].queryset = customers  # type: ignore[attr-defined]


class AsksCustomer(PreviewPage):
    """Adds the choice of a customer to the panel, for users who may see customers."""

    @property
    def media(self) -> forms.Media:
        return super().media + CustomerForm(customers=Customer.objects.none()).media

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        context = dict(extra_context or {})
        if request.user.has_perm("customers.view_customer"):
            form = CustomerForm(customers=visible_customers(request.user), auto_id="%s")
            context["preview_customer"] = form["preview_customer"]
        return super().changeform_view(request, object_id, form_url, context)


def customer_in(request: HttpRequest) -> Customer | None:
    """The chosen customer. Raises DeskError for a customer that the reader may not see."""
    form = CustomerForm(request.POST, customers=visible_customers(request.user))
    refuse(sentences(form))
    customer: Customer | None = form.cleaned_data["preview_customer"]
    return customer


def terms_from(customer: Customer, draft: Draft, *, at: datetime) -> PreviewTerms:
    """The terms of a customer's message at ``at`` (UTC), under the draft if it applies to the customer."""
    contract = contract_in_force(customer, at)
    zone = contract.zone if contract is not None else customer.time_zone
    about, own = _about(customer, contract), _own_first(contract, at)
    serving = draft.policy_for(contract)
    if serving is draft.policy:
        words = _("This policy will apply to the customer then.")
        return PreviewTerms(draft.under(contract, at=at), zone, about, own, assured=words)
    words = _("This policy will not apply to the customer then: %(policy)s will, as saved.")
    return PreviewTerms(windows_under(contract, at=at), zone, about, [words % {"policy": serving}, *own])


def _about(customer: Customer, contract: Contract | None) -> str:
    if contract is None:
        return _("%(customer)s has no contract on this day: the default plan applies.") % {
            "customer": customer
        }
    return _("%(customer)s on %(plan)s") % {"customer": customer, "plan": contract.plan}


def _own_first(contract: Contract | None, at: datetime) -> list[str]:
    own_windows = windows_of(contract_windows(contract, at=at))
    if not own_windows:
        return []
    named = sorted(
        (str(ClockKind(window.kind).label), Priority(window.priority).name) for window in own_windows
    )
    words = listed(f"{kind} {priority}" for kind, priority in named)
    return [
        _("The contract has its own response times, which take precedence: %(windows)s.") % {"windows": words}
    ]

"""The page of a contract with a preview of what it promises; the customer admin uses it."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from customers import time_of_record
from customers.admin.contract import ContractAdmin as ContractList
from customers.models import Contract, Customer
from escalation.admin.chains.inline import ContractStepInline
from escalation.admin.chains.page import ChainPage, Played
from escalation.admin.policies.contract_window import ContractWindowInline, WindowFormSet, past_windows
from escalation.admin.policies.preview import PreviewTerms, refuse, sentences
from escalation.chains.editing import policy_behind
from escalation.policies.contract_windows import revise_windows
from escalation.policies.editing import Window
from escalation.policies.preview import contract_if_saved, windows_under
from tickets.errors import DeskError

admin.site.unregister(Contract)


@admin.register(Contract)
class PromisedContractAdmin(ChainPage, ContractList):
    inlines = (ContractWindowInline, ContractStepInline)
    step_inline = ContractStepInline
    readonly_fields = ("earlier_windows",)

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        may_read = request.user.has_perm("escalation.view_contractwindow")
        if obj is None or not may_read:
            return (*fieldsets, *self.past_fieldsets(obj))
        return (
            *fieldsets,
            *self.past_fieldsets(obj),
            (_("Earlier response times"), {"fields": ("earlier_windows",), "classes": ("collapse",)}),
        )

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Save windows through their service; the formset only tells the admin log what changed."""
        if not isinstance(formset, WindowFormSet):
            super().save_formset(request, form, formset, change)
            return
        formset.save(commit=False)
        if formset.has_changed():
            actor: Any = request.user
            revise_windows(
                contract=form.instance, windows=formset.windows(), actor=actor, at=time_of_record.now()
            )

    @display(description=gettext_lazy("retired"))
    def earlier_windows(self, contract: Contract) -> str:
        return past_windows(contract)

    def terms_of(self, request: HttpRequest, row: Any, *, at: datetime, zone: str) -> PreviewTerms:
        """The terms of the form's contract as if it were saved; for users who may not change it, the saved terms."""
        contract: Contract = self._filled(request, row) if self.may_write(request, row) else row
        own_windows = self._own_windows(request, row, contract)
        applies = contract_if_saved(contract, at)
        windows = windows_under(applies, at=at, own=own_windows if applies is contract else None)
        return PreviewTerms(windows, contract.zone, _about(applies, contract))

    def played(self, request: HttpRequest, row: Any, *, at: datetime, customer: Customer | None) -> Played:
        """A sample ticket of the contract's own customer. The contract's chain is shown on any day, in force or not."""
        terms = self.terms_of(request, row, at=at, zone="")
        contract: Contract = self._filled(request, row) if self.may_write(request, row) else row
        policy = policy_behind(contract)
        if policy is None:
            raise DeskError(_("There is no default policy."))
        return Played(policy, contract, contract.customer, terms.windows)

    def _own_windows(self, request: HttpRequest, row: Any, contract: Contract) -> list[Window] | None:
        """The windows in the form; None for users who may not change them."""
        inline = ContractWindowInline(Contract, self.admin_site)
        if not self.may_write(request, row) or not inline.has_change_permission(request, row):
            return None
        given = self.get_formset_kwargs(request, contract, inline, "windows")
        formset: Any = inline.get_formset(request, row)(**given)
        refuse([fault for form in formset.forms for fault in sentences(form)])
        refuse(list(formset.non_form_errors()))
        windows: list[Window] = formset.windows()
        return windows

    def _filled(self, request: HttpRequest, row: Any) -> Contract:
        form = self.filled_form(request, row)
        refuse(sentences(form))
        contract: Contract = form.instance
        return contract


def _about(applies: Contract | None, contract: Contract) -> str:
    if applies is None:
        return _("%(customer)s has no contract on this day: the default plan applies.") % {
            "customer": contract.customer
        }
    if applies is not contract:
        return _("This contract is not in force on this day; %(contract)s is.") % {"contract": applies}
    return _("%(customer)s on %(plan)s") % {"customer": contract.customer, "plan": contract.plan}

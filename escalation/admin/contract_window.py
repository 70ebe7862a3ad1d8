"""The windows that a contract promises otherwise than its plan, written on the contract's page."""

from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline

from escalation.models import ContractWindow


class ContractWindowInline(TabularInline):
    model = ContractWindow
    fields = ("kind", "priority", "minutes", "calendar")
    extra = 0
    verbose_name_plural = _("Windows of this contract; all others are as the plan's policy says")

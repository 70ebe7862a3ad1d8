"""The windows in which a contract differs from its plan, edited on the contract's page."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import display

from customers.admin.fields import person
from customers.models import Contract
from escalation.models import ContractWindow
from escalation.policies.contract_windows import refuse_doubled
from escalation.policies.editing import Window
from tickets.errors import DeskError


class WindowFormSet(BaseInlineFormSet):
    """A formset that saves no rows itself: the service puts `windows()` into force."""

    def windows(self) -> list[Window]:
        """The windows as entered; the form must be valid."""
        given = (data for data in self.cleaned_data if data and not data.get("DELETE"))
        return [Window(row["kind"], row["priority"], row["minutes"], row["calendar"]) for row in given]

    def clean(self) -> None:
        super().clean()
        if not self.is_valid():
            return
        try:
            refuse_doubled(self.windows())
        except DeskError as error:
            raise ValidationError(str(error)) from error


class ContractWindowInline(TabularInline):
    """The windows in force. An edit retires a row and adds another. Editing needs permission to change all of them."""

    model = ContractWindow
    formset = WindowFormSet
    fields = ("kind", "priority", "minutes", "calendar", "created_at", "changed_by")
    readonly_fields = ("created_at", "changed_by")
    extra = 0
    verbose_name_plural = _("Response times of this contract; all others follow the plan's policy")

    def get_queryset(self, request: HttpRequest) -> "QuerySet[ContractWindow]":
        windows: QuerySet[ContractWindow] = super().get_queryset(request)
        return windows.filter(retired_at=None).select_related("created_by", "calendar")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(self.has_change_permission(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(self.has_change_permission(request, obj))

    @display(description=_("changed by"))
    def changed_by(self, window: ContractWindow) -> str:
        return person(window.created_by) if window.created_by else "-"


def past_windows(contract: Contract) -> str:
    """One line for each retired window, the latest first. One query."""
    retired = contract.windows.exclude(retired_at=None).select_related("calendar", "created_by")
    rows = ((_past(window),) for window in retired.order_by("-retired_at", "kind", "priority"))
    return format_html_join("", "<div>{}</div>", rows) or "-"


def _past(window: Any) -> str:
    values = {
        "window": window,
        "minutes": window.minutes,
        "calendar": window.calendar,
        "since": _local(window.created_at),
        "until": _local(window.retired_at),
    }
    return gettext("%(window)s: %(minutes)s min (%(calendar)s), from %(since)s to %(until)s") % values


def _local(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M}"

"""The admin of policies. Changed windows become a new version, so running promises keep their terms."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import Max, Model, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from customers import time_of_record
from customers.admin.base import ReadOnlyInline
from customers.admin.fields import person
from customers.models import Customer
from customers.phrases import labelled, listed, noted
from escalation.admin.chains.inline import StepInline
from escalation.admin.chains.page import ChainPage, Played
from escalation.admin.policies.customer_preview import AsksCustomer, customer_in, terms_from
from escalation.admin.policies.outdated_terms import OutdatedPromises
from escalation.admin.policies.policy_form import (
    PolicyForm,
    targets_in_force,
    ways_rows,
    window_faults,
    window_rows,
)
from escalation.admin.policies.preview import PreviewTerms, refuse
from escalation.choices import ClockKind
from escalation.models import Policy, PolicyTarget, PolicyVersion
from escalation.policies.editing import Window, revise_policy
from escalation.policies.preview import Draft
from escalation.templatetags.promises import minutes
from tickets.choices import Priority


class VersionInline(ReadOnlyInline):
    """The versions of a policy, read-only."""

    model = PolicyVersion
    fields = readonly_fields = ("number", "created_at", "changed_by", "windows", "ways")

    def get_queryset(self, request: HttpRequest) -> "QuerySet[PolicyVersion]":
        versions: QuerySet[PolicyVersion] = super().get_queryset(request)
        return versions.select_related("created_by").prefetch_related("targets__calendar")

    @display(description=_("changed by"))
    def changed_by(self, version: PolicyVersion) -> str:
        return person(version.created_by) if version.created_by else str(_("built-in"))

    @display(description=_("response times"))
    def windows(self, version: PolicyVersion) -> str:
        return in_words(version.targets.all())

    @display(description=_("channels covered"))
    def ways(self, version: PolicyVersion) -> str:
        return ways_in_words(version)


@admin.register(Policy)
class PolicyAdmin(AsksCustomer, OutdatedPromises, ChainPage):
    form = PolicyForm
    offers_zones = asks_customer = True
    list_display = ("name", "plan", "is_default", "version", "duty_rota")
    list_select_related = ("plan", "duty_rota")
    search_fields = ("name",)
    inlines = (StepInline, VersionInline)
    readonly_fields = ("is_default", "current_windows", "current_ways")

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Policy]":
        policies: QuerySet[Policy] = super().get_queryset(request)
        return policies.annotate(version_number=Max("versions__number"))

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> Any:
        head = (None, {"fields": (("name", "plan"), ("duty_rota", "is_default"))})
        may_write = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        if not may_write:
            read = ("current_windows", "current_ways")
            return (head, (_("Response times"), {"fields": read}), *self.past_fieldsets(obj))
        windows = ((kind.label, {"fields": window_rows(kind)}) for kind in ClockKind)
        rest = (
            (_("Channels covered"), {"fields": ways_rows()}),
            (_("Pauses"), {"fields": ("pause_cap_minutes",)}),
        )
        return (head, *windows, *rest, *self.past_fieldsets(obj))

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            actor: Any = request.user
            revise_policy(
                policy=obj,
                windows=form.windows(),
                actor=actor,
                at=time_of_record.now(),
                pause_cap_minutes=form.cleaned_data["pause_cap_minutes"],
                ways=form.ways(),
            )

    def terms_of(self, request: HttpRequest, row: Any, *, at: datetime, zone: str) -> PreviewTerms:
        """The windows in the form; for readers without the right to change, the windows in force."""
        policy, windows = self._drafted(request, row)
        customer = customer_in(request)
        if customer is not None:
            return terms_from(customer, Draft(policy, windows), at=at)
        return PreviewTerms(windows, zone)

    def _drafted(self, request: HttpRequest, row: Any) -> tuple[Policy, list[Window]]:
        if not self.may_write(request, row):
            return row, windows_in_force(row)
        form: Any = self.filled_form(request, row)
        refuse(window_faults(form))
        return form.instance, form.windows()

    def played(self, request: HttpRequest, row: Any, *, at: datetime, customer: Customer | None) -> Played:
        windows = self.terms_of(request, row, at=at, zone="").windows
        policy = self.filled_form(request, row).instance if self.may_write(request, row) else row
        return Played(policy, None, customer, windows)

    @display(description=_("version"))
    def version(self, policy: Any) -> str:
        return f"v{policy.version_number}" if policy.version_number else "-"

    @display(description=_("response times in force"))
    def current_windows(self, policy: Policy) -> str:
        return in_words(targets_in_force(policy))

    @display(description=_("channels covered"))
    def current_ways(self, policy: Policy) -> str:
        version = policy.versions.order_by("-number").first()
        return ways_in_words(version) if version else "-"


def windows_in_force(policy: Policy) -> list[Window]:
    return [
        Window(target.kind, target.priority, target.minutes, target.calendar)
        for target in targets_in_force(policy)
    ]


def in_words(targets: Any) -> str:
    """One line per window: kind, priority, minutes, calendar."""
    rows = (
        (
            labelled(
                f"{target.get_kind_display()} · {target.get_priority_display()}",
                noted(minutes(target.minutes), target.calendar.name),
            ),
        )
        for target in sorted(targets, key=_order)
    )
    return format_html_join("", "<div>{}</div>", rows) or "-"


def ways_in_words(version: PolicyVersion) -> str:
    """One line per priority: the promised ways to answer."""
    rows = (
        (labelled(priority.name, listed(way.label for way in ways)),)
        for priority in Priority
        if (ways := version.ways(priority))
    )
    return format_html_join("", "<div>{}</div>", rows) or "-"


def _order(target: PolicyTarget) -> tuple[str, int]:
    return target.kind, target.priority

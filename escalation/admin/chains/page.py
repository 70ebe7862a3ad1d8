"""What the pages of policies and contracts share: saving the chain, its history, and the forecast of who is told."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.formats import date_format
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.decorators import display

from customers import time_of_record
from customers.access import visible_customers
from customers.admin.fields import person
from customers.models import Contract, Customer
from customers.phrases import noted
from escalation.admin.chains.inline import StepInline
from escalation.admin.policies.preview import MomentForm, PreviewPage, refuse, sentences
from escalation.chains.editing import revise_chain, step_of
from escalation.chains.progress import Chains
from escalation.chains.step_text import in_full
from escalation.choices import ClockKind
from escalation.enforcement.forecast import Forecast, SampleTicket, forecast
from escalation.models import EscalationStep, Policy
from escalation.policies.editing import Window
from tickets.choices import Priority
from tickets.errors import DeskError

PAST = 50
OFFERED = 300  # how many customers to choose from
UNSAVED = 0  # stands in for the row's key while it exists only in the form


@dataclass(frozen=True)
class Played:
    """The policy, contract and windows described by the page's form, for a sample ticket."""

    policy: Policy
    contract: Contract | None
    customer: Customer | None
    windows: Sequence[Window]


class SampleForm(MomentForm):
    """The sample ticket, in the fields of the panel."""

    sample_priority = forms.TypedChoiceField(label=_("Priority"), choices=Priority, coerce=int)
    sample_customer = forms.ModelChoiceField(
        label=_("Customer"), queryset=Customer.objects.none(), required=False
    )

    def __init__(self, *args: Any, customers: "QuerySet[Customer]", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["sample_customer"].queryset = customers  # type: ignore[attr-defined]


class ChainPage(PreviewPage):
    """Base of both pages. A subclass lists a StepInline among its inlines and returns the terms of a sample ticket."""

    change_form_outer_after_template = "escalation/chain/panels.html"
    step_inline: type[StepInline] = StepInline
    asks_customer = False

    def played(self, request: HttpRequest, row: Any, *, at: datetime, customer: Customer | None) -> Played:
        """What the form describes, for a sample ticket. Raises DeskError with one sentence per line."""
        raise NotImplementedError

    def get_urls(self) -> list[URLPattern]:
        view, name = self.admin_site.admin_view(self.timeline_view), f"{self._path}_timeline"
        urls = [path("timeline/", view, name=name), path("<int:object_id>/timeline/", view, name=name)]
        return [*urls, *super().get_urls()]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        args = [object_id] if object_id and object_id.isascii() and object_id.isdigit() else []
        context = {
            "timeline_url": reverse(f"admin:{self._path}_timeline", args=args),
            "sample_priorities": Priority,
            "sample_customers": self._customers(request)[:OFFERED] if self.asks_customer else (),
            **(extra_context or {}),
        }
        return super().changeform_view(request, object_id, form_url, context)

    @method_decorator(require_POST)
    @method_decorator(transaction.atomic)  # a form may need locks; nothing is written
    def timeline_view(self, request: HttpRequest, object_id: int | None = None) -> HttpResponse:
        """The forecast for the form's present values; 404 for rows that the reader may not see."""
        row = get_object_or_404(self.get_queryset(request), pk=object_id) if object_id else None
        is_allowed = self.has_view_permission(request, row) if row else self.has_add_permission(request)
        if not is_allowed or not self._step_inline().has_view_permission(request, row):
            raise PermissionDenied
        try:
            result: dict[str, Any] = {"forecast": self._forecast(request, row)}
        except DeskError as error:
            result = {"faults": str(error).splitlines()}
        return TemplateResponse(
            request, "escalation/chain/timeline.html", {"now": time_of_record.now(), **result}
        )

    def _forecast(self, request: HttpRequest, row: Any) -> Forecast:
        form = SampleForm(request.POST, customers=self._customers(request))
        refuse(sentences(form))
        given = form.cleaned_data
        at, priority = given["preview_at"], given["sample_priority"]
        played = self.played(request, row, at=at, customer=given["sample_customer"])
        sample = SampleTicket(
            played.customer, priority, at, _window(played.windows, priority), played.policy, played.contract
        )
        return forecast(sample, self._chain(request, row, played, priority))

    def _chain(self, request: HttpRequest, row: Any, played: Played, priority: int) -> list[EscalationStep]:
        """The chain that a promise would follow if the form were saved, by the rule of `Chains.for_terms`."""
        policy, contract = played.policy.pk or UNSAVED, UNSAVED
        chains = Chains.load(policies={policy})
        home = played.contract or played.policy
        own_steps = self._own_steps(request, row, home)
        if played.contract is not None:
            chains = replace(chains, of_contracts={contract: own_steps})
        else:
            chains = replace(
                chains,
                of_policies={**chains.of_policies, policy: own_steps},
                default=own_steps if played.policy.is_default else chains.default,
            )
        return chains.for_terms(policy, contract, priority)

    def _own_steps(self, request: HttpRequest, row: Any, home: Any) -> list[EscalationStep]:
        """The steps in the form; for readers without the right to change, the saved steps."""
        inline = self._step_inline()
        if not self.may_write(request, row) or not inline.has_change_permission(request, row):
            return list(row.steps.current().select_related("person", "rota"))
        given = self.get_formset_kwargs(request, home, inline, "steps")
        formset: Any = inline.get_formset(request, row)(**given)
        refuse([*formset.non_form_errors(), *(fault for form in formset.forms for fault in sentences(form))])
        return [step_of(spec) for spec in formset.specs()]

    def _step_inline(self) -> Any:
        inline: Any = self.step_inline
        return inline(self.model, self.admin_site)

    def _customers(self, request: HttpRequest) -> "QuerySet[Customer]":
        return visible_customers(request.user).filter(is_active=True).order_by("name")

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        if formset.model is not EscalationStep:
            super().save_formset(request, form, formset, change)
            return
        if formset.is_read_only:
            formset.new_objects = formset.changed_objects = formset.deleted_objects = []
            return
        formset.save(commit=False)  # the admin log names the changes; nothing is written
        home = formset.instance
        key, actor = ("policy" if isinstance(home, Policy) else "contract"), request.user
        chain: Any = {key: home, "actor": actor}
        revise_chain(steps=formset.specs(), at=time_of_record.now(), **chain)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return (*super().get_readonly_fields(request, obj), "past_steps")

    def past_fieldsets(self, row: Model | None) -> tuple[Any, ...]:
        if row is None:
            return ()
        return ((_("Earlier steps of the chain"), {"fields": ("past_steps",), "classes": ["collapse"]}),)

    @display(description=_("retired"))
    def past_steps(self, row: Any) -> str:
        """All steps that ever existed, newest first, with who added and who retired each."""
        steps = row.steps.exclude(retired_at=None).select_related("created_by", "retired_by")
        rows = (
            (
                _by(step.created_at, step.created_by), _by(step.retired_at, step.retired_by),
                in_full(step),
            )
            for step in steps.order_by("-retired_at", "-pk")[:PAST]
        )  # fmt: skip
        return format_html_join("", "<p><small>{} – {}</small><br>{}</p>", rows) or "-"


def _window(windows: Sequence[Window], priority: int) -> Window:
    kind = ClockKind.FIRST_RESPONSE
    chosen = next((window for window in windows if (window.kind, window.priority) == (kind, priority)), None)
    if chosen is None:
        raise DeskError(
            str(_("No first response time is set here for %(priority)s: the default policy applies."))
            % {"priority": Priority(priority).label}
        )
    return chosen


def _by(at: datetime, user: Any) -> str:
    shown = date_format(timezone.localtime(at), "DATETIME_FORMAT")
    return noted(shown, person(user) if user is not None else "")

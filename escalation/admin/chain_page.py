"""What the pages of policies and contracts share: their chain is saved by its service, and its past can be read."""

from datetime import datetime
from typing import Any

from django.db.models import Model
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from customers.admin.base import DeskAdmin
from customers.admin.fields import person
from escalation.chainwords import in_full
from escalation.models import EscalationStep, Policy
from escalation.services.chains import revise_chain

PAST = 50


class ChainPage(DeskAdmin):
    """The heir lists a StepInline among its inlines."""

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        if formset.model is not EscalationStep:
            super().save_formset(request, form, formset, change)
            return
        if formset.is_read_only:
            formset.new_objects = formset.changed_objects = formset.deleted_objects = []
            return
        formset.save(commit=False)  # what the log of changes names; nothing is written
        home = formset.instance
        key, actor = ("policy" if isinstance(home, Policy) else "contract"), request.user
        chain: Any = {key: home, "actor": actor}
        revise_chain(steps=formset.specs(), at=timezone.now(), **chain)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return (*super().get_readonly_fields(request, obj), "past_steps")

    def past_fieldsets(self, row: Model | None) -> tuple[Any, ...]:
        if row is None:
            return ()
        return ((_("Earlier steps of the chain"), {"fields": ("past_steps",), "classes": ["collapse"]}),)

    @display(description=_("no longer in force"))
    def past_steps(self, row: Any) -> str:
        """Who wrote and who ended each, newest first."""
        steps = row.steps.exclude(retired_at=None).select_related("created_by", "retired_by")
        rows = (
            (
                _moment(step.created_at), _by(step.created_by), _moment(step.retired_at), _by(step.retired_by),
                in_full(step),
            )
            for step in steps.order_by("-retired_at", "-pk")[:PAST]
        )  # fmt: skip
        return format_html_join("", "<p><small>{}{} – {}{}</small><br>{}</p>", rows) or "-"


def _moment(at: datetime) -> str:
    return date_format(timezone.localtime(at), "Y-m-d H:i")


def _by(user: Any) -> str:
    return f" ({person(user)})" if user is not None else ""

"""The steps of a chain on the page of its policy or contract: editable, read-only, and retired ones."""

from typing import Any

from django.db.models import Case, ForeignKey, Model, QuerySet, When
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import StackedInline
from unfold.decorators import display

from customers.admin.base import VisibleChoices
from escalation.admin.chains.form import ChainFormSet, StepForm
from escalation.chains.step_text import in_full
from escalation.models import EscalationStep

WHEN = ("amount", "unit"), ("highest_priority", "lowest_priority")
WHOM = "tell", "reassign_to", ("person", "rota")
HOW = "channels", ("ack_required", "ack_minutes"), ("repeat_minutes", "repeat_cap")

# In the order in which the steps fire, as far as it can be known without a window.
ROUGHLY = Coalesce("percent", Case(When(minutes_from_due__lt=0, then=99), default=100))


class StepInline(VisibleChoices, StackedInline):
    """`revise_chain` saves the steps; a step is folded to one line until a user opens it."""

    model = EscalationStep
    form = StepForm
    formset = ChainFormSet
    extra = 0
    collapsible = True
    verbose_name = _("step")
    verbose_name_plural = _("Escalation: what happens while nobody replies")

    def get_queryset(self, request: HttpRequest) -> "QuerySet[EscalationStep]":
        steps: Any = super().get_queryset(request)
        in_force: QuerySet[EscalationStep] = steps.current().select_related("person", "rota")
        return in_force.order_by("highest_priority", ROUGHLY, "minutes_from_due", "pk")

    def get_formset(self, request: HttpRequest, obj: Model | None = None, **kwargs: Any) -> Any:
        formset: Any = super().get_formset(request, obj, **kwargs)
        formset.is_read_only = not self.has_change_permission(request, obj)
        formset.form = _retiring(formset.form)
        _without_side_doors(formset.form)
        return formset

    def formfield_for_foreignkey(
        self, db_field: "ForeignKey[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> Any:
        """Load the people and rotas once, because every step offers the same choices."""
        field: Any = super().formfield_for_foreignkey(db_field, request, **kwargs)
        field.choices = list(field.choices)
        return field

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> Any:
        if self.has_change_permission(request, obj):
            return ((None, {"fields": (*WHEN, *WHOM, *HOW)}),)
        return ((None, {"fields": ("says",)}),)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return () if self.has_change_permission(request, obj) else ("says",)

    @display(description=_("step"))
    def says(self, step: EscalationStep) -> str:
        return in_full(step)


def _retiring(form: Any) -> Any:
    """Skip Django's check for rows that protect a deleted one: a step is retired, not deleted."""

    class RetiringForm(form):
        def hand_clean_DELETE(self) -> None:
            pass

    return RetiringForm


def _without_side_doors(form: Any) -> None:
    """Remove the links that add or change people and rotas: here they are only selected."""
    for name in {"person", "rota"} & set(form.base_fields):
        widget = form.base_fields[name].widget
        widget.can_add_related = widget.can_change_related = widget.can_view_related = False


class ContractStepInline(StepInline):
    verbose_name_plural = _(
        "Escalation of this contract; priorities without a step here follow the plan's policy"
    )

"""The form of a policy: a window and a calendar for each kind of promise and priority, and the steps of its chain."""

from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
)

from escalation.choices import ClockKind, Whom
from escalation.models import Calendar, EscalationStep, Policy, PolicyTarget
from escalation.services.policies import Window
from tickets.choices import Priority

LONGEST = 366 * 24 * 60


def minutes_name(kind: ClockKind, priority: Priority) -> str:
    return f"minutes_{kind.value}_{priority.value}"


def calendar_name(kind: ClockKind, priority: Priority) -> str:
    return f"calendar_{kind.value}_{priority.value}"


def window_rows(kind: ClockKind) -> tuple[tuple[str, str], ...]:
    """The fields of one kind of promise, a line per priority."""
    return tuple((minutes_name(kind, priority), calendar_name(kind, priority)) for priority in Priority)


def _window_fields() -> dict[str, forms.Field]:
    fields: dict[str, forms.Field] = {}
    for kind in ClockKind:
        for priority in Priority:
            fields[minutes_name(kind, priority)] = forms.IntegerField(
                label=format_lazy(_("{priority}, minutes"), priority=priority.label),
                required=False,
                min_value=1,
                max_value=LONGEST,
                widget=UnfoldAdminIntegerFieldWidget(),
            )
            fields[calendar_name(kind, priority)] = forms.ModelChoiceField(
                label=_("Counted by"),
                queryset=Calendar.objects.all(),
                required=False,
                widget=UnfoldAdminSelectWidget(),
            )
    return fields


class _PolicyForm(forms.ModelForm):
    """Starts with the windows in force; `windows()` is what was entered."""

    class Meta:
        model = Policy
        fields = ("name", "plan", "duty_rota")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            for target in targets_in_force(self.instance):
                kind, priority = ClockKind(target.kind), Priority(target.priority)
                self.initial[minutes_name(kind, priority)] = target.minutes
                self.initial[calendar_name(kind, priority)] = target.calendar_id

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if not self.instance.is_default and "plan" in self.fields and not given.get("plan"):
            self.add_error("plan", _("Choose the plan that this policy serves."))
        for kind in ClockKind:
            for priority in Priority:
                self._check(kind, priority, given)
        return given

    def _check(self, kind: ClockKind, priority: Priority, given: dict[str, Any]) -> None:
        minutes, calendar = minutes_name(kind, priority), calendar_name(kind, priority)
        if given.get(minutes) and not given.get(calendar):
            self.add_error(calendar, _("Choose the calendar that counts these minutes."))
        if self.instance.is_default and minutes not in self.errors and not given.get(minutes):
            self.add_error(minutes, _("The default policy promises every window: others fall back to it."))

    def windows(self) -> list[Window]:
        given = self.cleaned_data
        return [
            Window(kind.value, priority.value, minutes, given[calendar_name(kind, priority)])
            for kind in ClockKind
            for priority in Priority
            if (minutes := given.get(minutes_name(kind, priority)))
        ]


PolicyForm = type("PolicyForm", (_PolicyForm,), _window_fields())


class StepForm(forms.ModelForm):
    tell = forms.MultipleChoiceField(
        label=_("Tell"), choices=Whom, required=False, widget=UnfoldAdminCheckboxSelectMultipleWidget()
    )

    class Meta:
        model = EscalationStep
        fields = ("percent", "tell", "reassign_to")


def targets_in_force(policy: Policy) -> list[PolicyTarget]:
    version = policy.versions.order_by("-number").first()
    return list(version.targets.select_related("calendar")) if version else []

"""The form of a policy: window and calendar for each kind of promise and priority, and the promised ways to answer."""

from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
)

from customers.phrases import labelled, listed
from escalation.choices import RESPONSE_KINDS, ClockKind, Way
from escalation.models import Calendar, Policy, PolicyTarget
from escalation.policies.editing import Ways, Window
from tickets.choices import Priority

LONGEST = 366 * 24 * 60


def minutes_name(kind: ClockKind, priority: Priority) -> str:
    return f"minutes_{kind.value}_{priority.value}"


def calendar_name(kind: ClockKind, priority: Priority) -> str:
    return f"calendar_{kind.value}_{priority.value}"


def window_rows(kind: ClockKind) -> tuple[tuple[str, str], ...]:
    """The fields of one kind of promise, one line per priority."""
    return tuple((minutes_name(kind, priority), calendar_name(kind, priority)) for priority in Priority)


def ways_name(priority: Priority) -> str:
    return f"ways_{priority.value}"


def ways_rows() -> tuple[tuple[str, ...], ...]:
    names = tuple(ways_name(priority) for priority in Priority)
    return names[:2], names[2:]


def _ways_fields() -> dict[str, forms.Field]:
    return {
        ways_name(priority): forms.MultipleChoiceField(
            label=priority.label,
            choices=Way,
            required=False,
            widget=UnfoldAdminCheckboxSelectMultipleWidget(),
        )
        for priority in Priority
    }


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
    """Starts with the windows in force; `windows()` returns what was entered."""

    pause_cap_minutes = forms.IntegerField(
        label=_("Longest pause in minutes"),
        help_text=_("How long in total a resolution SLA may be paused while we wait for the customer."),
        min_value=0,
        max_value=LONGEST,
        initial=3 * 24 * 60,
        widget=UnfoldAdminIntegerFieldWidget(),
    )

    class Meta:
        model = Policy
        fields = ("name", "plan", "duty_rota")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        version = self.instance.versions.order_by("-number").first() if self.instance.pk else None
        if version is not None:
            self.initial["pause_cap_minutes"] = version.pause_cap_minutes
            self.initial.update({ways_name(priority): version.ways(priority) for priority in Priority})
            for target in targets_in_force(self.instance):
                kind, priority = ClockKind(target.kind), Priority(target.priority)
                self.initial[minutes_name(kind, priority)] = target.minutes
                self.initial[calendar_name(kind, priority)] = target.calendar_id

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if not self.instance.is_default and "plan" in self.fields and not given.get("plan"):
            self.add_error("plan", _("Choose the service plan for this policy."))
        for kind in ClockKind:
            for priority in Priority:
                self._check(kind, priority, given)
        return given

    def _check(self, kind: ClockKind, priority: Priority, given: dict[str, Any]) -> None:
        minutes, calendar = minutes_name(kind, priority), calendar_name(kind, priority)
        if given.get(minutes) and not given.get(calendar):
            self.add_error(calendar, _("Choose the working calendar for these minutes."))
        is_needed = self.instance.is_default and kind in RESPONSE_KINDS
        if is_needed and minutes not in self.errors and not given.get(minutes):
            self.add_error(
                minutes, _("The default policy must cover every response: the others fall back to it.")
            )

    def windows(self) -> list[Window]:
        given = self.cleaned_data
        return [
            Window(kind.value, priority.value, minutes, given[calendar_name(kind, priority)])
            for kind in ClockKind
            for priority in Priority
            if (minutes := given.get(minutes_name(kind, priority)))
        ]

    def ways(self) -> Ways:
        """The entered ways to answer, by priority."""
        given = self.cleaned_data
        return {priority: [Way(value) for value in given[ways_name(priority)]] for priority in Priority}


PolicyForm = type("PolicyForm", (_PolicyForm,), {**_window_fields(), **_ways_fields()})


def window_faults(form: forms.BaseForm) -> list[str]:
    """The errors in a form's windows, by kind; the other fields are not checked."""
    return [
        labelled(listed([kind.label, form[name].label]), form.errors[name][0])
        for kind in ClockKind
        for row in window_rows(kind)
        for name in row
        if name in form.errors
    ]


def targets_in_force(policy: Policy) -> list[PolicyTarget]:
    version = policy.versions.order_by("-number").first()
    return list(version.targets.select_related("calendar")) if version else []

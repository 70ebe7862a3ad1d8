"""The forms of a rota: an override, a swap, and the hours of a layer. Times are in the rota's zone."""

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.formats import date_format
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from customers.admin.fields import AssigneeField, person, staff_members
from escalation.duty.month_grid import hours
from escalation.models import DutyLayer, DutyShift, Weekday
from escalation.people.on_duty import Watch


class MomentInput(forms.DateTimeInput):
    """The browser's date and time picker."""

    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%dT%H:%M")


class OverrideForm(forms.Form):
    user = AssigneeField(label=_("On duty"), queryset=staff_members(), empty_label=_("Choose"))
    starts_at = forms.DateTimeField(label=_("From"), widget=MomentInput())
    ends_at = forms.DateTimeField(label=pgettext_lazy("time", "To"), widget=MomentInput())
    reason = forms.CharField(label=_("Reason"), max_length=300)

    @property
    def person_name(self) -> str:
        return person(self.cleaned_data["user"])


class SwapForm(forms.Form):
    """``watches`` may be swapped; ``first`` is the selected one."""

    first = forms.ModelChoiceField(queryset=DutyShift.objects.none(), widget=forms.HiddenInput())
    second = forms.ModelChoiceField(
        label=_("With the shift of"), queryset=DutyShift.objects.none(), empty_label=_("Choose")
    )
    reason = forms.CharField(label=_("Reason"), max_length=300)

    def __init__(self, *args: Any, watches: Sequence[Watch], zone: ZoneInfo, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = DutyShift.objects.filter(pk__in={watch.shift.pk for watch in watches}).select_related(
            "user", "rota"
        )
        first: Any = self.fields["first"]
        second: Any = self.fields["second"]
        first.queryset = second.queryset = rows
        picked = self.initial.get("first")
        others = {watch.shift.pk: watch for watch in reversed(watches) if watch.shift.pk != picked}
        choices = [(pk, _label(others[pk], zone)) for pk in reversed(others)]
        second.widget.choices = [("", gettext("Choose")), *choices]


def _label(watch: Watch, zone: ZoneInfo) -> str:
    local = watch.starts_at.astimezone(zone)
    return f"{date_format(local, 'D')} {local:%m-%d} {hours(watch.span, zone)} · {person(watch.user)}"


class LayerForm(forms.ModelForm):
    """A layer, with a checkbox for each weekday."""

    weekdays = forms.TypedMultipleChoiceField(
        label=_("Only on"),
        choices=Weekday,
        coerce=int,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
        help_text=_("Choose none for every day. A night shift belongs to the day it starts on."),
    )

    class Meta:
        model = DutyLayer
        fields = (
            "rota",
            "name",
            "level",
            "length",
            "rotation",
            "hand_over",
            "weekday",
            "starts_on",
            "ends_on",
            "weekdays",
            "from_time",
            "to_time",
        )

    def clean(self) -> dict[str, Any]:
        """Refuse dates at the ends of the calendar, where date arithmetic overflows."""
        given = super().clean() or {}
        for name in ("starts_on", "ends_on"):
            if given.get(name) is not None and not 2000 <= given[name].year <= 2200:
                self.add_error(name, gettext("Choose a day between 2000 and 2200."))
        return given

    def clean_weekdays(self) -> list[int]:
        return sorted(self.cleaned_data["weekdays"])

"""The form of a chain's steps: time, priorities, people, channels, acknowledgement and repeats."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from unfold.forms import PaginationInlineFormSet
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
)

from escalation.chains.editing import rota_of
from escalation.chains.step_text import in_short
from escalation.chains.validation import MOST_MINUTES, StepSpec, chain_faults, step_faults
from escalation.choices import Medium, Whom
from escalation.models import EscalationStep, Policy
from tickets.choices import Priority


class ChannelsWidget(forms.MultiWidget):
    """One select for each place in the order."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        first = UnfoldAdminSelectWidget({"aria-label": _("First through")}, choices=_media())
        then = [
            UnfoldAdminSelectWidget({"aria-label": _("Then through")}, choices=_media()) for _one in Medium
        ]
        super().__init__([first, *then[1:]], attrs)

    def decompress(self, value: list[str] | None) -> list[str]:
        return [*(value or []), *[""] * len(Medium)][: len(Medium)]


class ChannelsField(forms.MultiValueField):
    """The media in the order they are tried, as a list."""

    def __init__(self, **kwargs: Any) -> None:
        fields = [forms.ChoiceField(choices=_media(), required=False) for _one in Medium]
        super().__init__(fields, widget=ChannelsWidget(), require_all_fields=False, required=False, **kwargs)

    def compress(self, data_list: list[str]) -> list[str]:
        return [value for value in data_list if value]


def _media() -> list[tuple[str, Any]]:
    return [("", "—"), *Medium.choices]


SHARE, BEFORE, AFTER = "share", "before", "after"
UNITS = (
    (SHARE, _("percent of the response time")),
    (BEFORE, _("minutes before the due time")),
    (AFTER, _("minutes after the due time")),
)


class StepForm(forms.ModelForm):
    """One step; `spec()` is its value as entered."""

    amount = forms.IntegerField(
        label=_("When"),
        min_value=0,
        max_value=MOST_MINUTES,
        widget=UnfoldAdminIntegerFieldWidget(),
        help_text=_("100 percent is the due time; 0 percent is the moment the ticket is created."),
    )
    unit = forms.ChoiceField(
        label=_("counted as"), choices=UNITS, initial=SHARE, widget=UnfoldAdminSelectWidget()
    )
    tell = forms.MultipleChoiceField(
        label=_("Notify"),
        choices=Whom,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
        help_text=_("If they are away, their deputy is notified as well."),
    )
    channels = ChannelsField(
        label=_("Through"),
        initial=[Medium.MAIL.value],
        help_text=_("Tried in this order, until one of them accepts."),
    )

    ack_minutes = forms.IntegerField(
        label=_("Acknowledgement time limit (minutes)"),
        help_text=_("How long paging stays off after somebody acknowledges."),
        min_value=1,
        initial=15,
        widget=UnfoldAdminIntegerFieldWidget(),
    )
    repeat_minutes = forms.IntegerField(
        label=_("Repeat every (minutes)"),
        help_text=_("Until somebody acknowledges or replies; leave empty to run once."),
        min_value=1,
        required=False,
        widget=UnfoldAdminIntegerFieldWidget(),
    )

    class Meta:
        model = EscalationStep
        fields = (
            "highest_priority", "lowest_priority", "tell", "reassign_to", "person", "rota", "channels", "ack_minutes",
            "ack_required", "repeat_minutes", "repeat_cap",
        )  # fmt: skip
        labels = {
            "highest_priority": _("For priorities from"),
            "lowest_priority": pgettext_lazy("priority", "to"),
            "reassign_to": _("Give the ticket to"),
            "person": _("The named person"),
            "rota": _("The duty rota"),
            "ack_required": _("Acknowledgement required"),
            "repeat_cap": _("Repeat at most (times)"),
        }
        help_texts = {
            "reassign_to": _("Empty: the step only notifies. Anybody who already owned this SLA is skipped."),
            "person": _("If “a named person” is chosen."),
            "rota": _("The rota whose person on duty is meant; empty for the rota of the policy."),
            "ack_required": _(
                "If nobody acknowledges in time, the next step runs at once instead of at its own time."
            ),
            "repeat_cap": _("Empty for no end."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["amount"], self.initial["unit"] = _entered(self.instance)
            self.instance.get_inline_title = in_short(
                self.instance
            )  # the line that is shown when the step is folded

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        amount, unit = given.get("amount"), given.get("unit")
        self.instance.percent = amount if unit == SHARE else None
        minutes = -amount if unit == BEFORE and amount is not None else amount
        self.instance.minutes_from_due = None if unit == SHARE else minutes
        if given.get("highest_priority", 0) > given.get("lowest_priority", Priority.P3):
            self.add_error("lowest_priority", _("The second priority is the less urgent one: P0 to P3."))
        return given

    def spec(self) -> StepSpec:
        given = dict(self.cleaned_data)
        for name in ("amount", "unit", "id", "policy", "contract", "DELETE"):
            given.pop(name, None)
        moment = {"percent": self.instance.percent, "minutes_from_due": self.instance.minutes_from_due}
        listed = {"tell": tuple(given["tell"]), "channels": tuple(given["channels"])}
        return StepSpec(**{**given, **moment, **listed})


def _is_new(form: Any) -> bool:
    """Check new steps only, as `revise_chain` does."""
    return not form.instance.pk or form.has_changed()


def _entered(step: EscalationStep) -> tuple[int, str]:
    if step.percent is not None:
        return step.percent, SHARE
    minutes = step.minutes_from_due or 0
    return abs(minutes), BEFORE if minutes < 0 else AFTER


class ChainFormSet(PaginationInlineFormSet):
    """All steps of the form; errors appear at their step, or above all steps."""

    is_read_only = False

    def clean(self) -> None:
        super().clean()
        if self.is_read_only or any(form.errors for form in self._standing()):
            return
        rota = rota_of(self.instance) if self._has_plan() else None
        for form in filter(_is_new, self._standing()):
            for fault in step_faults(form.spec(), rota=rota):
                form.add_error("amount", fault)
        is_default = isinstance(self.instance, Policy) and self.instance.is_default
        faults = list(chain_faults(self.specs(), is_default=is_default))
        if faults:
            raise forms.ValidationError(faults)

    def specs(self) -> list[StepSpec]:
        return [form.spec() for form in self._standing()]

    def _standing(self) -> Iterator[Any]:
        """The lines that are neither deleted nor empty."""
        for form in self.forms:
            is_gone = self.can_delete and self._should_delete_form(form)
            if not is_gone and (form.instance.pk or form.has_changed()):
                yield form

    def _has_plan(self) -> bool:
        return isinstance(self.instance, Policy) or self.instance.plan_id is not None

"""The form of a calendar: one line of hours per weekday, and one line per own day."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from customers import time_of_record
from customers.admin.base import LONGEST_TEXT
from customers.errors import DeskError
from escalation.models import Calendar
from escalation.working_time.definitions import CalendarDefinition, OwnDay, from_json
from escalation.working_time.editing import checked_definition
from escalation.working_time.hours_text import day_in_words, intervals_in_words, parse_day, parse_intervals
from escalation.working_time.validation import WEEKDAYS, WorkTimeError

DAYS = tuple(f"day_{number}" for number in range(7))


def _line_fields() -> dict[str, forms.Field]:
    fields: dict[str, forms.Field] = {
        name: forms.CharField(
            label=label, required=False, max_length=500, widget=UnfoldAdminTextInputWidget()
        )
        for name, label in zip(DAYS, WEEKDAYS, strict=True)
    }
    fields["own_days"] = forms.CharField(
        label=_("Own days"),
        required=False,
        max_length=LONGEST_TEXT,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 5}),
        help_text=_(
            "One line per day: 2026-12-24 for a closed day, 2026-12-31 09:00-12:00 for a day "
            "with working hours. Notes follow a #. Own days take precedence over holidays."
        ),
    )
    return fields


class _CalendarForm(forms.ModelForm):
    """Starts with the definition in force; `definition()` returns what was entered."""

    class Meta:
        model = Calendar
        fields = ("name", "time_zone", "always_open", "country", "subdivision")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.definition:
            self._start_with(from_json(self.instance.definition))

    def _start_with(self, definition: CalendarDefinition) -> None:
        for name, intervals in zip(DAYS, definition.weekly, strict=True):
            self.initial[name] = intervals_in_words(intervals)
        lines = (day_in_words(own.day, own.intervals, own.note) for own in definition.own_days)
        self.initial["own_days"] = "\n".join(lines)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        given["country"] = given.get("country", "").strip().upper()
        for name in DAYS:
            self._read(name, parse_intervals)
        self._read("own_days", _own_days)
        return given

    def full_clean(self) -> None:
        """Combine the hours only if each field is valid on its own, so that no error is shown twice."""
        super().full_clean()
        if self.is_bound and not self.errors:
            self._check()

    def _read(self, name: str, reader: Any) -> None:
        try:
            self.cleaned_data[name] = reader(self.cleaned_data.get(name, ""))
        except WorkTimeError as error:
            self.add_error(name, str(error))

    def _check(self) -> None:
        try:
            checked_definition(self.definition(), time_of_record.now())
        except DeskError as error:
            self.add_error(None, str(error))

    def definition(self) -> CalendarDefinition:
        given = self.cleaned_data
        return CalendarDefinition(
            zone=given["time_zone"],
            always_open=given["always_open"],
            weekly=tuple(given[name] for name in DAYS),
            country=given["country"],
            subdivision=given["subdivision"],
            own_days=given["own_days"],
        )


CalendarForm = type("CalendarForm", (_CalendarForm,), _line_fields())


def _own_days(text: str) -> tuple[OwnDay, ...]:
    return tuple(OwnDay(*parse_day(line)) for line in text.splitlines() if line.strip())

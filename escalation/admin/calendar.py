"""Working calendars with their weekly intervals; the service refuses hours that make no sense."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import display
from unfold.forms import PaginationInlineFormSet

from customers.admin.base import DeskAdmin
from escalation.models import Calendar, CalendarInterval
from escalation.services.calendars import calendar_changed
from escalation.worktime import WorkingHours, WorkTimeError


class IntervalFormSet(PaginationInlineFormSet):
    """Shows the service's refusal beside the intervals, before anything is written."""

    def clean(self) -> None:
        super().clean()
        if any(form.errors for form in self.forms) or self._always_open():
            return
        weekly: list[list[tuple[int, int]]] = [[] for _day in range(7)]
        for form in self.forms:
            given = form.cleaned_data
            if given and not given.get("DELETE"):
                weekly[given["weekday"]].append(form.instance.minutes)
        try:
            WorkingHours(self.instance.time_zone, weekly=weekly)
        except WorkTimeError as error:
            raise ValidationError(str(error)) from error

    def _always_open(self) -> bool:
        return bool(self.instance.always_open)


class CalendarIntervalInline(TabularInline):
    model = CalendarInterval
    formset = IntervalFormSet
    fields = ("weekday", "opens", "closes")
    extra = 0


@admin.register(Calendar)
class CalendarAdmin(DeskAdmin):
    list_display = ("name", "time_zone", "hours", "version")
    search_fields = ("name", "time_zone")
    inlines = (CalendarIntervalInline,)
    readonly_fields = ("version",)
    fieldsets = ((None, {"fields": (("name", "time_zone"), ("always_open", "version"))}),)

    @display(description=_("hours"))
    def hours(self, calendar: Calendar) -> str:
        return str(_("around the clock") if calendar.always_open else _("working hours"))

    def save_related(self, request: HttpRequest, form: forms.ModelForm, formsets: Any, change: bool) -> None:
        with transaction.atomic():
            super().save_related(request, form, formsets, change)
            if change and (form.has_changed() or any(formset.has_changed() for formset in formsets)):
                calendar_changed(calendar=form.instance)

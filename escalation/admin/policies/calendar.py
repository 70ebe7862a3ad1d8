"""The admin of working calendars. An edit becomes a new version, so running promises keep their hours."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from customers import time_of_record
from customers.admin.base import DeskAdmin, ReadOnlyInline
from customers.admin.fields import person
from customers.phrases import grouped, listed, noted
from escalation.admin.policies.calendar_form import DAYS, CalendarForm
from escalation.models import Calendar, CalendarVersion
from escalation.working_time.definitions import CalendarDefinition, from_json
from escalation.working_time.editing import revise_calendar
from escalation.working_time.holiday_names import holiday_name
from escalation.working_time.holiday_watch import doubts_of
from escalation.working_time.hours_text import day_in_words, intervals_in_words
from escalation.working_time.public_holidays import estimated_days, is_published
from escalation.working_time.usage import refusal_to_delete, uses_of, with_usage
from escalation.working_time.validation import WEEKDAYS


class CalendarVersionInline(ReadOnlyInline):
    """The versions of a calendar, read-only."""

    model = CalendarVersion
    fields = readonly_fields = ("number", "created_at", "changed_by", "hours")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Allow it to everybody who may see the calendar."""
        return True

    def get_queryset(self, request: HttpRequest) -> "QuerySet[CalendarVersion]":
        versions: QuerySet[CalendarVersion] = super().get_queryset(request)
        return versions.select_related("created_by")

    @display(description=_("changed by"))
    def changed_by(self, version: CalendarVersion) -> str:
        return person(version.created_by) if version.created_by else str(_("the desk"))

    @display(description=_("hours"))
    def hours(self, version: CalendarVersion) -> str:
        return in_words(from_json(version.definition))


@admin.register(Calendar)
class CalendarAdmin(DeskAdmin):
    form = CalendarForm
    list_display = ("name", "time_zone", "hours", "country", "version")
    search_fields = ("name", "time_zone")
    inlines = (CalendarVersionInline,)
    readonly_fields = ("version", "holidays", "worked", "used_by")
    actions: Any = None  # calendars are deleted one by one, and only while nothing uses them

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Calendar]":
        return with_usage(super().get_queryset(request))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(super().has_delete_permission(request, obj)) and not getattr(obj, "is_used", False)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """Refuse to delete a used calendar with a message that names its uses, instead of a page of protected rows."""
        calendar: Any = self.get_object(request, unquote(object_id))
        if calendar is None or not calendar.is_used or not self.has_view_permission(request, calendar):
            return super().delete_view(request, object_id, extra_context)
        messages.error(request, refusal_to_delete(calendar))
        return HttpResponseRedirect(reverse("admin:escalation_calendar_change", args=[calendar.pk]))

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> Any:
        used = ("used_by",) if obj else ()
        head = (None, {"fields": (("name", "time_zone"), ("always_open", "version"), *used)})
        places = (_("Holidays"), {"fields": (("country", "subdivision"), "holidays")})
        may_write = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        if not may_write:
            return (head, places, (_("Hours"), {"fields": ("worked",)}))
        hours = {
            "fields": DAYS,
            "description": _(
                "Such as 09:00-12:00, 13:00-18:00; 24:00 is midnight and 30:00 six the next day."
            ),
        }
        return (head, (_("Hours"), hours), places, (_("Own days"), {"fields": ("own_days",)}))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        with transaction.atomic():
            obj.save(update_fields=["name"] if change else None)
            actor: Any = request.user
            revise_calendar(calendar=obj, definition=form.definition(), actor=actor, at=time_of_record.now())

    def render_change_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        calendar = kwargs.get("obj")
        if calendar is not None and request.method == "GET":
            self._warn(request, calendar)
        response: HttpResponse = super().render_change_form(request, *args, **kwargs)
        return response

    def _warn(self, request: HttpRequest, calendar: Calendar) -> None:
        definition = from_json(calendar.definition)
        today = time_of_record.now().date()
        for doubt in doubts_of(definition, today):
            messages.warning(request, doubt.in_words([calendar.name]))

    @display(description=_("used by"))
    def used_by(self, calendar: Calendar) -> str:
        return grouped(uses_of(calendar)) or "-"

    @display(description=_("hours"))
    def hours(self, calendar: Calendar) -> str:
        return str(_("24/7") if calendar.always_open else _("working hours"))

    @display(description=_("known holidays"))
    def holidays(self, calendar: Calendar) -> str:
        if not calendar.definition:
            return "-"
        return format_html_join("", "<div>{}</div>", ((line,) for line in _years(calendar))) or "-"

    @display(description=_("hours"))
    def worked(self, calendar: Calendar) -> str:
        return in_words(from_json(calendar.definition)) if calendar.definition else "-"


def in_words(definition: CalendarDefinition) -> str:
    """One line for each weekday with working time, then the calendar's own days."""
    lines = [gettext("24/7")] if definition.always_open else []
    if not definition.always_open:
        week = zip(WEEKDAYS, definition.weekly, strict=True)
        lines = [f"{day} {intervals_in_words(intervals)}" for day, intervals in week if intervals]
    lines += [day_in_words(own.day, own.intervals, own.note) for own in definition.own_days]
    place = " ".join(filter(None, (definition.country, definition.subdivision)))
    lines += [gettext("holidays of %(place)s") % {"place": place}] if definition.observes_holidays else []
    return format_html_join("", "<div>{}</div>", ((line,) for line in [definition.zone, *lines]))


def _years(calendar: Calendar) -> list[str]:
    """For each year how many days it has, whether they are final, and which are only estimated."""
    definition = from_json(calendar.definition)
    holidays = definition.holidays
    years = sorted({day.year for day in holidays.closed | holidays.make_up})
    place = definition.country, definition.subdivision
    estimated = estimated_days(*place, range(years[0], years[-1] + 1)) if years else {}
    guesses = (
        gettext("%(day)s %(name)s (estimated)") % {"day": day, "name": holiday_name(name)}
        for day, name in estimated.items()
    )
    return [*(_year(definition, year) for year in years), *guesses]


def _year(definition: CalendarDefinition, year: int) -> str:
    holidays = definition.holidays
    closed = sum(day.year == year for day in holidays.closed)
    make_up = [f"{day:%m-%d}" for day in sorted(holidays.make_up) if day.year == year]
    days_off = ngettext("%(year)s: %(closed)s holiday", "%(year)s: %(closed)s holidays", closed)
    words = {"year": year, "closed": closed, "worked": len(make_up)}
    return grouped([days_off % words, _make_up_days(definition, year, make_up) % words])


def _make_up_days(definition: CalendarDefinition, year: int, days: list[str]) -> str:
    if not is_published(definition.country, year):
        return gettext("make-up workdays not yet announced")
    workdays = ngettext("%(worked)s make-up workday", "%(worked)s make-up workdays", len(days))
    return noted(workdays, listed(days))

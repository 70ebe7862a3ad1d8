"""The calendar page of a rota: four weeks of duty, with the forms for overrides, swaps and withdrawals."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from customers import time_of_record
from customers.admin.base import DeskAdmin
from escalation.admin.duty.forms import OverrideForm, SwapForm
from escalation.duty.coverage_gaps import gaps_within
from escalation.duty.month_grid import (
    WEEK,
    Weeks,
    grid_of,
    hours,
    hues_of,
    monday_of,
    parsed_day,
    parsed_moment,
)
from escalation.duty.overrides_and_swaps import put_on_duty, swap_shifts, withdraw_override
from escalation.duty.shifts import AHEAD
from escalation.models import DutyOverride, DutyRota
from escalation.people.on_duty import Watch, people_of, shifts_within, watches
from tickets.errors import DeskError

SHOWN_WEEKS = 4
WRITES = "escalation.add_dutyoverride"


@dataclass(frozen=True)
class Chosen:
    """The selection in the grid: a watch, or a period without one."""

    starts_at: datetime
    ends_at: datetime
    watch: Watch | None = None


class DutyCalendar(DeskAdmin):
    """Adds the page to the admin of rotas. To see it needs the permission to view, to act the one to add overrides."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.calendar_view)
        own = path("<int:object_id>/calendar/", view, name="escalation_dutyrota_calendar")
        return [own, *super().get_urls()]

    def calendar_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        rota = get_object_or_404(self.get_queryset(request), pk=object_id)
        if not self.has_view_permission(request, rota):
            raise PermissionDenied
        page = CalendarPage(request, rota, now=time_of_record.now())
        with timezone.override(rota.zone):  # the forms name the rota's zone too
            if request.method == "POST":
                return self._act(request, page)
            return self._shown(request, page)

    def _act(self, request: HttpRequest, page: CalendarPage) -> HttpResponse:
        if not request.user.has_perm(WRITES):
            raise PermissionDenied
        try:
            done = page.act()
        except DeskError as error:
            page.refusal = str(error)
        else:
            if done:
                messages.success(request, done)
                return HttpResponseRedirect(page.address)
        return self._shown(request, page)

    def _shown(self, request: HttpRequest, page: CalendarPage) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": page.rota,
            "title": _("Duty calendar"),
            "is_fullwidth": "1",
            "may_write": request.user.has_perm(WRITES),
            "may_edit": self.has_change_permission(request, page.rota),
            **page.context(),
        }
        return render(request, "escalation/duty/calendar.html", context)


class CalendarPage:
    """One request for the calendar. The rota's zone is active during it, because form times are in that zone."""

    def __init__(self, request: HttpRequest, rota: DutyRota, *, now: datetime) -> None:
        self.request, self.rota, self.now = request, rota, now
        self.reader = timezone.get_current_timezone()
        self.this_week = monday_of(now.astimezone(rota.zone).date())
        first = monday_of(parsed_day(request.GET.get("from", "")) or self.this_week)
        self.weeks = Weeks(first, SHOWN_WEEKS, rota.zone, self.reader)
        self.refusal = ""
        self.forms: dict[str, Any] = {}

    @property
    def address(self) -> str:
        """The address of the same weeks, with nothing selected."""
        page = reverse("admin:escalation_dutyrota_calendar", args=[self.rota.pk])
        return f"{page}?from={self.weeks.first}"

    def context(self) -> dict[str, Any]:
        begins, ends = self.weeks.span
        first = min(begins, self.now)
        shown = watches(self._rows(first, max(ends, self.now + AHEAD)))
        # Later shifts have not been generated yet.
        gaps = gaps_within([self.rota], (self.now, min(ends, self.now + AHEAD)))
        chosen = self._chosen(shown)
        return {
            "page": self,
            "now": self.now,
            "grid": grid_of(self.weeks, shown, gaps, now=self.now, hues=hues_of(people_of(self.rota))),
            "gaps": gaps,
            "chosen": chosen,
            "chosen_hours": self._in_words(chosen) if chosen is not None else None,
            "previous": self._from(self.weeks.first - SHOWN_WEEKS * WEEK),
            "following": self._from(self.weeks.first + SHOWN_WEEKS * WEEK),
            "today": self._from(self.this_week),
            "override_form": self.forms.get("override") or self._override_form(chosen),
            "swap_form": self.forms.get("swap") or self._swap_form(chosen, shown),
        }

    def act(self) -> str:
        """Perform the posted act. Returns the message to show, empty if a form has errors. Raises DeskError."""
        match self.request.POST.get("act"):
            case "override":
                return self._put()
            case "swap":
                return self._swap()
            case "withdraw":
                return self._withdraw()
            case _unknown:
                raise PermissionDenied

    def _put(self) -> str:
        form = self.forms["override"] = OverrideForm(self.request.POST)
        if not form.is_valid():
            return ""
        put_on_duty(rota=self.rota, **form.cleaned_data, **self._by)
        return _("%(name)s is on duty for that time.") % {"name": form.person_name}

    def _swap(self) -> str:
        swappable = watches(self._rows(self.now, self.now + AHEAD))
        form = self.forms["swap"] = SwapForm(self.request.POST, watches=swappable, zone=self.rota.zone)
        if not form.is_valid():
            return ""
        swap_shifts(**form.cleaned_data, **self._by)
        return _("The two shifts are exchanged.")

    def _withdraw(self) -> str:
        pk = self.request.POST.get("override", "")
        overrides = DutyOverride.objects.filter(rota=self.rota).select_related("rota")
        override = get_object_or_404(overrides, pk=int(pk) if pk.isascii() and pk.isdigit() else 0)
        withdraw_override(override=override, **self._by)
        return _("Withdrawn. The original shifts are in force again.")

    @property
    def _by(self) -> dict[str, Any]:
        return {"actor": cast(User, self.request.user), "at": self.now}

    def _rows(self, since: datetime, until: datetime) -> Any:
        rows = shifts_within(since, until).filter(rota=self.rota)
        return rows.select_related("user", "layer", "override__made_by", "override__swap")

    def _chosen(self, shown: list[Watch]) -> Chosen | None:
        """The selection in the address: ``shift`` and ``at``, the start of a part, or the two ends of a gap."""
        given = self.request.GET
        begins, ends = parsed_moment(given.get("at", "")), parsed_moment(given.get("until", ""))
        for watch in shown:
            if str(watch.shift.pk) == given.get("shift") and begins in (None, watch.starts_at):
                return Chosen(max(watch.starts_at, min(self.now, watch.ends_at)), watch.ends_at, watch)
        if begins is not None and ends is not None and begins < ends and "shift" not in given:
            return Chosen(max(begins, self.now), ends) if ends > self.now else None
        return None

    def _in_words(self, chosen: Chosen) -> tuple[str, str]:
        """The times of the selection in the rota's zone and in the reader's."""
        span = chosen.watch.span if chosen.watch else (chosen.starts_at, chosen.ends_at)
        return _span(span, self.rota.zone), _span(span, self.reader)

    def _override_form(self, chosen: Chosen | None) -> OverrideForm:
        since = self.now.replace(second=0, microsecond=0)
        initial = {"starts_at": since, "ends_at": since + timedelta(hours=8)}
        if chosen is not None and chosen.ends_at > self.now:
            initial = {"starts_at": max(chosen.starts_at, since), "ends_at": chosen.ends_at}
        return OverrideForm(initial=initial)

    def _swap_form(self, chosen: Chosen | None, found: list[Watch]) -> SwapForm | None:
        if chosen is None or chosen.watch is None or chosen.ends_at <= self.now:
            return None
        others = [
            watch for watch in found if watch.user_id != chosen.watch.user_id and watch.ends_at > self.now
        ]
        initial = {"first": chosen.watch.shift.pk}
        return (
            SwapForm(initial=initial, watches=[chosen.watch, *others], zone=self.rota.zone)
            if others
            else None
        )

    def _from(self, first: date) -> str:
        return f"?from={first}"


def _span(span: tuple[datetime, datetime], zone: ZoneInfo) -> str:
    begins, ends = (moment.astimezone(zone) for moment in span)
    if begins.date() == ends.date():
        return f"{begins:%Y-%m-%d} {hours(span, zone)}"
    return f"{begins:%Y-%m-%d %H:%M} – {ends:%Y-%m-%d %H:%M}"

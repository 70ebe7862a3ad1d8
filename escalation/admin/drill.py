"""Fire drills: the list with response times, the form that starts one, and the report of each."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from customers import time_of_record
from customers.access import sees_all, visible_customers
from customers.admin.base import ReadOnlyAdmin, RowAccessAdmin
from customers.admin.fields import person
from customers.models import Customer
from customers.times import duration_text
from escalation.choices import DrillEnding
from escalation.drills.drills import STARTS_DRILLS, end_drill, start_drill
from escalation.drills.report import COLUMNS, csv_rows, median_after, report_of, with_first_acknowledged
from escalation.lib.csv_sheets import CsvSheet
from escalation.models import Drill
from tickets.access import visible_tickets
from tickets.admin.display import ticket_link
from tickets.admin.once_form import OnceForm
from tickets.errors import DeskError
from tickets.services.submissions import claim_submission

MOST_IN_THE_MEDIAN = 200
ENDINGS = {
    "": "danger",
    DrillEnding.ANSWERED: "success",
    DrillEnding.ACKNOWLEDGED: "success",
    DrillEnding.BY_HAND: "info",
    DrillEnding.CHAIN_OVER: "warning",
    DrillEnding.TIME: "warning",
}


class DrillForm(OnceForm):
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=300)
    customer: "forms.ModelChoiceField[Customer]" = forms.ModelChoiceField(
        label=gettext_lazy("Customer whose contract it uses"),
        queryset=None,
        required=False,
        empty_label=gettext_lazy("None: an unknown sender"),
    )
    until_acknowledged = forms.BooleanField(
        label=gettext_lazy("End it when somebody acknowledges"), required=False
    )

    def __init__(self, *args: Any, customers: "QuerySet[Customer]", **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        self.fields["customer"].queryset = customers  # type: ignore[attr-defined]


@admin.register(Drill)
class DrillAdmin(ReadOnlyAdmin, RowAccessAdmin):
    list_display = (
        "started_at",
        "number",
        "starter",
        "reason",
        "first_acknowledged",
        "lasted",
        "how_it_ended",
    )
    list_display_links = ("started_at",)
    list_select_related = ("ticket", "started_by")
    list_before_template = "escalation/drill/median.html"
    sortable_by = ("started_at",)
    ordering = ("-started_at",)

    def visible(self, user: User | AnonymousUser) -> QuerySet[Drill]:
        """All drills for readers who see everything; for others, those on visible tickets and their own."""
        if sees_all(user):
            return Drill.objects.all()
        seen = Q(ticket__in=visible_tickets(user).order_by().values("pk"))
        return Drill.objects.filter(seen | Q(started_by=user.pk))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Drill]:
        return with_first_acknowledged(super().get_queryset(request))

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own: list[URLPattern] = [
            path("<int:object_id>/report.csv", wrap(self.csv_view), name="escalation_drill_csv"),
            path("<int:object_id>/end/", wrap(self.end_view), name="escalation_drill_end"),
        ]
        return [*own, *super().get_urls()]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(STARTS_DRILLS)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        recent = self.get_queryset(request)[:MOST_IN_THE_MEDIAN]
        middle = median_after(recent) if self.has_view_permission(request) else None
        context = {"median": duration_text(middle) if middle is not None else "", **(extra_context or {})}
        return super().changelist_view(request, context)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponseBase:
        if not self.has_add_permission(request):
            raise PermissionDenied
        customers = visible_customers(request.user).filter(is_active=True).order_by("name")
        form = DrillForm(request.POST or None, customers=customers)
        if request.method == "POST" and form.is_valid():
            try:
                drill = _start(form, cast(User, request.user))
            except DeskError as error:
                form.add_error(None, str(error))
            else:
                messages.success(request, _("The drill is running. Its report is updated on this page."))
                return _to_report(drill)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Start a fire drill"),
            "form": form,
        }
        return TemplateResponse(request, "escalation/drill/new.html", context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if not object_id.isascii() or not object_id.isdigit():
            raise Http404
        drill = self._found(request, int(object_id))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Report of the fire drill %(number)s") % {"number": drill.ticket.number},
            "is_fullwidth": "1",
            "report": report_of(drill),
            "drill": drill,
            "may_end": drill.is_running and _may_end(request, drill),
            "now": time_of_record.now(),
            "zone": timezone.get_current_timezone_name(),
        }
        return TemplateResponse(request, "escalation/drill/report.html", context)

    def end_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        drill = self._found(request, object_id)
        if request.method != "POST" or not _may_end(request, drill):
            raise PermissionDenied
        try:
            end_drill(drill=drill, actor=cast(User, request.user), at=time_of_record.now())
        except DeskError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("The drill is over; no more paging for it."))
        return _to_report(drill)

    def csv_view(self, request: HttpRequest, object_id: int) -> HttpResponseBase:
        report = report_of(self._found(request, object_id))
        chunks = CsvSheet(COLUMNS).chunks(csv_rows(report))
        response = StreamingHttpResponse(chunks, content_type="text/csv; charset=utf-8")
        name = f"drill-{report.drill.started_at:%Y-%m-%d}-{report.drill.ticket_id}.csv"
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        response.headers["Cache-Control"] = "no-store"
        return response

    def _found(self, request: HttpRequest, pk: int) -> Drill:
        if not self.has_view_permission(request):
            raise PermissionDenied
        rows = self.visible(request.user).select_related("ticket__customer", "started_by", "ended_by")
        return get_object_or_404(rows, pk=pk)

    @display(description=gettext_lazy("ticket"))
    def number(self, drill: Drill) -> str:
        return ticket_link(drill.ticket_id)

    @display(description=gettext_lazy("started by"))
    def starter(self, drill: Drill) -> str:
        return person(drill.started_by)

    @display(description=gettext_lazy("first acknowledged after"))
    def first_acknowledged(self, drill: Any) -> str:
        return duration_text(drill.first_at - drill.started_at) if drill.first_at is not None else _("nobody")

    @display(description=gettext_lazy("duration"))
    def lasted(self, drill: Drill) -> str:
        return duration_text(drill.ended_at - drill.started_at) if drill.ended_at is not None else "-"

    @display(description=gettext_lazy("how it ended"), label=ENDINGS)
    def how_it_ended(self, drill: Drill) -> tuple[str, str]:
        return drill.ending, drill.get_ending_display() if drill.ending else _("running")


@transaction.atomic
def _start(form: DrillForm, actor: User) -> Drill:
    """Start one drill even if the form is sent twice."""
    data, at = form.cleaned_data, time_of_record.now()
    if not claim_submission(data["token"], actor=actor, at=at):
        raise DeskError(_("This drill was already started; find it in the list."))
    ticket = start_drill(
        actor=actor,
        at=at,
        reason=data["reason"],
        customer=data["customer"],
        until_acknowledged=data["until_acknowledged"],
    )
    return ticket.drill


def _may_end(request: HttpRequest, drill: Drill) -> bool:
    return request.user.pk == drill.started_by_id or request.user.has_perm(STARTS_DRILLS)


def _to_report(drill: Drill) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("admin:escalation_drill_change", args=[drill.pk]))

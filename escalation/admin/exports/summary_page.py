"""The summary of a week: two pages of A4 for a director, with the stories of its worst breaches from the ledger."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from customers.access import Person, sees_all
from customers.admin.base import ReadOnlyAdmin
from customers.phrases import labelled
from escalation.access import visible_clocks
from escalation.explaining.loading import explain
from escalation.explaining.report import ExplanationReport, TimedEntry, report_of
from escalation.exports.due_weeks import desk_zone
from escalation.exports.pack_mail import week_title
from escalation.exports.summary import HighlightLine, WeekSummary, summary_of
from escalation.models import Clock, WeeklyExport

SUMMARY = "escalation_weeklyexport_summary"
SEES_TICKETS = "tickets.view_ticket"
MOST_EVENTS = 5  # of one story, so that five stories fit on a page


@dataclass(frozen=True)
class Story:
    """A breach as its explanation tells it; `report` is None if the reader may not see the ticket."""

    line: HighlightLine
    facts: tuple[str, ...]
    ticket_id: int | None
    report: ExplanationReport | None
    events: Sequence[TimedEntry] = ()
    left_out: int = 0


class SummaryPage(ReadOnlyAdmin):
    """Adds the page to the admin of packs."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.summary_view)
        return [path("<int:export_id>/summary/", view, name=SUMMARY), *super().get_urls()]

    def refuse_whole(self, request: HttpRequest, export: WeeklyExport) -> None:
        """Raise PermissionDenied for readers who do not see all customers: a pack names them all."""
        if not (self.has_view_permission(request, export) and sees_all(request.user)):
            raise PermissionDenied

    @display(description=gettext_lazy("summary"))
    def summary(self, export: WeeklyExport) -> str:
        address = reverse(f"admin:{SUMMARY}", args=[export.pk])
        return format_html('<a href="{}">{}</a>', address, _("Two pages"))

    def summary_view(self, request: HttpRequest, export_id: int) -> HttpResponse:
        export = get_object_or_404(WeeklyExport.objects.prefetch_related("files"), pk=export_id)
        self.refuse_whole(request, export)
        try:
            summary = summary_of(export)
        except FileNotFoundError as missing:
            return missing_file(request, export, str(missing.filename))
        tickets = _visible_tickets(request.user, summary)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Summary, %(week)s") % {"week": week_title(export)},
            "is_fullwidth": "1",
            "export": export,
            "summary": summary,
            "correction": labelled(_("Correction"), export.reason) if export.reason else "",
            "stories": [_story(line, tickets, export) for line in summary.worst],
            "near_misses": [(line, tickets.get(line.promise)) for line in summary.near_misses],
            "zone": desk_zone().key,
        }
        return TemplateResponse(request, "escalation/summary/page.html", context)


def missing_file(request: HttpRequest, export: WeeklyExport, path: str) -> HttpResponseRedirect:
    """Back to the pack's page, with a message that a file is lost."""
    words = _("%(path)s is missing from the storage. Restore it from a backup; its SHA-256 is known.")
    messages.error(request, words % {"path": path})
    return HttpResponseRedirect(reverse("admin:escalation_weeklyexport_change", args=[export.pk]))


def _visible_tickets(user: Person, summary: WeekSummary) -> Mapping[int, int]:
    """The tickets by promise, of those that the reader may open."""
    if not user.has_perm(SEES_TICKETS):
        return {}
    promises = [line.promise for line in (*summary.worst, *summary.near_misses)]
    return dict(visible_clocks(user).filter(pk__in=promises).values_list("pk", "ticket_id"))


def _story(line: HighlightLine, tickets: Mapping[int, int], export: WeeklyExport) -> Story:
    """The story as of when the pack was made, in the desk's zone."""
    ticket_id = tickets.get(line.promise)
    facts = (labelled(_("Due"), line.due), labelled(_("Owner"), line.held))
    clocks = Clock.objects.filter(ticket=ticket_id)
    explanation = explain(clocks, line.promise, now=export.created_at) if ticket_id is not None else None
    if explanation is None:
        return Story(line, facts, ticket_id, None)
    report = report_of(explanation, zone=desk_zone().key)
    ended = {entry.times for entry in report.end}  # what ended it stands in the story too, in fewer words
    events = [*(entry for entry in report.story if entry.times not in ended), *report.end]
    if len(events) <= MOST_EVENTS:
        return Story(line, facts, ticket_id, report, events)
    shown = [events[0], *events[1 - MOST_EVENTS :]]
    return Story(line, facts, ticket_id, report, shown, left_out=len(events) - MOST_EVENTS)

"""The page that explains one promise of a ticket to readers who may see the ticket; made to be printed."""

from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _

from customers import time_of_record
from escalation.explaining.loading import explain
from escalation.explaining.report import report_of
from escalation.models import Clock
from tickets.admin.ticket import TicketAdmin
from tickets.models.ticket import TicketQuerySet


class ExplainPage(TicketAdmin):
    """Adds the page to the ticket admin; the subclass decides who sees which ticket."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.explain_view)
        explain_url = path("<int:object_id>/promise/<int:clock_id>/", view, name="tickets_ticket_explain")
        return [explain_url, *super().get_urls()]

    def _visible(self, request: HttpRequest) -> TicketQuerySet:
        raise NotImplementedError

    def explain_view(self, request: HttpRequest, object_id: int, clock_id: int) -> HttpResponse:
        """Show the page; 404 for a promise of another ticket, or of a ticket that the reader may not see."""
        visible = self._visible(request).filter(pk=object_id)
        clocks = Clock.objects.filter(ticket__in=visible)
        explanation = explain(clocks, clock_id, now=time_of_record.now())
        if explanation is None:
            raise Http404
        report = report_of(explanation, zone=timezone.get_current_timezone_name())
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("%(number)s: %(promise)s in detail")
            % {"number": report.ticket, "promise": report.title},
            "ticket_id": object_id,
            "report": report,
        }
        return TemplateResponse(request, "supportdesk/explain/page.html", context)

"""The download of the ticket list as it is filtered, searched and ordered."""

from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from escalation.exports.ticket_list_csv import tickets_response
from tickets.admin.ticket import TicketAdmin


class ListExport(TicketAdmin):
    """Adds the download to the ticket admin, which decides who sees which ticket."""

    list_before_template = "supportdesk/ticket/list_export.html"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.export_view)
        return [path("export/tickets.csv", view, name="tickets_ticket_export"), *super().get_urls()]

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            listed = self.get_changelist_instance(request)
        except IncorrectLookupParameters:
            return HttpResponseRedirect(f"{reverse('admin:tickets_ticket_changelist')}?e=1")
        return tickets_response(listed.queryset, zone=timezone.get_current_timezone())

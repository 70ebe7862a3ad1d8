"""The panel on a mailbox's page that tries the connection with the values of the form, before they are saved."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_POST

from customers import time_of_record
from customers.admin.base import DeskAdmin
from tickets.services.connection_test import try_mailbox


class ConnectionTestPage(DeskAdmin):
    change_form_outer_after_template = "admin/tickets/mailbox_test.html"

    def get_urls(self) -> list[URLPattern]:
        view, name = self.admin_site.admin_view(self.test_view), "tickets_mailbox_test"
        own = [path("test/", view, name=name), path("<int:object_id>/test/", view, name=name)]
        return [*own, *super().get_urls()]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        args = [object_id] if object_id and object_id.isascii() and object_id.isdigit() else []
        context = {"test_url": reverse("admin:tickets_mailbox_test", args=args), **(extra_context or {})}
        return super().changeform_view(request, object_id, form_url, context)

    @method_decorator(require_POST)
    def test_view(self, request: HttpRequest, object_id: int | None = None) -> HttpResponse:
        """Try what the form says. Only for people who may save it: everybody else could search our network by this."""
        row = get_object_or_404(self.get_queryset(request), pk=object_id) if object_id else None
        is_allowed = self.has_change_permission(request, row) and (row or self.has_add_permission(request))
        if not is_allowed:
            raise PermissionDenied
        form = self.get_form(request, row, change=row is not None)(request.POST, instance=row)
        if not form.is_valid():
            return TemplateResponse(request, "admin/tickets/mailbox_test_result.html", {"form": form})
        steps = try_mailbox(
            form.instance,
            folders=form.cleaned_data["folders"],
            has_new_refresh_token="refresh_token" in form.changed_data,
            now=time_of_record.now(),
        )
        return TemplateResponse(request, "admin/tickets/mailbox_test_result.html", {"steps": steps})

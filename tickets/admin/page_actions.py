"""Offers a list's actions on the page of each row too, as small forms that post to the list."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from customers.admin.base import DeskAdmin


class PageActions(DeskAdmin):
    """`links` adds plain links beside the buttons. The list checks permissions and rows, as for any action."""

    change_form_outer_before_template = "admin/tickets/page_actions.html"

    def links(self, request: HttpRequest, row: Any) -> list[tuple[str, Any]]:
        return []

    def makes_sense(self, action: str, row: Any) -> bool:
        """True if the action should be offered for a row in its present state; the service still decides."""
        return action != "delete_selected"

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        row = self.get_object(request, object_id) if object_id else None
        offered = {} if row is None else self.get_actions(request)
        page_context = {
            "page_actions": [
                (name, title) for _function, name, title in offered.values() if self.makes_sense(name, row)
            ],
            "page_links": [] if row is None else self.links(request, row),
        }
        response: HttpResponse = super().changeform_view(
            request, object_id, form_url, {**(extra_context or {}), **page_context}
        )
        return response

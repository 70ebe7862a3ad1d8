"""The desk's admin site. Its index page is the board."""

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from unfold.sites import UnfoldAdminSite

from supportdesk.views.board import board, export


class DeskSite(UnfoldAdminSite):
    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        return board(request, self.each_context(request))

    def extra_urls(self) -> list[URLPattern]:
        return [path("board/tickets.csv", self.admin_view(export), name="board_export")]

"""The desk's admin site. Its index page is the board."""

from dataclasses import asdict
from functools import partial
from http import HTTPStatus
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.templatetags.static import static
from django.urls import URLPattern, path
from django.utils.functional import SimpleLazyObject
from unfold.sites import UnfoldAdminSite

from supportdesk.accounts.pages.new_password import tell_of_new_password
from supportdesk.accounts.pages.sign_in import sign_in
from supportdesk.accounts.reader import has_shortcuts
from supportdesk.pages.board.view import acknowledge_row, board, compliance_figures, decide_row, export_list
from supportdesk.pages.first_password import own_password
from supportdesk.pages.help import help_page
from supportdesk.pages.my_settings import duty_link, my_settings
from supportdesk.pages.operations import operations_page
from supportdesk.pages.personal_data import personal_data
from supportdesk.pages.scorecards.view import scorecards_page
from supportdesk.pages.script_words import script_words
from supportdesk.pages.shortcuts import shortcuts_page


class DeskSite(UnfoldAdminSite):
    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Each page is offered the list of all apps. Few read it, so it is made when it is read."""
        apps = partial(super().get_app_list, request, app_label)
        return cast(list[Any], SimpleLazyObject(apps) if app_label is None else apps())

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Without the colours, which the theme would write into each page as a style: colors.css has them."""
        context = {**super().each_context(request), "colors": {}}
        if request.user.is_authenticated and has_shortcuts(request.user):
            context["scripts"] = [*context.get("scripts", ()), static("supportdesk/keys.js")]
        return context

    def _search_apps(self, app_list: list[Any], search_term: str) -> list[dict[str, str]]:
        """As the theme finds them, in a form that the shared cache can hold, where the theme keeps them."""
        results = super()._search_apps(app_list, search_term)
        return [{name: str(value) for name, value in asdict(result).items()} for result in results]

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        return board(request, self.each_context)

    def extra_urls(self) -> list[URLPattern]:
        return [
            path("board/kept/", self.admin_view(compliance_figures), name="board_kept"),
            path(
                "board/<int:ticket>/proposal/<slug:decision>/",
                self.admin_view(decide_row),
                name="board_decide",
            ),
            path(
                "board/<int:ticket>/acknowledge/", self.admin_view(acknowledge_row), name="board_acknowledge"
            ),
            path("board/tickets.csv", self.admin_view(export_list), name="board_export"),
            path("scorecards/", self.admin_view(self.scorecards), name="scorecards"),
            path("operations/", self.admin_view(self.operations), name="operations"),
            path("help/", self.admin_view(self.help), name="help"),
            path("help/<slug:name>/", self.admin_view(self.help), name="help"),
            path("shortcuts/", self.admin_view(self.shortcuts), name="shortcuts"),
            path("own-password/", self.admin_view(self.own_password), name="own_password"),
            path("my-settings/", self.admin_view(self.my_settings), name="my_settings"),
            path(
                "personal-data/<slug:kind>/<int:number>/<slug:act>/",
                self.admin_view(self.personal_data),
                name="personal_data",
            ),
            path("my-settings/duty-link/", self.admin_view(duty_link), name="duty_link"),
        ]

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return cast(HttpResponse, sign_in(request))

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        response: HttpResponse = super().password_change(request, extra_context)
        if request.method == "POST" and response.status_code == HTTPStatus.FOUND:
            tell_of_new_password(request)
        return response

    def i18n_javascript(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return script_words(request)

    def own_password(self, request: HttpRequest) -> HttpResponse:
        return own_password(request, self.each_context(request))

    def my_settings(self, request: HttpRequest) -> HttpResponse:
        return my_settings(request, self.each_context(request))

    def help(self, request: HttpRequest, **which: str) -> HttpResponse:
        return help_page(request, self.each_context(request), **which)

    def personal_data(self, request: HttpRequest, **which: Any) -> HttpResponseBase:
        return personal_data(request, **which, site_context=self.each_context(request))

    def shortcuts(self, request: HttpRequest) -> HttpResponse:
        return shortcuts_page(request, self.each_context)

    def scorecards(self, request: HttpRequest) -> HttpResponse:
        return scorecards_page(request, self.each_context(request))

    def operations(self, request: HttpRequest) -> HttpResponse:
        return operations_page(request, self.each_context(request))

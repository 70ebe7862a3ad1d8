"""The list of keyboard shortcuts: what the key `?` shows over any page, and a page of its own."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _


def shortcuts_page(
    request: HttpRequest, each_context: Callable[[HttpRequest], dict[str, Any]]
) -> HttpResponse:
    """The whole page or, for the script, only the list."""
    if "HX-Request" in request.headers:
        return TemplateResponse(request, "supportdesk/shortcut_list.html", {"in_dialog": True})
    context = {**each_context(request), "title": _("Keyboard shortcuts")}
    return TemplateResponse(request, "supportdesk/shortcuts.html", context)

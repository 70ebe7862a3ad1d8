"""Translations for the admin's scripts in the reader's language: Django's own catalogue, completed by ours."""

from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.views.i18n import JavaScriptCatalog

from supportdesk.theme_words import SCRIPT_WORDS


class ScriptWords(JavaScriptCatalog):
    packages = ["django.contrib.admin"]

    def get_catalog(self) -> dict[str, Any]:
        ours = {word: gettext(word) for word in SCRIPT_WORDS}
        return {**ours, **super().get_catalog()}


def script_words(request: HttpRequest) -> HttpResponse:
    """The script that defines ``gettext`` in the browser."""
    return cast(HttpResponse, ScriptWords.as_view()(request))

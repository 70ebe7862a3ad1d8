"""The desk's guides as pages in the reader's language: one for account managers, two for operators.

They are the Markdown files of .github/guide, which stand beside the code in a clone and in an editable
install.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple, cast

import nh3
from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from markdown_it import MarkdownIt
from markdown_it.token import Token

from customers.choices import Language
from supportdesk.monitoring.operations import VIEW

FOLDER = settings.BASE_DIR / ".github" / "guide"
ACCOUNT_MANAGER, OPERATOR, SECURITY = "account-manager", "operator", "asvs"
ATTRIBUTES = {"a": {"href"}, "h2": {"id"}, "h3": {"id"}}
OTHER_GUIDE = re.compile(r"([a-z-]+)(?:\.zh)?\.md")


class Chapter(NamedTuple):
    anchor: str
    title: str


@dataclass(frozen=True)
class Guide:
    """One guide. ``html`` is safe to show and leaves out the title; each chapter is a heading in it."""

    title: str
    chapters: Sequence[Chapter]
    html: SafeString


def help_page(
    request: HttpRequest, site_context: dict[str, Any], name: str = ACCOUNT_MANAGER
) -> HttpResponse:
    """Show one guide to anybody who may sign in; those of operators only to readers who may see Operations."""
    may_operate = cast(User, request.user).has_perm(VIEW)
    if name in (OPERATOR, SECURITY) and not may_operate:
        raise PermissionDenied
    guide = guide_in(name, get_language() or "")
    if guide is None:
        raise Http404
    context = {**site_context, "title": _("Help"), "guide": guide, "name": name, "may_operate": may_operate}
    return TemplateResponse(request, "supportdesk/help.html", context)


@lru_cache
def guide_in(name: str, language: str) -> Guide | None:
    """The guide in Chinese for Chinese readers, else in English; None if there is no guide of that name."""
    ending = ".zh.md" if language == Language.CHINESE else ".md"
    if name not in (ACCOUNT_MANAGER, OPERATOR, SECURITY) or not (FOLDER / f"{name}{ending}").is_file():
        return None
    return rendered((FOLDER / f"{name}{ending}").read_text(encoding="utf-8"))


def rendered(markdown: str) -> Guide:
    """Render the Markdown with an anchor at each heading, and with links between guides leading to the desk's pages."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse(markdown)
    title, body = tokens[1].content, tokens[3:]  # every guide begins with its title
    chapters = [
        Chapter(_with_anchor(opening, text.content), text.content) for opening, text in _chapters(body)
    ]
    for link in _links(body):
        other = OTHER_GUIDE.fullmatch(str(link.attrGet("href")))
        if other:
            link.attrSet("href", reverse("admin:help", args=[other[1]]))
    html = nh3.clean(parser.renderer.render(body, parser.options, {}), attributes=ATTRIBUTES)
    return Guide(title, chapters, mark_safe(html))  # noqa: S308 - nh3 has cleaned it


def _chapters(tokens: Sequence[Token]) -> Iterator[tuple[Token, Token]]:
    """The introduction, then the text under each heading of the second level."""
    pairs = pairwise(tokens)
    return ((token, text) for token, text in pairs if (token.type, token.tag) == ("heading_open", "h2"))


def _with_anchor(heading: Token, title: str) -> str:
    anchor = re.sub(r"[^\w-]+", "-", title.lower()).strip("-")
    heading.attrSet("id", anchor)
    return anchor


def _links(tokens: Sequence[Token]) -> Iterator[Token]:
    return (child for token in tokens for child in token.children or () if child.type == "link_open")

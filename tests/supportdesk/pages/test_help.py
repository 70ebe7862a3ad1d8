"""The guides are part of the desk: each reader gets theirs, in their language, and they say what is true today."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from selectolax.lexbor import LexborHTMLParser

from supportdesk.monitoring.check_results import Check
from supportdesk.pages.help import ACCOUNT_MANAGER, FOLDER, OPERATOR, SECURITY, guide_in, rendered
from tests.factories import staff

Login = Callable[[User], Client]
EACH = [(name, language) for name in (ACCOUNT_MANAGER, OPERATOR, SECURITY) for language in ("en", "zh-hans")]
each_guide = pytest.mark.parametrize(("name", "language"), EACH)


def page(client: Client, url: str) -> LexborHTMLParser:
    return LexborHTMLParser(client.get(url).content.decode())


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "title", "chapter"),
    [("en", "The desk for account managers", "The board"), ("zh-hans", "服务台使用指南：客户经理", "看板")],
)
def test_an_account_manager_reads_their_guide_in_their_language(login, language, title, chapter):
    html = page(login(staff(groups=["Account manager"], language=language)), "/help/")
    assert html.css_first("article h1").text() == title
    assert chapter in [heading.text() for heading in html.css("article h2")]
    assert html.css(".guide-tabs") == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "title"), [("en", "The desk for operators"), ("zh-hans", "服务台使用指南：运维")]
)
def test_an_operator_reads_both_guides(login, language, title):
    html = page(login(staff(groups=["Operator"], language=language)), "/help/operator/")
    assert html.css_first("article h1").text() == title
    assert [link.attributes["href"] for link in html.css(".guide-tabs a")] == [
        "/help/account-manager/",
        "/help/operator/",
        "/help/asvs/",
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("name", [OPERATOR, SECURITY])
def test_the_guides_of_operators_are_not_for_everybody(login, name):
    assert login(staff(groups=["Account manager"])).get(f"/help/{name}/").status_code == 403


@pytest.mark.django_db
def test_the_guides_need_a_signed_in_user(client):
    assert client.get("/help/").status_code == 302


@pytest.mark.django_db
def test_an_unknown_guide_is_not_found(login):
    assert login(staff(groups=["Operator"])).get("/help/decisions/").status_code == 404


@each_guide
def test_each_chapter_can_be_jumped_to(name, language):
    guide = guide_in(name, language)
    ids = [heading.attributes["id"] for heading in LexborHTMLParser(guide.html).css("h2")]
    assert ids == [chapter.anchor for chapter in guide.chapters]
    assert len(set(ids)) == len(ids) > 5


@each_guide
def test_no_markdown_is_left_in_what_is_shown(name, language):
    html = LexborHTMLParser(guide_in(name, language).html)
    for code in html.css("code"):
        code.decompose()
    assert re.findall(r"\*\*|`|^#|\|---|\]\(", html.body.text()) == []


@pytest.mark.parametrize("name", [ACCOUNT_MANAGER, OPERATOR, SECURITY])
def test_both_languages_have_the_same_chapters_and_lists(name):
    english, chinese = (LexborHTMLParser(guide_in(name, language).html) for language in ("en", "zh-hans"))
    for tag in ("h2", "li", "tr", "pre"):
        assert len(english.css(tag)) == len(chinese.css(tag)), tag


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_operators_guide_explains_each_check_of_health(language):
    cells = [
        row.css_first("td") for row in LexborHTMLParser(guide_in(OPERATOR, language).html).css("tbody tr")
    ]
    assert {check.value for check in Check} <= {cell.text() for cell in cells}


@each_guide
def test_a_guide_names_only_settings_that_there_are(name, language):
    names = re.findall(r"\b[A-Z]{2,}_[A-Z_]+\b", guide_in(name, language).html)
    known = set(re.findall(r"(?m)^# ([A-Z_]+)=", (settings.BASE_DIR / ".env.example").read_text("utf-8")))
    assert set(names) - known == set()


def test_the_guides_are_linked_with_each_other_inside_the_desk():
    html = rendered("# T\n\n[a](account-manager.zh.md) [b](https://example.com)\n").html
    assert [link.attributes["href"] for link in LexborHTMLParser(html).css("a")] == [
        "/help/account-manager/", "https://example.com"
    ]  # fmt: skip


def test_markup_in_a_guide_is_shown_and_not_run():
    html = rendered('# T\n\n<script>x()</script> [a](javascript:x())\n\n<b onclick="x()">b</b>\n').html
    parsed = LexborHTMLParser(html)
    assert parsed.css("script, b, a") == []
    assert "<script>x()</script>" in parsed.body.text()


def test_the_guides_are_read_from_the_checkout():
    assert Path(__file__).resolve().parents[3] / ".github" / "guide" == FOLDER

"""The theme brings no translations itself: each word that it marks is in Django's catalogues or in ours."""

import ast
import json
import re
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import django
import pytest
import unfold
from django.apps import apps
from django.contrib import admin
from django.urls import reverse
from django.utils.translation import gettext, ngettext, npgettext, override, pgettext
from django.utils.translation.template import templatize

from supportdesk import theme_words
from tests.factories import staff

THEME = Path(unfold.__file__).parent
TRANSLATE: dict[str, Callable[..., str]] = {
    "gettext": gettext,
    "pgettext": pgettext,
    "ngettext": lambda singular, plural: ngettext(singular, plural, 2),
    "npgettext": lambda context, singular, plural: npgettext(context, singular, plural, 2),
}
LITERAL = r"""u?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
CALL = re.compile(rf"\b(?:n?p?gettext|_)\({LITERAL}(?:, (?:{LITERAL}|count))*\)")


class Word(NamedTuple):
    """The call that translates it, without `_lazy` or `_noop`, and its texts: context, singular, plural."""

    call: str
    texts: tuple[str, ...]

    def is_translated(self) -> bool:
        with override("zh-hans"):
            return TRANSLATE[self.call](*self.texts) not in self.texts


def words_of_code(code: str) -> Iterator[Word]:
    for node in ast.walk(ast.parse(code)):
        if not isinstance(node, ast.Call):
            continue
        call = re.sub("^_$|_(lazy|noop)$", "", ast.unparse(node.func)) or "gettext"
        texts = tuple(a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str))
        if call in TRANSLATE and texts:
            yield Word(call, texts[: 1 + (call[0] == "n") + ("pgettext" in call)])


def words_of_template(template: str) -> Iterator[Word]:
    for call in CALL.findall(templatize(template)):
        yield from words_of_code(call)


def words_of_folder(folder: Path, *, without: str = "") -> set[Word]:
    words: set[Word] = set()
    for path in folder.rglob("*"):
        if without and without in path.parts:
            continue
        if path.suffix == ".html":
            words.update(words_of_template(path.read_text("utf-8")))
        elif path.suffix == ".py":
            words.update(words_of_code(path.read_text("utf-8")))
    return words


# Of a plural the first form, which is its name in a catalogue.
SCRIPT_CALL = re.compile(rf"\bn?gettext\(\s*({LITERAL})")


def words_of_scripts(folder: Path) -> set[str]:
    scripts = [path.read_text("utf-8") for path in folder.rglob("*.js") if "vendor" not in path.parts]
    return {ast.literal_eval(word) for script in scripts for word in SCRIPT_CALL.findall(script)}


@pytest.mark.django_db
def test_each_word_of_the_scripts_is_read_in_chinese(login):
    words = words_of_scripts(Path(admin.__file__).parent) | words_of_scripts(THEME)
    assert {"Choose all %s", "(click to clear)", "Today", "%(sel)s of %(cnt)s selected"} <= words
    reader = login(staff("wang", language="zh-hans"))
    script = reader.get(reverse("admin:jsi18n")).content.decode().partition("const newcatalog = ")[2]
    chinese, _end = json.JSONDecoder().raw_decode(script)
    assert sorted(word for word in words if chinese.get(word, word) == word) == []


@pytest.fixture(scope="module")
def words_of_theme() -> set[Word]:
    """The words of the theme itself and of those of its extras that the desk has installed."""
    extras = (Path(app.path) for app in apps.get_app_configs() if app.name.startswith("unfold.contrib."))
    return words_of_folder(THEME, without="contrib").union(*map(words_of_folder, extras))


def test_each_word_that_the_theme_shows_has_a_chinese_one(words_of_theme):
    assert len(words_of_theme) > 100
    assert sorted(word for word in words_of_theme if not word.is_translated()) == []


@pytest.mark.parametrize("app", ["admin", "auth"])
def test_each_word_of_django_has_a_chinese_one(app):
    words = words_of_folder(Path(django.__file__).parent / "contrib" / app)
    lacking = {word.texts[0] for word in words if not word.is_translated()}
    assert lacking <= {"%(class_name)s %(instance)s"}


def test_each_word_that_we_translate_for_the_theme_is_used_by_the_theme(words_of_theme):
    release = version("django-unfold").rpartition(".")[0].replace(".", "_")
    lists = ast.parse(Path(theme_words.__file__).read_text("utf-8")).body
    held = {
        node.targets[0].id: set(words_of_code(ast.unparse(node)))
        for node in lists
        if isinstance(node, ast.Assign)
    }
    assert held["UNFOLD"] - words_of_theme == set()
    assert held[f"UNFOLD_{release}"] - words_of_theme == set()


def test_words_are_found_in_every_kind_of_translation_tag():
    template = """{% load i18n %}{% translate "a (b), 'c'" as d %}{% include "x" with y=_("Now") %}
        {% blocktranslate count counter=n %}One {{ counter }}{% plural %}Two {{ counter }}{% endblocktranslate %}
        {% trans "May" context "verb" %}"""
    assert set(words_of_template(template)) == {
        Word("gettext", ("a (b), 'c'",)),
        Word("gettext", ("Now",)),
        Word("ngettext", ("One %(counter)s", "Two %(counter)s")),
        Word("pgettext", ("verb", "May")),
    }
    assert set(
        words_of_code('title = gettext_lazy("Run"); ngettext_lazy("1 row", "rows", "n"); _(name)')
    ) == {
        Word("gettext", ("Run",)),
        Word("ngettext", ("1 row", "rows")),
    }

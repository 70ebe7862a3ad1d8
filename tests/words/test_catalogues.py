"""Django keeps one translation per msgid across all apps: what has two meanings needs a context."""

import gettext
import re
from collections import defaultdict
from pathlib import Path

import django
import django_q
import pytest

from supportdesk import theme_words
from tests.supportdesk.test_theme_words import words_of_code

ROOT = Path(__file__).parents[2]
APPS = ("customers", "tickets", "escalation", "supportdesk")
FOREIGN = [
    *(
        Path(django.__file__).parent / "contrib" / app
        for app in ("admin", "auth", "contenttypes", "sessions")
    ),
    Path(django.__file__).parent / "conf",
    Path(django_q.__file__).parent,
]
OTHER_WORDS_FOR_EMAIL = re.compile(r"\be-mail|\bmails?\b(?! server)", re.IGNORECASE)
CATALOGUE = "locale/zh_Hans/LC_MESSAGES/django.mo"


def catalogue(folder: Path) -> dict[object, str]:
    with (folder / CATALOGUE).open("rb") as file:
        texts = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    return {key: text for key, text in texts.items() if key}


def ours_on_purpose() -> set[object]:
    """Words of the theme and of Django that ours replace."""
    words = list(words_of_code(Path(theme_words.__file__).read_text("utf-8")))
    return {word.texts[0] for word in words} | {(word.texts[0], 0) for word in words}  # a plural, by its form


def test_no_two_of_our_catalogues_differ_on_a_word():
    texts_of: defaultdict[object, set[str]] = defaultdict(set)
    for app in APPS:
        for key, text in catalogue(ROOT / app).items():
            texts_of[key].add(text)
    assert {key: texts for key, texts in texts_of.items() if len(texts) > 1} == {}


@pytest.mark.parametrize("folder", FOREIGN, ids=lambda folder: folder.name)
def test_no_word_of_ours_means_something_else_elsewhere(folder):
    theirs, meant = catalogue(folder), ours_on_purpose()
    clashes = {
        key: (text, theirs[key])
        for app in APPS
        for key, text in catalogue(ROOT / app).items()
        if key in theirs and text != theirs[key] and key not in meant
    }
    assert clashes == {}


@pytest.mark.parametrize("app", APPS)
def test_there_is_one_word_for_email(app):
    """A mail server is called so everywhere; what it carries is email."""
    keys = (key[0] if isinstance(key, tuple) else str(key) for key in catalogue(ROOT / app))
    english = [key.rpartition("\x04")[2] for key in keys]  # without their contexts
    assert [text for text in english if OTHER_WORDS_FOR_EMAIL.search(text)] == []

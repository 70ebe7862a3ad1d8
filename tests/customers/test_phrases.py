"""Lists, labels and brackets have the punctuation of the language."""

import pytest
from django.utils import translation

from customers.names import desk_name, given_name
from customers.phrases import clauses, grouped, labelled, listed, noted, sentences

WRITERS = {
    "list": lambda: listed(["a", "", "b", "c"]),
    "label": lambda: labelled("a", "b"),
    "note": lambda: noted("a", "b"),
    "no note": lambda: noted("a", ""),
    "clauses": lambda: clauses(["a", "", "b"]),
    "sentences": lambda: sentences(["A.", "", "B.", "C."]),
    "nothing": lambda: sentences([]),
}


@pytest.mark.parametrize(
    ("what", "english", "chinese"),
    [
        ("list", "a, b, c", "a、b、c"),
        ("label", "a: b", "a：b"),
        ("note", "a (b)", "a（b）"),
        ("no note", "a", "a"),
        ("clauses", "a, b", "a，b"),
        ("sentences", "A. B. C.", "A.B.C."),
        ("nothing", "", ""),
    ],
)
def test_lists_and_labels_use_the_punctuation_of_the_language(what, english, chinese):
    with translation.override("en"):
        assert WRITERS[what]() == english
    with translation.override("zh-hans"):
        assert WRITERS[what]() == chinese


def test_the_desk_signs_in_the_language_of_the_mail(settings):
    settings.DESK_NAME, settings.DESK_NAME_ZH = "Aurora Support", "极光技术支持"
    with translation.override("zh-hans"):
        assert desk_name() == "极光技术支持"
    with translation.override("en"):
        assert desk_name() == "Aurora Support"


@pytest.mark.parametrize(("name", "greeted"), [("Maya Chen", "Maya"), ("何思琪", "何思琪"), ("", "")])
def test_a_greeting_uses_the_given_name_or_a_chinese_name_whole(name, greeted):
    assert given_name(name) == greeted


@pytest.mark.parametrize(("language", "text"), [("en", "Mon 9, 10; Tue 9"), ("zh-hans", "Mon 9, 10；Tue 9")])
def test_groups_in_a_list_are_separated_by_the_semicolon_of_the_language(language, text):
    with translation.override(language):
        assert grouped(["Mon 9, 10", "", "Tue 9"]) == text

"""What a search asks for is among the tokens of each text that has its words."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from customers.search.tokens import tokens_of
from customers.search.wanted import MOST_TERMS, wanted_words

TEXT = "SDK 4.3.1: 推流失败，画面黑屏 black screen. Call +86 138 0013 8091 or write to Li.Na@acme.example"


@pytest.mark.parametrize(
    "search",
    [
        "推流 黑屏", "黑屏 推流", "黑", "screen BLACK", "black scr", "4.3.1", "13800138091", "138 0013 8091",
        "+86 138 0013 8091", "8613800138091", "li.na@acme.example", "li.na@", "@acme.example", "@acme",
        "acme.example", "画面", "<li.na@acme.example>",
    ],
)  # fmt: skip
def test_a_search_finds_the_text(search):
    assert wanted_words(search).are_among(tokens_of(TEXT))


@pytest.mark.parametrize(
    "search",
    [
        "推流 直播",
        "屏黑",
        "scr black",
        "bl",
        "13800138092",
        "na@acme.example",
        "@cme",
        "",
        "!?",
        "\0",
        "'",
        "@",
    ],
)
def test_a_search_for_something_else_does_not(search):
    assert not wanted_words(search).are_among(tokens_of(TEXT))


def test_a_long_search_is_cut():
    assert len(wanted_words("字" + "一二三四五" * 100).terms) <= MOST_TERMS
    assert len(wanted_words(" ".join(f"w{number}" for number in range(1000))).terms) == MOST_TERMS


WORDS = st.text(st.sampled_from("abzAZ09ßﬁÅ黑屏直播間かカ화면々_@+-. ()'\"\0"), min_size=1, max_size=12)


@given(st.lists(WORDS, min_size=1, max_size=5), st.data())
@settings(max_examples=150, deadline=None)
def test_each_word_of_a_text_finds_it(words, data):
    """The words between blanks, some of them, in any order, as they are written there."""
    text = " ".join(words)
    there = [word for word in text.split() if "@" not in word]
    wanted = wanted_words(" ".join(data.draw(st.lists(st.sampled_from(there), max_size=3)) if there else []))
    assume(wanted)
    assert wanted.are_among(tokens_of(text))

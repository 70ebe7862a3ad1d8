"""Tokens of texts: words, pairs of unspaced characters, numbers and addresses, within bounds whatever the text is."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customers.search.tokens import (
    LONGEST_TOKEN,
    MOST_CHARACTERS,
    MOST_TOKENS,
    folded,
    number_endings,
    tokens_of,
)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Black SCREEN, black", ["black", "screen"]),
        ("直播间黑屏", ["屏", "播间", "直播", "间黑", "黑屏"]),
        ("屏", ["屏"]),
        ("SDK4直播", ["sdk4", "播", "直播"]),
        ("error_code 4006", ["4006", "code", "error"]),
        ("ＡＢＣ ﬁx Straße", ["abc", "fix", "strasse"]),
        ("カメラ", ["カメ", "メラ", "ラ"]),
        ("화면", ["면", "화면"]),
        ("a\0b", ["a", "b"]),
        ("... ---", []),
    ],
)
def test_a_text_is_its_words_and_pairs(text, tokens):
    assert tokens_of(text) == tokens


@pytest.mark.parametrize(
    "phone", ["+86 138 0013 8091", "+8613800138091", "0086 138-0013-8091", "(138) 0013 8091"]
)
def test_a_telephone_number_is_found_without_blanks_and_country(phone):
    assert "13800138091" in tokens_of(f"Call {phone}, please.")


def test_short_groups_of_digits_are_no_telephone_number():
    assert tokens_of("4 3 1 2") == ["1", "2", "3", "4"]


def test_an_address_is_one_token_and_its_domain_another():
    tokens = tokens_of("<Li.Na@acme.example>.")
    assert {"li_na_acme_example", "_acme_example", "li", "na", "acme", "example"} == set(tokens)


def test_the_endings_of_a_number_let_any_part_of_it_be_the_beginning_of_one():
    assert [it for it in number_endings("+86 138 0013 8091") if it.startswith("0013")] == ["00138091"]
    assert list(number_endings("12")) == []


def test_texts_are_bounded():
    many = " ".join(f"w{number}" for number in range(2 * MOST_TOKENS))
    assert len(tokens_of(many)) == MOST_TOKENS
    assert tokens_of("x" * 500) == ["x" * LONGEST_TOKEN]
    assert len(folded("ﷺ" * MOST_CHARACTERS)) == MOST_CHARACTERS


@pytest.mark.parametrize("piece", ["@", "1 ", "a@", "+1-", "黑", "1", "a.", "@a.b "])
def test_no_text_takes_long(piece):
    """A second is a hundred times what it takes; anything that grows faster than the text takes minutes."""
    assert len(tokens_of(piece * MOST_CHARACTERS)) < 200


@given(st.text(max_size=60))
@settings(max_examples=60, deadline=None)
def test_tokens_hold_neither_blanks_nor_quotes_nor_nul(text):
    for token in tokens_of(text):
        assert token
        assert not set(token) & set(" '\"\0\\|&:*")

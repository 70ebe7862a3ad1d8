"""Words of a message are cut out of quotes, excerpts and subjects, and nothing else is."""

import pytest

from tickets.repeated_words import RepeatedWords

LONG = "word " * 50


@pytest.mark.parametrize(
    ("body", "text", "left"),
    [
        pytest.param(
            "Hi\n\nthere", "Yes.\n\nOn Monday, Li wrote:\n> Hi\n>\n> there\n", "Yes.\n\n> […]\n", id="quote"
        ),
        pytest.param("ok", "ok\nThat is ok\nbook", "[…]\nThat is ok\nbook", id="whole lines only"),
        pytest.param("a\nb", "12:00 · Li · Reply: a b\nnext", "12:00 · Li · Reply: […]\nnext", id="one line"),
        pytest.param("黑屏", "张三 · 回复：黑屏", "张三 · 回复：[…]", id="Chinese colon"),
        pytest.param(LONG, f"Li: {LONG[:160].strip()}…", "Li: […]", id="shortened"),
        pytest.param("a.c", "abc", "abc", id="no pattern"),
        pytest.param("", "a\n\nb\n> \n", "a\n\nb\n> \n", id="without words"),
    ],
)
def test_words_are_cut_out(body, text, left):
    assert RepeatedWords(body).cut_from(text, 600, 160) == left


@pytest.mark.parametrize(
    ("subject", "text", "left"),
    [
        ("Black", "Re: Black [SD#1] Blackout", "Re: […] [SD#1] Blackout"),
        ("黑屏", "主题：黑屏（客户）", "主题：[…]（客户）"),
        ("", "Subject: ", "Subject: "),
    ],
)
def test_a_subject_is_cut_out_wherever_it_stands_alone(subject, text, left):
    assert RepeatedWords("", subject).cut_from(text) == left

"""Words of a rule in a text: whole words, or any place in scripts without blanks."""

import pytest

from tickets.triage.readable_text import MOST_OF_TEXT, readable
from tickets.triage.word_matching import listed_words, places


@pytest.mark.parametrize(
    ("text", "word", "is_found"),
    [
        ("The site is DOWN!", "down", True),
        ("download", "down", False),
        ("breakdown", "down", False),
        ("down_time", "down", False),
        ("downé", "down", False),
        ("(down)", "down", True),
        ("全站down了", "down", True),
        ("all\nusers", "all users", False),
        ("all   users", "all users", True),
        ("all users'", "all users", True),
        ("небольшая", "больш", False),
        ("直播间全部黑屏了", "黑屏", True),
        ("大 面 积掉线", "大面积", True),
        ("線上Ｐ０故障", "p0", True),
        ("サーバー障害です", "障害", True),
        ("서버장애입니다", "장애", True),
        ("P00", "p0", False),
        ("users can’t join", "can't join", True),
        ("o\u200butage", "outage", True),
        ("हिन्दी", "हिन्द", False),
    ],
)
def test_whole_words_in_scripts_with_blanks(text: str, word: str, is_found: bool) -> None:
    assert bool(places(readable("", text), [word])) is is_found


def test_a_line_that_the_mail_program_wrapped_goes_on() -> None:
    line = "We see that since about nine o'clock this morning nearly all\nusers are thrown out"
    assert places(readable("", line), ["all users"])
    chinese = "我们从今天早上九点开始观察到直播平台上的观众和主播陆续反馈出现了比较严重的系统级\n故障"
    assert places(readable("", chinese), ["系统级故障"])


def test_words_are_listed_on_lines_or_with_commas_of_both_languages() -> None:
    assert listed_words("Down, outage\n 黑屏，大面积、down ;;") == ("down", "outage", "黑屏", "大面积")


def test_what_exceeds_the_bounds_is_not_read() -> None:
    assert not places(readable("", "x" * MOST_OF_TEXT + " down"), ["down"])

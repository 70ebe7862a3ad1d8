"""What only says that a message was seen, and what says more."""

import pytest

from tests.cputime import takes_at_most
from tickets.mail.acknowledging_words import is_acknowledgement

NAMES = {"Ann Chen", "Ann", "陈安", ""}


@pytest.mark.parametrize(
    "words",
    [
        "ack",
        "ACK!",
        "Ack, thanks",
        "ack thx 👍",
        "Ack'd.",
        "Got it, thanks!",
        "Got it — thank you very much :)",
        "OK, noted. Thanks a lot, team!",
        "Noted with thanks",
        "Thanks, got it",
        "Roger that 🫡",
        "I’m on it, cheers",
        "Got it, thanks for the heads-up",
        "收到",
        "收到，谢谢",
        "收到，感谢大家",
        "谢谢您，收到",
        "收到,谢谢!",
        "收到谢谢",
        "好的，收到～ 🙏🏻",
        "已收到，辛苦了！",
        "收到！👍🏽✔️",
        "知悉，谢谢提醒。",
        "Ｇｏｔ　ｉｔ！",
        "Got it.\n\nThanks!",
        "Thanks.\nAck",
        "收到\n谢谢\n陈安\n客服经理",
        "Got it, thanks!\n\nBest regards,\nAnn\nDesk Ltd.",
        "Received, many thanks team\n---\nDesk Ltd.",
    ],
)
def test_words_that_only_nod(words):
    assert is_acknowledgement(words, NAMES)


@pytest.mark.parametrize(
    "words",
    [
        "",
        "👍",
        "Thanks!",
        "谢谢",
        "OK",
        "好的",
        "Ann",
        "Got it?",
        "收到？",
        "Got it ❓",
        "Got it ❌",
        "no ack",
        "not received, thanks",
        "未收到，谢谢",
        "没收到",
        "Got it, we restart it now. Thanks!",
        "Got it, thanks 5 hosts",
        "收到，谢谢，我来处理",
        "收到，张总",
        "您收到了",
        "Got it all wrong, team",
        "收到回复后再说，谢谢",
        "Acknowledgement, thanks",
        "Packed, thanks",
        "Received them all thanks",
        "Thanks\nI restart it.",
        "Got it, thanks!\nPlease update the SDK.",
        "Got it, thanks!\n\nBob",
        "thanks ok all team so much",
    ],
)
def test_words_that_say_more(words):
    assert not is_acknowledgement(words, NAMES)


@pytest.mark.parametrize("piece", ["ack ", "收到", "thanks a lot ", "got i", "谢谢您", "\u0301", ":)", " "])
def test_a_hostile_text_costs_no_time(piece):
    text = piece * (1_000_000 // len(piece))
    assert takes_at_most(0.1, lambda: is_acknowledgement(text, NAMES))
    lined = f"{piece * 20}\n" * 5_000
    assert takes_at_most(0.5, lambda: is_acknowledgement(lined, NAMES))

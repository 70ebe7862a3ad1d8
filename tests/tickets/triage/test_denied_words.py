"""Which sentences say that something is so now."""

import pytest

from tickets.triage.denied_words import is_said_now
from tickets.triage.readable_text import readable
from tickets.triage.word_matching import places

WORDS = ("down", "outage", "p0", "大面积", "无法连接", "黑屏", "系统级故障")


def said(sentence: str) -> bool:
    text = readable("Question", sentence)
    return any(is_said_now(text, place) for place in places(text, WORDS))


@pytest.mark.parametrize(
    "sentence",
    [
        "The whole platform is down.",
        "Everything went down five minutes ago and is still down.",
        "Service is down since yesterday.",
        "It was down yesterday and is down again now.",
        "We have an outage in all rooms!",
        "The outage is not resolved yet.",
        "Please fix the outage asap, it needs to be resolved now.",
        "Outage still not fixed, please help.",
        "It looks as if the servers are down.",
        "Please check if your servers are down.",
        "Is there an outage on your side?",
        "When will the outage be resolved?",
        "Your settings page is down.",
        "All of the country is down.",
        "No change\nThe rooms are down",
        "A crash brought all rooms down.",
        "This is a P0 for us.",
        "P0: hosts cannot publish",
        "P0级别故障，请处理",
        "P0 support needed now",
        "We treat it as P0!",
        "主播端全部黑屏",
        "昨天开始直播间黑屏，一直没有恢复",
        "用户大面积掉线",
        "客户端无法连接服务器，请尽快恢复",
        "出现系统级故障，什么时候能恢复？",
        "黑屏还没有解决",
        "测试了一下，线上所有房间黑屏",
    ],
)
def test_this_is_said_to_be_so_now(sentence: str) -> None:
    assert said(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "Where can I download the SDK?",
        "The app slows down on old phones.",
        "Please scroll down to the second table.",
        "I have to write down the room ID each time.",
        "Write it down in the ticket, please.",
        "How do I turn the volume down?",
        "The price went down this year.",
        "Latency is down to 80 ms, thank you.",
        "See the details further down.",
        "We need a drop-down for the region.",
        "There is no outage, just a question about the invoice.",
        "We have not seen any outage so far.",
        "The service is not down.",
        "The outage was resolved, thank you.",
        "Outage resolved: all rooms are fine.",
        "The outage is over.",
        "Could you send us the root cause of the outage?",
        "Please share the outage report.",
        "Thanks for the compensation for last week's outage.",
        "The rooms were down for five minutes last night.",
        "What happens if the server goes down?",
        "How do you handle an outage?",
        "We plan for a planned outage on Friday.",
        "What is a P0?",
        "What are your P0 response times?",
        "P0 to P3: which one is this?",
        "没有黑屏，只是咨询价格",
        "黑屏问题已经解决，谢谢",
        "上周的黑屏后来好了",
        "如果出现黑屏应该怎么处理？",
        "如何避免大面积掉线？",
        "请提供昨天黑屏故障的复盘报告",
        "目前未出现系统级故障",
        "黑屏已恢复",
    ],
)
def test_this_is_denied_or_over_or_only_asked_about(sentence: str) -> None:
    assert not said(sentence)


def test_a_long_sentence_is_read_around_the_word_only() -> None:
    assert said("if " + "x " * 1_000 + "the platform is down")

"""The rules that are shipped: what proposes a P0, and ordinary sentences that do not."""

import pytest

from tests.rawmail import rawmail
from tickets.choices import Priority, RulePriority
from tickets.mail.parse import parse
from tickets.migrations._outage_rules import RULES
from tickets.models import Rule
from tickets.triage.facts import facts_of
from tickets.triage.rule_matching import PreparedRule, RuleMatch, judge

SHIPPED = [
    Rule(
        **{
            **rule,
            **{name: "\n".join(rule[name]) for name in ("words", "more_words") if name in rule},
            "priority": Priority.P0,
        }
    )
    for rule in RULES
]


def proposed(subject: str, body: str = "", **headers: str) -> RuleMatch | None:
    mail = parse(rawmail(subject=subject, body=body, headers=headers))
    facts = facts_of(
        mail, mailbox=1, sender="li@company.example", customer=1, scenario="", words=mail.new_text
    )
    return judge([PreparedRule(rule) for rule in SHIPPED], facts).priority


@pytest.mark.django_db
def test_a_new_desk_has_them_and_they_propose():
    there = Rule.objects.filter(is_active=True).order_by("position")
    assert [rule.name for rule in there] == [rule["name"] for rule in RULES]
    assert {(rule.priority, rule.how) for rule in there} == {(Priority.P0, RulePriority.PROPOSE)}


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ("紧急", "全部直播间都进不去了"),
        ("大面积掉线", "请尽快处理"),
        ("所有用户无法登录", ""),
        ("主播端无法连接", ""),
        ("黑屏", "用户反馈观看端黑屏"),
        ("出现系统级故障", ""),
        ("Help", "Our platform is down!"),
        ("Total outage", "Nothing works."),
        ("Urgent", "All users are disconnected since 10:00."),
        ("No sound", "It affects all users in all regions."),
        ("P0", "Hosts cannot publish."),
        ("This is P0 please call me", ""),
        ("Sound", "None of our rooms has sound, all rooms are silent and not working."),
    ],
)
def test_an_outage_is_proposed_as_a_p0(subject, body):
    match = proposed(subject, body)
    assert match is not None
    assert match.words


def test_high_importance_proposes_too_and_names_no_word():
    match = proposed("Question", "How are you?", Importance="high")
    assert match is not None
    assert (match.rule.name, match.words) == ("Marked as urgent by the sender", ())


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ("SDK", "Where can I download the latest SDK for iOS?"),
        ("Slow", "The app slows down when I scroll down the list of rooms."),
        ("Room ID", "I wrote down the room ID for you, see below."),
        ("Invoice", "Please send the invoice for all users of October."),
        ("Export", "How do I export the call records of all users?"),
        ("Upgrade", "We have migrated all users to SDK 4.2. Thank you!"),
        ("Thanks", "The outage is resolved, thanks for the quick help."),
        ("No outage", "There was no outage today, only a question about the bill."),
        ("RCA", "Could you send us the root cause analysis of last week's outage?"),
        ("Contract", "What is the P0 response time in our contract?"),
        ("SLA", "Does the plan cover P0 to P3?"),
        ("Drill", "What happens if your platform goes down?"),
        ("Price", "The price went down, good news for everyone."),
        ("Docs", "The drop-down in the console lists all rooms."),
        ("Up again", "We were down for two minutes last night and are back online."),
        ("Re: question", "Good to know that you are not down."),
        ("导出", "请问如何导出所有用户的通话记录？"),
        ("恢复", "黑屏问题已经恢复，谢谢"),
        ("咨询", "如果出现大面积掉线，你们会怎么通知我们？"),
        ("报价", "全部直播间的月度用量请发我一份"),
        ("复盘", "请提供上周黑屏故障的复盘报告"),
        ("说明", "目前没有黑屏，只是画质偏低"),
        ("升级", "我们已通知所有用户升级新版本"),
        ("合同", "合同里 P0 的响应标准是多少？"),
    ],
)
def test_an_ordinary_sentence_proposes_nothing(subject, body):
    match = proposed(subject, body)
    assert match is None, (match.rule.name, match.words)

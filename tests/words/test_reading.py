"""The reader of texts sees what is wrong, and lets be what is right."""

import pytest

from tests.words.reading import faults, texts


@pytest.mark.parametrize(
    "text",
    [
        "工单 Owner 变更",
        "原因:误报",
        "已转交,请查看",
        "林悦 (已通知)",
        "加载中...",
        "13:01（CST）",
    ],
)
def test_a_fault_is_seen(text):
    assert faults(text, language="zh-hans", known=set()) != []


@pytest.mark.parametrize(
    "text",
    [
        "SLA 已超时：SD#301 由 Ann 负责（剩余 1 小时）",
        "13:01（北京时间，UTC+8）",
        "请填写 IANA 名称，例如 Asia/Shanghai。",
        "发往 support@desk.example 的邮件",
        "Webhook 填 https://hooks.example/x",
        "09:00-12:00, 13:00-18:00",
    ],
)
def test_what_is_right_is_let_be(text):
    assert faults(text, language="zh-hans", known={"ann"}) == []


@pytest.mark.parametrize(("text", "wrong"), [("Due 13:01 (CST)", 1), ("Due 13:01 (UTC+8, Shanghai)", 0)])
def test_zones_are_looked_at_in_english_too(text, wrong):
    assert len(faults(text, language="en", known=set())) == wrong


@pytest.mark.parametrize(
    ("text", "wrong"), [("Owner: 林悦", 0), ("负责人: 林悦", 1), ("Owner 林悦已通知", 1)]
)
def test_chinese_is_seen_in_english_unless_somebody_wrote_it(text, wrong):
    assert len(faults(text, language="en", known={"林悦"})) == wrong


def test_a_page_is_read_without_icons_and_scripts():
    html = '<p title="a">b <span class="ms">alarm</span></p><script>c</script><br><input type="submit" value="d">'
    assert texts(html) == ["a", "b", "d"]

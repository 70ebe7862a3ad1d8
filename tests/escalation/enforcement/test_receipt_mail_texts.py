"""The acknowledgement of receipt, word for word, by priority and language."""

from datetime import UTC, datetime

import pytest
from django.utils import timezone, translation

from escalation.enforcement.receipt_mail import Receipt, receipt_text
from tickets.choices import Priority

DUE = datetime(2026, 11, 28, 21, 16, tzinfo=UTC)
EN_TIME = "Sunday 29 November 2026, 05:16 (UTC+8, Shanghai)"
ZH_TIME = "2026年11月29日（周日）05:16（北京时间，UTC+8）"
EN_LATE = "Your email reached us late, so we have put it first in line. We are working on it now."
ENGLISH = {
    Priority.P0: f"""We have received your report and are treating it as a critical incident (P0). Ticket: SD#3.

The engineer on duty has been paged now. You will hear from us by {EN_TIME}, and at least every 60 minutes after \
that until service is restored.

If you can, reply to this email with the app or room ID, the time it began and how many users are affected.
To speak to us right now, call our 24/7 hotline: 400-820-0199 (quote SD#3).""",
    Priority.P1: f"""Thank you for contacting us. Your request is ticket SD#3, priority P1.
Lin Yue will respond by {EN_TIME}.

To add details or files, reply to this email.
If the problem gets worse, for instance if all users are affected, call 400-820-0199 or answer this email with P0 in \
its first line.""",
    Priority.P2: f"""Thank you for contacting us. Your request is ticket SD#3. We will respond by {EN_TIME}.

To add details or files, reply to this email.
If it becomes urgent, call 400-820-0199 and quote SD#3.""",
    Priority.P3: f"""Thank you for your question. It is ticket SD#3, and we will reply by {EN_TIME}.
You can add to it at any time by replying to this email.""",
}
CHINESE = {
    Priority.P0: f"""您反馈的问题我们已收到，已按 P0（最高级别故障）处理，工单编号 SD#3。

值班工程师已接到通知。我们将在 {ZH_TIME}前给您首次响应，此后至少每 60 分钟向您同步一次进展，直到服务恢复。

如方便，请直接回复本邮件，补充：应用或房间 ID、开始时间、受影响的用户范围。
需要立即沟通，请拨打 7×24 小时热线 400-820-0199，并告知工单编号 SD#3。""",
    Priority.P1: f"""您的问题我们已收到，工单编号 SD#3，优先级 P1，由您的客户经理 Lin Yue 负责。
我们将在 {ZH_TIME}前给您首次响应。

如需补充信息或附件，直接回复本邮件即可。
如影响扩大（例如全部用户无法使用），请拨打 400-820-0199，或直接回复本邮件并在开头写明 P0。""",
    Priority.P2: f"""您的问题我们已收到，工单编号 SD#3。我们将在 {ZH_TIME}前回复您。

如需补充信息或附件，直接回复本邮件即可。
如情况变得紧急，请拨打 400-820-0199 并告知工单编号 SD#3。""",
    Priority.P3: f"""感谢您的来信，工单编号 SD#3。我们将在 {ZH_TIME}前回复您。
如需补充，直接回复本邮件即可。""",
}


def written(language, **facts):
    known = {"number": "SD#3", "name": "Maya", "hotline": "400-820-0199", "manager": "Lin Yue"}
    known |= {"due_at": DUE, "update_minutes": 60, "is_paged": True}
    with translation.override(language), timezone.override("Asia/Shanghai"):
        return receipt_text(Receipt(**{**known, **facts}))


def between_greeting_and_signature(text):
    return text.split("\n\n", 1)[1].rsplit("\n\n", 1)[0]


@pytest.mark.parametrize("priority", Priority)
@pytest.mark.parametrize(("language", "texts"), [("en", ENGLISH), ("zh-hans", CHINESE)])
def test_the_receipt_mail_names_the_agreed_terms(language, texts, priority):
    assert between_greeting_and_signature(written(language, priority=priority)) == texts[priority]


@pytest.mark.parametrize("priority", Priority)
def test_a_receipt_mail_promises_no_time_that_has_passed(priority):
    text = written("en", priority=priority, due_at=None)
    assert EN_LATE in text
    assert " by " not in text.replace("by replying", "")


@pytest.mark.parametrize("priority", Priority)
def test_a_receipt_mail_without_a_hotline_offers_none(priority):
    assert "call" not in written("en", priority=priority, hotline="")


def test_a_chinese_name_of_the_account_manager_is_not_set_apart():
    text = written("zh-hans", priority=Priority.P1, manager="林悦")
    assert "由您的客户经理林悦负责" in text

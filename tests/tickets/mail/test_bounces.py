"""Reports of mail servers: whose mail failed, which mail it was, whether to try again."""

import pytest

from tickets.mail import parse
from tickets.mail.bounces import ReportKind, read_report

ORIGINAL = (
    "From: support@desk.example\nTo: c@d.example\nSubject: s\nMessage-ID: <ours@desk.example>\n\nbody\n"
)


def report(
    status: str, *, original: str = ORIGINAL, original_type: str = "message/rfc822", text: str = "Sorry."
):
    raw = (
        "From: MAILER-DAEMON@mx.example\nTo: support@desk.example\nSubject: report\nMessage-ID: <r@mx.example>\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=x\n\n"
        f"--x\nContent-Type: text/plain\n\n{text}\n"
        f"--x\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n{status}\n"
        f"--x\nContent-Type: {original_type}\n\n{original}\n--x--\n"
    )
    return read_report(parse(raw.encode()))


FAILED = (
    "Final-Recipient: rfc822; c@d.example\nAction: failed\nStatus: 5.1.1\n"
    "Diagnostic-Code: smtp; 550 no such\n user"
)
DELAYED = "Final-Recipient: rfc822; e@f.example\nAction: delayed\nStatus: 4.4.1"
DELIVERED = "Final-Recipient: rfc822; g@h.example\nAction: delivered\nStatus: 2.0.0"


def test_a_refused_recipient_makes_a_bounce():
    found = report(FAILED)
    assert found.kind is ReportKind.BOUNCE
    (one,) = found.recipients
    assert (one.email, one.action, one.status, one.diagnostic) == (
        "c@d.example",
        "failed",
        "5.1.1",
        "550 no such user",
    )
    assert one.is_hard


@pytest.mark.parametrize("original_type", ["message/rfc822", "text/rfc822-headers", "message/global"])
def test_the_id_of_our_mail_is_found_inside(original_type):
    assert report(FAILED, original_type=original_type).original_message_ids == ("ours@desk.example",)


def test_each_recipient_has_a_fate_and_one_failure_decides():
    found = report(f"{DELIVERED}\n\n{FAILED}\n\n{DELAYED}")
    assert found.kind is ReportKind.BOUNCE
    assert [one.action for one in found.recipients] == ["delivered", "failed", "delayed"]


@pytest.mark.parametrize(("status", "kind"), [(DELAYED, ReportKind.DELAY), (DELIVERED, ReportKind.RECEIPT)])
def test_delays_and_receipts_are_no_bounces(status, kind):
    assert report(status).kind is kind


def test_a_temporary_status_is_not_hard():
    (one,) = report(FAILED.replace("5.1.1", "4.2.2")).recipients
    assert not one.is_hard


def test_an_action_that_is_missing_follows_from_the_status():
    (one,) = report("Final-Recipient: rfc822; c@d.example\nStatus: 5.7.1").recipients
    assert one.action == "failed"


def test_a_complaint_names_who_complained():
    raw = (
        "From: fbl@isp.example\nContent-Type: multipart/report; report-type=feedback-report; boundary=x\n\n"
        "--x\n\nspam complaint\n--x\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nVersion: 1\n"
        f"Original-Rcpt-To: <c@d.example>\n\n--x\nContent-Type: message/rfc822\n\n{ORIGINAL}--x--\n"
    )
    found = read_report(parse(raw.encode()))
    assert found.kind is ReportKind.COMPLAINT
    assert [one.email for one in found.recipients] == ["c@d.example"]
    assert found.original_message_ids == ("ours@desk.example",)


def test_a_read_receipt_is_a_receipt():
    raw = (
        "From: c@d.example\nSubject: Read: s\nContent-Type: multipart/report; boundary=x\n\n--x\n\nread\n"
        "--x\nContent-Type: message/disposition-notification\n\nOriginal-Message-ID: <ours@desk.example>\n"
        "Disposition: manual-action; displayed\n\n--x--\n"
    )
    found = read_report(parse(raw.encode()))
    assert (found.kind, found.original_message_ids) == (ReportKind.RECEIPT, ("ours@desk.example",))


QMAIL = """Hi. This is the qmail-send program at mx.example.
I'm afraid I wasn't able to deliver your message to the following addresses.

<c@d.example>:
550 5.1.1 no such user

--- Below this line is a copy of the message.

Return-Path: <support@desk.example>
From: support@desk.example
Message-ID: <ours@desk.example>

body
"""


def worded(
    text: str, subject: str = "failure notice", sender: str = "MAILER-DAEMON@mx.example", extra: str = ""
):
    return read_report(parse(f"From: {sender}\nSubject: {subject}\n{extra}\n{text}".encode()))


def test_a_bounce_in_words_is_known():
    found = worded(QMAIL)
    assert found.kind is ReportKind.BOUNCE
    assert [(one.email, one.status) for one in found.recipients] == [("c@d.example", "5.1.1")]
    assert found.original_message_ids == ("ours@desk.example",)


def test_a_chinese_bounce_in_words_is_known():
    found = worded(
        "您的邮件未能送达 <c@d.example>\n原因：用户不存在 550",
        "系统退信/Systems bounce",
        "PostMaster@qq.example",
    )
    assert found.kind is ReportKind.BOUNCE
    assert found.recipients[0].email == "c@d.example"


def test_a_header_that_names_failed_recipients_is_enough():
    found = worded(
        "could not deliver",
        "Delivery Status Notification (Failure)",
        "x@mx.example",
        "X-Failed-Recipients: c@d.example\n",
    )
    assert [one.email for one in found.recipients] == ["c@d.example"]


def test_a_warning_in_words_is_a_delay():
    found = worded(
        "Your message to <c@d.example> has not yet been delivered. It will be retried.",
        "Warning: could not send",
    )
    assert found.kind is ReportKind.DELAY


@pytest.mark.parametrize(
    ("sender", "subject", "text"),
    [
        ("anna@b.example", "Undelivered messages in our app", "Chat messages are not delivered since noon."),
        ("anna@b.example", "delivery failed", "our push delivery failed, user unknown in the log"),
        ("lin@b.example", "消息无法送达", "我们的用户发送失败，提示不存在"),
        ("postmaster@b.example", "Question about SPF", "Which hosts send for you?"),
    ],
)
def test_a_person_who_writes_about_delivery_is_no_bounce(sender, subject, text):
    assert worded(text, subject, sender) is None

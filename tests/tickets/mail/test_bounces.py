"""Reports of mail servers: whose mail failed, which mail it was, whether to try again.

Tests ses_notifications too.
"""

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
    delivery = report(FAILED)
    assert delivery.kind is ReportKind.BOUNCE
    (recipient,) = delivery.recipients
    assert (recipient.email, recipient.action, recipient.status, recipient.diagnostic) == (
        "c@d.example",
        "failed",
        "5.1.1",
        "550 no such user",
    )
    assert recipient.is_hard


@pytest.mark.parametrize("original_type", ["message/rfc822", "text/rfc822-headers", "message/global"])
def test_the_id_of_our_mail_is_found_inside_the_report(original_type):
    assert report(FAILED, original_type=original_type).original_message_ids == ("ours@desk.example",)


def test_one_failed_recipient_makes_a_report_with_several_outcomes_a_bounce():
    delivery = report(f"{DELIVERED}\n\n{FAILED}\n\n{DELAYED}")
    assert delivery.kind is ReportKind.BOUNCE
    assert [recipient.action for recipient in delivery.recipients] == ["delivered", "failed", "delayed"]


@pytest.mark.parametrize(("status", "kind"), [(DELAYED, ReportKind.DELAY), (DELIVERED, ReportKind.RECEIPT)])
def test_delays_and_receipts_are_no_bounces(status, kind):
    assert report(status).kind is kind


def test_a_temporary_status_is_not_hard():
    (recipient,) = report(FAILED.replace("5.1.1", "4.2.2")).recipients
    assert not recipient.is_hard


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("5.2.2", "smtp; 552 5.2.2 mailbox full"),
        ("5.0.0", "smtp; 552 mailbox full"),
        ("5.0.0", "smtp; 550 user is over quota"),
        ("5.7.1", "smtp; 550 Requested mail action aborted: exceeded storage allocation"),
        ("", "smtp; 552 邮箱已满"),
        ("5.2.3", "smtp; 552 message too large"),
    ],
)
def test_a_full_mailbox_is_not_hard(status, code):
    delivery = report(
        f"Final-Recipient: rfc822; c@d.example\nAction: failed\nStatus: {status}\nDiagnostic-Code: {code}"
    )
    assert delivery.kind is ReportKind.BOUNCE
    assert not delivery.recipients[0].is_hard


def test_an_unusable_final_recipient_gives_way_to_the_original_recipient():
    delivery = report(
        "Original-Recipient: rfc822; c@d.example\nFinal-Recipient: x400; /S=c/OU=d/\nAction: failed\nStatus: 5.1.1"
    )
    assert [recipient.email for recipient in delivery.recipients] == ["c@d.example"]
    local = report(
        "Original-Recipient: rfc822; c@d.example\nFinal-Recipient: rfc822; c@store\nAction: failed\nStatus: 5.1.1"
    )
    assert [(recipient.email, recipient.alias) for recipient in local.recipients] == [
        ("c@d.example", "c@store")
    ]
    final = report(
        "Original-Recipient: rfc822; c@d.example\nFinal-Recipient: rfc822; c@mx.d.example\nAction: failed"
    )
    assert [(recipient.email, recipient.alias) for recipient in final.recipients] == [
        ("c@mx.d.example", "c@d.example")
    ]


def test_a_report_whose_structure_names_nobody_is_read_by_its_words():
    delivery = report(
        "Arrival-Date: today", text="Delivery to the following recipients failed:\n\n   * c@d.example\n"
    )
    assert [(recipient.email, recipient.action) for recipient in delivery.recipients] == [
        ("c@d.example", "failed")
    ]


def test_a_filter_that_refuses_in_the_form_of_a_read_receipt_is_a_bounce():
    raw = (
        "From: postmaster@d.example\nSubject: Rejected\nAuto-Submitted: auto-replied (rejected)\n"
        "Content-Type: multipart/report; boundary=x\n\n--x\n\nYour message was rejected: Quota exceeded\n"
        "--x\nContent-Type: message/disposition-notification\n\nFinal-Recipient: rfc822; c@d.example\n"
        "Original-Message-ID: <ours@desk.example>\n"
        "Disposition: automatic-action/MDN-sent-automatically; deleted\n\n--x--\n"
    )
    delivery = read_report(parse(raw.encode()))
    assert (delivery.kind, delivery.original_message_ids) == (ReportKind.BOUNCE, ("ours@desk.example",))
    assert [(recipient.email, recipient.action, recipient.is_hard) for recipient in delivery.recipients] == [
        ("c@d.example", "failed", False)
    ]


def test_a_notification_of_amazon_ses_is_read():
    notification = (
        '{"notificationType":"Bounce","bounce":{"bouncedRecipients":[{"emailAddress":"c@d.example","status":"5.1.1",'
        '"action":"failed","diagnosticCode":"smtp; 550 5.1.1 unknown"}]},"mail":{"messageId":"ses",'
        '"commonHeaders":{"messageId":"<ours@desk.example>"}}}'
    )
    delivery = read_report(
        parse(f"From: no-reply@sns.example\nSubject: AWS\n\n{notification}\n\n--\nleave".encode())
    )
    assert (delivery.kind, delivery.original_message_ids) == (ReportKind.BOUNCE, ("ours@desk.example",))
    assert [
        (recipient.email, recipient.status, recipient.diagnostic) for recipient in delivery.recipients
    ] == [("c@d.example", "5.1.1", "550 5.1.1 unknown")]
    broken = f"From: no-reply@sns.example\nSubject: AWS\n\n{notification[:60]}"
    assert read_report(parse(broken.encode())) is None


def test_an_action_that_is_missing_follows_from_the_status():
    (recipient,) = report("Final-Recipient: rfc822; c@d.example\nStatus: 5.7.1").recipients
    assert recipient.action == "failed"


def test_a_complaint_names_who_complained():
    raw = (
        "From: fbl@isp.example\nContent-Type: multipart/report; report-type=feedback-report; boundary=x\n\n"
        "--x\n\nspam complaint\n--x\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nVersion: 1\n"
        f"Original-Rcpt-To: <c@d.example>\n\n--x\nContent-Type: message/rfc822\n\n{ORIGINAL}--x--\n"
    )
    delivery = read_report(parse(raw.encode()))
    assert delivery.kind is ReportKind.COMPLAINT
    assert [recipient.email for recipient in delivery.recipients] == ["c@d.example"]
    assert delivery.original_message_ids == ("ours@desk.example",)


def test_a_read_receipt_is_a_receipt():
    raw = (
        "From: c@d.example\nSubject: Read: s\nContent-Type: multipart/report; boundary=x\n\n--x\n\nread\n"
        "--x\nContent-Type: message/disposition-notification\n\nOriginal-Message-ID: <ours@desk.example>\n"
        "Disposition: manual-action; displayed\n\n--x--\n"
    )
    delivery = read_report(parse(raw.encode()))
    assert (delivery.kind, delivery.original_message_ids) == (ReportKind.RECEIPT, ("ours@desk.example",))


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


def worded_report(
    text: str, subject: str = "failure notice", sender: str = "MAILER-DAEMON@mx.example", extra: str = ""
):
    return read_report(parse(f"From: {sender}\nSubject: {subject}\n{extra}\n{text}".encode()))


def test_a_bounce_without_structure_is_recognised_by_its_wording():
    delivery = worded_report(QMAIL)
    assert delivery.kind is ReportKind.BOUNCE
    assert [(recipient.email, recipient.status) for recipient in delivery.recipients] == [
        ("c@d.example", "5.1.1")
    ]
    assert delivery.original_message_ids == ("ours@desk.example",)


def test_a_chinese_bounce_without_structure_is_recognised_by_its_wording():
    delivery = worded_report(
        "您的邮件未能送达 <c@d.example>\n原因：用户不存在 550",
        "系统退信/Systems bounce",
        "PostMaster@qq.example",
    )
    assert delivery.kind is ReportKind.BOUNCE
    assert delivery.recipients[0].email == "c@d.example"


def test_x_failed_recipients_is_enough_to_name_the_recipient():
    delivery = worded_report(
        "could not deliver",
        "Delivery Status Notification (Failure)",
        "x@mx.example",
        "X-Failed-Recipients: c@d.example\n",
    )
    assert [recipient.email for recipient in delivery.recipients] == ["c@d.example"]


def test_a_delay_warning_without_structure_is_a_delay():
    delivery = worded_report(
        "Your message to <c@d.example> has not yet been delivered. It will be retried.",
        "Warning: could not send",
    )
    assert delivery.kind is ReportKind.DELAY


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
    assert worded_report(text, subject, sender) is None

"""Reports without a structure, as servers of every kind write them. Tests returned_mail too."""

from dataclasses import dataclass

import pytest

from tickets.mail import parse
from tickets.mail.bounces import ReportKind, read_report

COPY = (
    "Received: from desk.example by mx.example; Thu, 9 Apr 2020 23:34:45 +0000\nFrom: support@desk.example\n"
    "To: jo@c.example\nMessage-ID: <ours@desk.example>\nSubject: Answer\n\nHello\n"
)


@dataclass(frozen=True)
class Server:
    """What one kind of server writes above the copy of our mail."""

    sender: str
    subject: str
    words: str
    head: str = ""


DAEMON = "MAILER-DAEMON@c.example"
SYSTEM = "Mail Delivery System <Mailer-Daemon@mx.example>"
SERVERS = {
    "empty address": Server(
        "MAILER-DAEMON <>",
        "Mail delivery failed",
        "There was an error delivering your mail to <jo@c.example>.\n\nmx.c.example did not like our final DATA:\n"
        "550-5.7.26 not accepted\n\nMessage headers follow.\n\n",
    ),
    "no domain": Server(
        '"Mail Deliver System" <MAILER-DAEMON>',
        "Returned Mail: User unknown",
        "---The following addresses had delivery errors---\n\njo@c.example [User unknown]\n\n",
    ),
    "no address": Server(
        "mailer-daemon",
        "There was an error sending your mail",
        "1 error(s):\n\nThe following recipients returned permanent errors: jo@c.example. Reason: SMTP Server refused "
        "to accept your message, with the following error message: [554 5.4.6 Hop count exceeded]\n\n",
    ),
    "imss": Server(
        '"Messaging Suite" <imss@c.example>',
        "Mail could not be delivered",
        "Sent <<< RCPT TO:<jo@c.example>\nReceived >>> 550 5.1.1 unknown user.\n\n",
    ),
    "post_master": Server(
        "gateway <post_master@mobile.example>",
        "Undeliverable Message",
        "Error: No valid recipients for this MM\n\n",
    ),
    "null return path": Server(
        "Mail System <mail@relay.example>",
        "Your mail",
        "host said: 550 user unknown\n\n--- returned message follows ---\n",
        head="Return-Path: <>\n",
    ),
    "a person's name": Server(
        "System Administrator <postmaster@c.example>",
        "Undeliverable: Answer",
        "Your message\n\n  To:      list@other.example\n  Subject: Answer\n\n"
        "did not reach the following recipient(s):\n\njo@c.example on Fri, 20 Jul 2001 11:08:59 -0700\n    "
        "The recipient name is not recognized\n\n",
    ),
    "qmail": Server(
        DAEMON,
        "failure notice",
        "I'm afraid I wasn't able to deliver your message to the following addresses.\n\n<jo@c.example>:\nRemote host "
        "said: 550 5.1.1 unknown user\n\n--- Below this line is a copy of the message.\n\n",
    ),
    "exim": Server(
        SYSTEM,
        "Mail delivery failed: returning message to sender",
        "A message that you sent could not be delivered. The following address(es) failed:\n\n  jo@c.example\n    SMTP "
        "error after RCPT TO:<jo@c.example>:\n    550 unknown\n\n------ This is a copy of the message. ------\n\n",
    ),
    "sendmail": Server(
        "Mail Delivery Subsystem <MAILER-DAEMON@mx.example>",
        "Returned mail: User unknown",
        "   ----- Transcript of session follows -----\n>>> RCPT To:<jo@c.example>\n<<< 550 <jo@c.example>... User "
        "unknown\n\n   ----- Unsent message follows -----\n",
    ),
    "postfix, with a helper's address": Server(
        SYSTEM,
        "Undelivered Mail Returned to Sender",
        "For further assistance, please contact <postmaster@mx.example>\n\n"
        "<jo@c.example>: host mx said: 550 5.1.1\n    "
        "<jo@c.example>... User unknown\n\n",
    ),
    "quoted address": Server(
        SYSTEM,
        "Mail delivery failed",
        'The following address\nfailed:\n\n"jo@c.example":\n5.1.1 Recipient address rejected: User unknown\n\n'
        "--- The header of the original message is following. ---\n\n",
    ),
    "a bullet": Server(
        "Mail Delivery System <Mail.Delivery.System@mx.example>",
        "Delivery status notification",
        "Delevery to the following recipients was aborted after 5.0 hour(s):\n\n  * jo@c.example\n\n",
    ),
    "only the copy names the recipient": Server(
        "postmaster@notes.example",
        "Undeliverable message",
        "------- Failure Reasons --------\n\nMessage has exceeded maximum hop count\n\n"
        "------- Returned Message --------\n",
    ),
    "reason in Japanese": Server(
        "no-reply@mobile.example",
        "メールエラー通知",
        "送信先のメールボックスが一杯のため、送信できませんでした。\n\nCould not be delivered to: <jo@c.example>\n\n",
    ),
    "QQ": Server(
        "PostMaster <PostMaster@qq.example>",
        "系统退信/Systems bounce",
        "无法发送到 jo@c.example\n\n退信原因\n收件人邮件地址不存在，邮件无法送达。\n\n",
    ),
    "NetEase": Server(
        "Postmaster@163.example",
        "系统退信",
        "抱歉，您的邮件被退回来了\n收件人：jo@c.example\n退信原因：收信人邮箱已满\n\n",
    ),
    "German": Server(
        "postmaster@c.example",
        "Unzustellbar: Answer",
        "Die Nachricht konnte nicht zugestellt werden:\n\njo@c.example\n\n",
    ),
    "Russian": Server(
        "mailer-daemon@c.example",
        "Недоставленное сообщение",
        "Не удалось доставить письмо\n\n<jo@c.example>: нет\n\n",
    ),
}


def report(server: Server, *, envelope_from: str | None = None):
    raw = (
        f"From: {server.sender}\nTo: support@desk.example\nSubject: {server.subject}\nMessage-ID: <r@mx.example>\n"
        f"{server.head}\n{server.words}{COPY}"
    )
    return read_report(parse(raw.encode()), envelope_from=envelope_from)


@pytest.mark.parametrize("name", SERVERS)
def test_a_server_s_words_name_the_recipient_and_our_mail(name):
    delivery = report(SERVERS[name])
    assert delivery is not None
    assert delivery.kind is ReportKind.BOUNCE
    assert [recipient.email for recipient in delivery.recipients] == ["jo@c.example"]
    assert delivery.original_message_ids[0] == "ours@desk.example"


def test_a_null_sender_of_the_envelope_counts_as_nobody():
    server = Server("Mail <mail@relay.example>", "Your mail", "host said: 550 user unknown\n\n")
    assert report(server, envelope_from="mail@relay.example") is None
    delivery = report(server, envelope_from="")
    assert delivery is not None
    assert delivery.kind is ReportKind.BOUNCE


def test_each_of_several_recipients_has_their_own_words():
    words = "<jo@c.example>:\n550 5.1.1 unknown\n\n<al@c.example>:\n552 5.2.2 mailbox full\n\n"
    delivery = report(Server(DAEMON, "Delivery failure", words))
    assert [(recipient.email, recipient.status, recipient.is_hard) for recipient in delivery.recipients] == [
        ("jo@c.example", "5.1.1", True),
        ("al@c.example", "5.2.2", False),
    ]


def test_an_expanded_address_names_the_one_we_wrote_to():
    words = "<jo@mail.c.example> (expanded from\n    <jo@c.example>): 550 unknown\n\n"
    (recipient,) = report(Server(DAEMON, "Undelivered Mail", words)).recipients
    assert (recipient.email, recipient.alias) == ("jo@mail.c.example", "jo@c.example")


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        (
            "Warning: message 1a2 delayed 24 hours",
            "No action is required. Delivery attempts will continue.\n\n  jo@c.example\n",
        ),
        (
            "Delayed Mail (still being retried)",
            "YOU DO NOT NEED TO RESEND YOUR MESSAGE.\n\n<jo@c.example>: quota\n",
        ),
        (
            "Delivery failure notification",
            "could not be delivered:\n\njo@c.example\n\nDelivery attempts will continue.\n",
        ),
    ],
)
def test_a_server_that_tries_again_reports_a_delay(subject, words):
    delivery = report(Server(DAEMON, subject, words))
    assert (delivery.kind, delivery.recipients[0].action) == (ReportKind.DELAY, "delayed")


def test_a_server_that_gave_up_after_a_delay_reports_a_bounce():
    words = (
        "Delivery has been delayed for 4 days; this is a permanent error. I've given up.\n\n<jo@c.example>\n"
    )
    assert report(Server(DAEMON, "Delivery failed", words)).kind is ReportKind.BOUNCE


@pytest.mark.parametrize(
    ("sender", "subject", "text"),
    [
        (
            "anna@b.example",
            "Delivery failure of push messages",
            "Users cannot be sent messages; delivery failed.\n\n-----Original Message-----\nFrom: us\n",
        ),
        (
            "anna@b.example",
            "Undeliverable: your invoice",
            "I got this:\n> could not be delivered to a recipient",
        ),
        ("anna@b.example", "FW: Undeliverable: x", f"see below\n\nMAILER-DAEMON: user unknown\n\n{COPY}"),
        ("anna@b.example", "退信", "我们给客户发邮件被退信，提示邮箱不存在\n-----原始邮件-----\n发件人: x"),
        (
            "postmaster@b.example",
            "Re: bounces",
            "We rejected your mail, user unknown.\n\n-----Original Message-----\n",
        ),
        (
            "postmaster@b.example",
            "Question about SPF",
            "Mail from you was rejected here. Which hosts do you use?",
        ),
        ("system@b.example", "Mail delivery problem", "we cannot deliver mail to your support address"),
        ("no-reply@shop.example", "Delivery failed: parcel 12", "We could not deliver your parcel."),
        ("", "Problem", "our users are rejected since noon"),
    ],
)
def test_a_person_who_writes_about_delivery_is_no_bounce(sender, subject, text):
    raw = f"From: {sender}\nTo: support@desk.example\nSubject: {subject}\n\n{text}\n"
    assert read_report(parse(raw.encode())) is None


@pytest.mark.parametrize("subject", ["ALERT: push delivery failed", "Delivery failed for 40 % of users"])
def test_an_alarm_with_a_null_path_about_delivery_is_no_bounce(subject):
    raw = f"From: job@b.example\nSubject: {subject}\n\nNotifications could not be delivered. User unknown.\n"
    assert read_report(parse(raw.encode()), envelope_from="") is None


def test_a_mail_without_from_that_has_another_attached_is_no_bounce():
    raw = "Subject: The enclosing message\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\nSee below.\n--x\n"
    raw += f"Content-Type: message/rfc822\n\n{COPY}\n--x--\n"
    assert read_report(parse(raw.encode())) is None


def test_a_person_who_forwards_a_report_with_its_parts_is_no_bounce():
    raw = (
        "From: anna@b.example\nSubject: {}\nContent-Type: multipart/{}; boundary=x\n\n--x\n\nWhat is this?\n--x\n"
        "Content-Type: message/delivery-status\n\nFinal-Recipient: rfc822; jo@c.example\nAction: failed\n\n--x--\n"
    )
    assert read_report(parse(raw.format("Fwd: Undelivered Mail", "mixed").encode())) is None
    assert read_report(parse(raw.format("Fwd: Undelivered Mail", "report").encode())) is not None
    assert read_report(parse(raw.format("Undelivered Mail", "mixed").encode())) is not None


def test_an_automatic_reply_with_a_null_path_that_quotes_us_is_no_bounce():
    raw = (
        "From: jo@c.example\nReturn-Path: <>\nSubject: Automatic reply: Answer\n\nI cannot be reached.\n"
        f"-----Original Message-----\n{COPY}"
    )
    assert read_report(parse(raw.encode())) is None


def test_a_report_that_a_gateway_attached_is_read():
    inner = (
        "From: postmaster@c.example\nSubject: Failure\nContent-Type: multipart/report; boundary=i\n\n--i\n"
        "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\n"
        "Final-Recipient: rfc822; jo@c.example\nAction: failed\n"
        f"Status: 5.1.1\n\n--i\nContent-Type: message/rfc822\n\n{COPY}\n--i--\n"
    )
    raw = (
        "From: postmaster@c.example\nSubject: Delivery Status Notification (Failure)\n"
        f"Content-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: message/rfc822\n\n{inner}\n--o--\n"
    )
    delivery = read_report(parse(raw.encode()))
    assert [(recipient.email, recipient.status) for recipient in delivery.recipients] == [
        ("jo@c.example", "5.1.1")
    ]
    assert delivery.original_message_ids == ("ours@desk.example",)


@pytest.mark.parametrize(
    "text", ["-" * 300_000, ">" * 300_000, "user " * 60_000, "<" * 300_000, "received: from x\n" * 20_000]
)
def test_hostile_text_is_read_in_no_time(text):
    assert read_report(parse(f"From: {DAEMON}\nSubject: undelivered\n\n{text}".encode())) is not None

"""Who or what wrote a mail, whether a machine may answer it, and whether its words count. Tests machine_signs too."""

import pytest

from tickets.mail import parse
from tickets.mail.classify import MailKind, classify
from tickets.mail.threading import make_message_id

KEY = b"key"
OURS = make_message_id(ticket_number=5, serial="a1", domain="desk.example", secret=KEY)


def classified(
    head: str = "",
    *,
    sender: str = "anna@b.example",
    subject: str = "Still broken for all our hosts",
    text: str = "words",
    **known,
):
    raw = f"From: {sender}\nSubject: {subject}\n{head}".rstrip("\n") + f"\n\n{text}\n"
    return classify(parse(raw.encode()), own_addresses=["support@desk.example"], secrets=[KEY], **known)


@pytest.mark.parametrize(
    "head",
    [
        "",
        "Auto-Submitted: no",
        "Auto-Submitted: auto-forwarded",
        "X-Autoreply: no",
        "X-Autorespond: false",
        "X-Vacation: 0",
        "In-Reply-To: <x@y>",
        "Precedence: first-class",
        "X-Auto-Response-Suppress: None",
        "Return-Path: <anna@b.example>",
    ],
)
def test_a_mail_without_automatic_signs_is_a_persons_and_is_acknowledged(head):
    verdict = classified(head)
    assert (verdict.kind, verdict.signs) == (MailKind.PERSON, ())
    assert verdict.may_be_acknowledged
    assert verdict.counts


@pytest.mark.parametrize("thread", ["", f"In-Reply-To: <{OURS}>\n"])
@pytest.mark.parametrize(
    ("head", "sender", "kind"),
    [
        ("X-Auto-Response-Suppress: All", "anna@b.example", MailKind.PERSON),
        ("X-Auto-Response-Suppress: DR, RN, NRN, OOF, AutoReply", "anna@b.example", MailKind.PERSON),
        ("Precedence: bulk", "anna@b.example", MailKind.PERSON),
        ("Precedence: junk", "anna@b.example", MailKind.PERSON),
        ("", "monitoring@b.example", MailKind.PERSON),
        ("", "system@b.example", MailKind.PERSON),
        ("", "notifications+eu@b.example", MailKind.PERSON),
        ("", "postmaster@b.example", MailKind.PERSON),
        ("Auto-Submitted: auto-generated", "anna@b.example", MailKind.AUTO_GENERATED),
        ("Auto-Submitted: auto-notified; owner-email=x@b.example", "anna@b.example", MailKind.AUTO_GENERATED),
        ("Return-Path: <>", "anna@b.example", MailKind.AUTO_GENERATED),
        ("X-Cron-Env: <SHELL=/bin/sh>", "anna@b.example", MailKind.AUTO_GENERATED),
        ("", "no-reply@b.example", MailKind.AUTO_GENERATED),
        ("", "tickets-noreply@b.example", MailKind.AUTO_GENERATED),
        ("", "do_not_reply@b.example", MailKind.AUTO_GENERATED),
        ("", "alerts@b.example", MailKind.AUTO_GENERATED),
        ("", "zabbix@b.example", MailKind.AUTO_GENERATED),
        ("", "mailer-daemon@b.example", MailKind.AUTO_GENERATED),
        ("List-Id: <tech.b.example>", "anna@b.example", MailKind.LIST),
        ("Precedence: list", "anna@b.example", MailKind.LIST),
    ],
)
def test_a_mail_that_asks_for_no_automatic_answer_counts_but_is_not_acknowledged(thread, head, sender, kind):
    verdict = classified(f"{thread}{head}", sender=sender)
    assert verdict.kind is kind
    assert verdict.counts
    assert not verdict.may_be_acknowledged
    assert verdict.signs


@pytest.mark.parametrize(
    "head",
    [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-replied (vacation)",
        "Precedence: auto_reply",
        "X-Autoreply: yes",
        "X-Autorespond: x",
        "X-Autoresponder: 1",
        "X-AutoReply-From: anna@b.example",
        "X-Mail-Autoreply: autoreply",
        "X-QQ-AUTOREPLY: 1",
        "X-NetEase-AutoReply: true",
        "X-Coremail-Autoreply: true",
        "X-Auto-Response: yes",
        "X-Vacation: yes",
        "X-POST-MessageClass: 9; Autoresponder",
        "X-Auto-Response-Suppress: All\nAuto-Submitted: auto-replied",
    ],
)
@pytest.mark.parametrize("thread", ["", f"In-Reply-To: <{OURS}>\n"])
def test_an_automatic_reply_is_known_by_its_headers(thread, head):
    verdict = classified(f"{thread}{head}")
    assert verdict.kind is MailKind.AUTO_REPLY
    assert not verdict.counts
    assert not verdict.may_be_acknowledged


def test_the_subject_of_an_automatic_reply_is_enough():
    verdict = classified(subject="[EXTERNAL] Automatic reply: Question")
    assert (verdict.kind, verdict.counts) == (MailKind.AUTO_REPLY, False)
    assert verdict.signs == ("the subject of an automatic reply: [EXTERNAL] Automatic reply: Question",)


@pytest.mark.parametrize("subject", ["On holiday our streams break", "自动回复（机器人）失效"])
def test_a_person_who_writes_about_automatic_replies_is_a_person(subject):
    verdict = classified(f"In-Reply-To: <{OURS}>", subject=subject)
    assert (verdict.kind, verdict.may_be_acknowledged) == (MailKind.PERSON, True)


def test_an_alarm_counts_and_is_not_acknowledged():
    verdict = classified("Auto-Submitted: auto-generated", subject="【P0告警】推流成功率低于 80%")
    assert (verdict.kind, verdict.counts, verdict.may_be_acknowledged) == (
        MailKind.AUTO_GENERATED,
        True,
        False,
    )


@pytest.mark.parametrize("subject", ["PROBLEM: host down", "[FIRING:2] publish failures", "恢复：推流成功率"])
def test_a_role_address_that_writes_like_monitoring_is_a_machine(subject):
    assert classified(sender="monitoring@b.example", subject=subject).kind is MailKind.AUTO_GENERATED


def test_an_alarm_through_a_list_is_an_alarm():
    verdict = classified(
        "List-Id: <ops.b.example>\nAuto-Submitted: auto-generated", subject="ALERT: joins fail in Lagos"
    )
    assert verdict.kind is MailKind.AUTO_GENERATED
    assert "List-Id: <ops.b.example>" in verdict.signs


def test_a_null_sender_of_the_transaction_is_a_machine():
    assert classified(envelope_from="").signs == ("null return path",)
    assert classified(envelope_from="anna@b.example").signs == ()


def test_a_newsletter_is_list_mail():
    head = "List-Id: <news.b.example>\nList-Unsubscribe: <https://b.example/u>\nPrecedence: bulk"
    assert classified(head, subject="Our autumn offers").kind is MailKind.LIST


@pytest.mark.parametrize(
    "head", ["List-Id: Support <support.desk.example>", "List-Post: <mailto:support@desk.example>"]
)
def test_list_headers_of_our_own_group_mailbox_do_not_make_a_mail_list_mail(head):
    assert classified(head).kind is MailKind.PERSON


CALENDAR = """Content-Type: multipart/mixed; boundary=x

--x
Content-Type: text/plain

Anna accepted.
--x
Content-Type: text/calendar; charset=utf-8; method={0}

BEGIN:VCALENDAR
METHOD:{0}
END:VCALENDAR
--x--"""


def test_an_invitation_counts_and_the_reply_to_one_does_not():
    answer = classified(CALENDAR.format("REPLY"), subject="Accepted: Call")
    assert (answer.kind, answer.counts, answer.may_be_acknowledged) == (MailKind.CALENDAR, False, False)
    assert classified(CALENDAR.format("REQUEST"), subject="Call").kind is MailKind.PERSON


@pytest.mark.parametrize(
    "kind", ["text/calendar", "application/ics", "APPLICATION/ICS", "application/octet-stream"]
)
@pytest.mark.parametrize("method", ["METHOD:REPLY", "method:reply", "METHOD : REPLY "])
def test_an_answer_to_an_invitation_is_known_however_its_calendar_is_attached(kind, method):
    head = (
        "Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/plain\n\nAnna accepted.\n"
        f'--x\nContent-Type: {kind}; name="invite.ics"\nContent-Disposition: attachment\n\n'
        f"BEGIN:VCALENDAR\nPRODID:x\n{method}\nEND:VCALENDAR\n--x--"
    )
    assert classified(head, subject="Accepted: Call").kind is MailKind.CALENDAR


def test_our_own_mail_coming_back_is_a_loop():
    assert classified(sender="support@desk.example").kind is MailKind.LOOP
    assert classified(sender="Support+t5-abc@desk.example").kind is MailKind.LOOP
    assert classified(f"Message-ID: <{OURS}>").kind is MailKind.LOOP
    assert classified("X-Loop: desk-1", loop_name="desk-1").kind is MailKind.LOOP
    assert classified("X-Loop: other", loop_name="desk-1").kind is MailKind.PERSON


def test_a_bounce_comes_before_all_other_signs():
    verdict = classified(
        "Auto-Submitted: auto-replied",
        sender="MAILER-DAEMON@mx.example",
        subject="Undelivered Mail",
        text="user unknown",
    )
    assert (verdict.kind, verdict.counts) == (MailKind.BOUNCE, False)


def test_every_sign_is_named_and_the_one_that_decided_comes_first():
    verdict = classified(
        "X-Auto-Response-Suppress: All\nReturn-Path: <>\nX-QQ-AUTOREPLY: 1", sender="system@b.example"
    )
    assert verdict.signs == (
        "X-QQ-AUTOREPLY: 1",
        "null return path",
        "X-Auto-Response-Suppress: All",
        "written by: system@",
    )

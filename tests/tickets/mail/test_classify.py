"""Who or what wrote a mail."""

import pytest

from tickets.mail import parse
from tickets.mail.classify import MailKind, classify
from tickets.mail.threading import make_message_id

KEY = b"key"
OURS = make_message_id(ticket_number=5, serial="a1", domain="desk.example", secret=KEY)


def kind(
    head: str = "", *, sender: str = "anna@b.example", subject: str = "Question", text: str = "words", **known
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
        "In-Reply-To: <x@y>",
        "Precedence: first-class",
        "X-Auto-Response-Suppress: None",
        "Return-Path: <anna@b.example>",
    ],
)
def test_a_person_is_a_person_and_is_acknowledged(head):
    found = kind(head)
    assert found.kind is MailKind.HUMAN
    assert found.may_be_acknowledged


@pytest.mark.parametrize("head", ["List-Id: <tech.b.example>", "Precedence: list"])
def test_a_person_on_a_list_is_heard_and_not_acknowledged(head):
    found = kind(head)
    assert found.kind is MailKind.HUMAN
    assert not found.may_be_acknowledged


@pytest.mark.parametrize(
    "head",
    [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-replied (vacation)",
        f"Auto-Submitted: auto-generated\nIn-Reply-To: <{OURS}>",
        "Precedence: auto_reply",
        "X-Autoreply: yes",
        "X-Autorespond: x",
        "X-QQ-AUTOREPLY: 1",
        f"X-Auto-Response-Suppress: All\nReferences: <{OURS}>",
        f"Return-Path: <>\nIn-Reply-To: <{OURS}>",
        "Precedence: bulk\nIn-Reply-To: <x@y>",
    ],
)
def test_an_automatic_answer_is_known_by_its_headers(head):
    found = kind(head)
    assert found.kind is MailKind.AUTOMATIC_REPLY
    assert not found.may_be_acknowledged


@pytest.mark.parametrize(
    "subject",
    [
        "Automatic reply: Question",
        "Out of office: Question",
        "Out of Office",
        "Re: Auto-Reply: x",
        "自动回复: 您好",
        "自动回复",
        "自动答复：不在",
        "自動返信: 件名",
        "Abwesenheitsnotiz: Frage",
        "Réponse automatique : question",
    ],
)
def test_an_automatic_answer_is_known_by_its_subject(subject):
    assert kind(subject=subject).kind is MailKind.AUTOMATIC_REPLY


@pytest.mark.parametrize(
    "subject",
    [
        "自动回复功能异常",
        "Auto reply feature does not work",
        "Out of office hours calls fail",
        "在线客服自动回复失败",
    ],
)
def test_a_person_who_writes_about_automatic_answers_is_a_person(subject):
    assert kind(subject=subject).kind is MailKind.HUMAN


@pytest.mark.parametrize(
    "head",
    [
        "Auto-Submitted: auto-generated",
        "Precedence: bulk",
        "X-Auto-Response-Suppress: All",
        "Return-Path: <>",
        "Precedence: junk",
    ],
)
def test_a_machine_that_starts_a_thread_raises_an_alarm(head):
    found = kind(head, subject="【P0告警】推流成功率低于 80%")
    assert found.kind is MailKind.AUTOMATIC_ALARM
    assert not found.may_be_acknowledged


@pytest.mark.parametrize(
    "sender", ["alert@b.example", "zabbix@b.example", "no-reply@b.example", "monitoring+eu@b.example"]
)
def test_a_monitor_is_known_by_its_address(sender):
    assert kind(sender=sender).kind is MailKind.AUTOMATIC_ALARM


def test_a_null_sender_of_the_transaction_is_a_machine():
    assert kind(envelope_from="").kind is MailKind.AUTOMATIC_ALARM
    assert kind(envelope_from="anna@b.example").kind is MailKind.HUMAN


def test_an_alarm_that_follows_up_its_own_alarm_stays_an_alarm():
    found = kind(
        "Auto-Submitted: auto-generated\nReferences: <first@b.example>",
        subject="[RESOLVED] publish failure alert",
    )
    assert found.kind is MailKind.AUTOMATIC_ALARM


def test_a_newsletter_is_bulk():
    head = "List-Id: <news.b.example>\nList-Unsubscribe: <https://b.example/u>\nPrecedence: bulk"
    assert kind(head, subject="Our autumn offers").kind is MailKind.BULK


def test_our_own_mail_coming_back_is_a_loop():
    assert kind(sender="support@desk.example").kind is MailKind.LOOP
    assert kind(sender="Support+t5-abc@desk.example").kind is MailKind.LOOP
    assert kind(f"Message-ID: <{OURS}>").kind is MailKind.LOOP
    assert kind("X-Loop: desk-1", loop_name="desk-1").kind is MailKind.LOOP
    assert kind("X-Loop: other", loop_name="desk-1").kind is MailKind.HUMAN


def test_a_bounce_comes_before_all_other_signs():
    found = kind(
        "Auto-Submitted: auto-replied",
        sender="MAILER-DAEMON@mx.example",
        subject="Undelivered Mail",
        text="user unknown",
    )
    assert found.kind is MailKind.BOUNCE


def test_the_reason_says_which_header_decided():
    assert kind("X-QQ-AUTOREPLY: 1").reason == "X-QQ-AUTOREPLY"

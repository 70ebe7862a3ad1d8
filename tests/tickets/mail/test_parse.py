"""Whole mails: the samples, and mails broken in every way.

Tests mime_tree, values, headers and language too.
"""

import random
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tickets.mail import MailNote, ParsedMail, UnreadableMail, parse
from tickets.mail.bounces import read_report
from tickets.mail.classify import MailKind, classify
from tickets.mail.values import SegmentKind

SAMPLES = Path(__file__).parents[2] / "mails"
READABLE = sorted(path for path in SAMPLES.glob("*.eml") if path.stem != "garbage_random_bytes")


def sample(name: str) -> ParsedMail:
    return parse((SAMPLES / f"{name}.eml").read_bytes())


@pytest.mark.parametrize(
    ("name", "sender", "subject", "language", "kind"),
    [
        ("zh_qq_reply", "林伟", "回复：[SD#1042] 连麦后观众端声音断续", "zh-hans", MailKind.PERSON),
        ("zh_netease_reply", "zhou.xm", "回复：[SD#1045] 美颜参数不生效", "zh-hans", MailKind.PERSON),
        ("zh_attachment", "周晓敏", "主播端日志和截图", "zh-hans", MailKind.PERSON),
        ("zh_gb18030_raw_headers", "陈大为", "礼物特效播放时画面卡顿，請協助", "zh-hans", MailKind.PERSON),
        ("zh_p0_report", "林伟", "紧急！全部直播间无法推流", "zh-hans", MailKind.PERSON),
        (
            "zh_monitoring_alarm",
            "监控告警",
            "【P0告警】推流成功率低于 80% (当前 41.7%)",
            "zh-hans",
            MailKind.AUTO_GENERATED,
        ),
        (
            "zh_qq_auto_reply",
            "林伟",
            "自动回复:已收到您的问题 [SD#1042]",
            "zh-hans",
            MailKind.AUTO_REPLY,
        ),
        ("en_plain_question", "Anna Keller", "How long are recordings kept?", "en", MailKind.PERSON),
        (
            "en_gmail_html_reply",
            "Anna Keller",
            "Re: [SD#1043] Echo in voice dates on Android",
            "en",
            MailKind.PERSON,
        ),
        (
            "en_outlook_reply",
            "Marcus Webb",
            "RE: [SD#1044] Voice packets lost in EU-West squads",
            "en",
            MailKind.PERSON,
        ),
        (
            "en_out_of_office",
            "Anna Keller",
            "Automatic reply: [SD#1043] Echo in voice dates on Android",
            "en",
            MailKind.AUTO_REPLY,
        ),
        (
            "dsn_user_unknown",
            "Mail Delivery System",
            "Undelivered Mail Returned to Sender",
            "en",
            MailKind.BOUNCE,
        ),
        ("broken_mime", "Client", "Voice channel broken —since this morning?", "en", MailKind.PERSON),
        ("empty_body", "Anna Keller", "please call me back", "en", MailKind.PERSON),
        ("hostile_html", "support@desk.example", "Invoice fdp.exe", "en", MailKind.PERSON),
    ],
)
def test_each_sample_says_who_wrote_what(name, sender, subject, language, kind):
    mail = sample(name)
    verdict = classify(mail, own_addresses=["support@desk.example"])
    assert (mail.sender.name, mail.subject, mail.language, verdict.kind) == (sender, subject, language, kind)


@pytest.mark.parametrize(
    ("name", "first", "last", "quoted"),
    [
        ("zh_qq_reply", "您好，", "星光直播 技术部", "请先让主播重启客户端"),
        ("zh_netease_reply", "升级到", "可以关单。", "请升级到 5.3 版本再试"),
        ("en_gmail_html_reply", "Hi team,", "Anna", "please try the speech_standard"),
        ("en_outlook_reply", "Hi,", "Marcus", "which SDK version are you on?"),
        ("en_plain_question", "Hello,", "Dusk Dating", "Anna Keller | Dusk Dating GmbH"),
    ],
)
def test_a_reply_is_separated_from_the_text_it_quotes(name, first, last, quoted):
    mail = sample(name)
    assert mail.new_text.startswith(first)
    assert mail.new_text.endswith(last)
    assert quoted in mail.quoted_text
    assert mail.new_text + mail.quoted_text == mail.text


OLD = '<blockquote type="cite">old text</blockquote>'


@pytest.mark.parametrize(
    ("html", "new", "quoted"),
    [
        (f"{OLD}<p>my answer below</p>", "\n\nmy answer below", "old text"),
        (f"<p>my answer above</p>{OLD}", "my answer above", "\n\nold text"),
        (f"<p>first</p>{OLD}<p>second</p>", "first\n\nsecond", "\n\nold text"),
        (f"{OLD}<p>between</p>{OLD}", "\n\nbetween", "old text\n\nold text"),
        (f"<p>my answer above</p>{OLD}<p>&nbsp;</p>", "my answer above", "\n\nold text"),
        (OLD, "old text", ""),
    ],
)
def test_an_answer_is_found_wherever_it_stands_beside_the_quote(html, new, quoted):
    mail = parse(f"From: a@b.example\nContent-Type: text/html\n\n{html}".encode())
    assert (mail.new_text, mail.quoted_text) == (new, quoted)
    assert_nothing_is_lost(mail)


def test_threading_headers_keep_their_order():
    mail = sample("zh_qq_reply")
    assert mail.message_id == "tencent_6A1C0F5B7D2E9A40B3C8@starlight-live.example"
    assert mail.in_reply_to == ("20261120072100.1042.1@desk.example",)
    assert mail.references == (
        "20261120071500.77@starlight-live.example",
        "20261120072100.1042.1@desk.example",
    )


def test_attachments_have_their_chinese_names():
    mail = sample("zh_attachment")
    assert [one.name for one in mail.attachments] == ["主播端日志 2026-11-21.log", "监控截图.png"]
    assert mail.attachments[1].data.startswith(b"\x89PNG")
    assert [one.email for one in mail.cc] == ["lin.wei@starlight-live.example"]


def test_raw_eight_bit_headers_are_read():
    mail = sample("zh_gb18030_raw_headers")
    assert mail.to[0].name == "技术支持"
    assert "運營同事也遇到了" in mail.text


def test_the_bounce_names_recipient_and_mail():
    report = read_report(sample("dsn_user_unknown"))
    assert report.recipients[0].email == "anna.old@duskdating.example"
    assert report.original_message_ids == ("20261120150200.1043.1@desk.example",)


def test_hostile_html_is_tamed_and_its_words_are_kept():
    mail = sample("hostile_html")
    assert "Last words of the mail." in mail.text
    assert "alert" not in mail.html.replace("onerror=alert(8)", "")
    assert 'data-src="https://evil.example/pixel.gif?u=1"' in mail.html
    assert mail.sender.email == "mallory@evil.example"


def test_repairs_to_a_broken_mail_are_noted():
    assert sample("broken_mime").notes == (
        MailNote.LINES_BEFORE_HEAD,
        MailNote.OTHER_BOUNDARY,
    )
    assert sample("zh_p0_report").notes == ()


def test_random_bytes_are_unreadable():
    with pytest.raises(UnreadableMail):
        sample("garbage_random_bytes")


@pytest.mark.parametrize(
    ("raw", "message_id"),
    [
        ("<a@b>", "a@b"),
        ("a@b", "a@b"),
        ("<a b@c>", "ab@c"),
        ("<no-at-sign>", "no-at-sign"),
        ("12345", "12345"),
        ("<a@b> (comment)", "a@b"),
        ("<>", ""),
        ("", ""),
    ],
)
def test_broken_message_ids_still_tell_mails_apart(raw, message_id):
    assert parse(f"From: a@b.example\nMessage-ID: {raw}\n\n".encode()).message_id == message_id


@pytest.mark.parametrize(
    ("date", "claimed"),
    [
        ("Mon, 5 Jan 2026 10:00:00 +0800", datetime(2026, 1, 5, 2, tzinfo=UTC)),
        ("5 Jan 2026 10:00", datetime(2026, 1, 5, 10, tzinfo=UTC)),
        ("yesterday", None),
        ("Mon, 5 Jan 99999 10:00:00 +0000", None),
        ("Mon, 5 Jan 2026 10:00:00 +9999", None),
        ("Fri, 31 Dec 9999 23:59:59 +0000", None),  # already over in no year that exists, east of Greenwich
        ("", None),
    ],
)
def test_a_date_header_is_read_or_left_empty(date, claimed):
    assert parse(f"From: a@b.example\nDate: {date}\n\n".encode()).date_claimed == claimed


def test_delivery_and_authentication_headers_are_kept():
    raw = (
        b"Delivered-To: one@desk.example\nX-Original-To: two@desk.example\nEnvelope-To: <three@desk.example>\n"
        b"Authentication-Results: mx.desk.example; dkim=pass\n header.d=b.example\nFrom: a@b.example\n\n"
    )
    mail = parse(raw)
    assert mail.delivered_to == ("one@desk.example", "two@desk.example", "three@desk.example")
    assert mail.authentication_results == ("mx.desk.example; dkim=pass header.d=b.example",)
    assert mail.header("authentication-results").endswith("b.example")


def strings_of(mail: ParsedMail) -> list[str]:
    """Everything of a mail that goes into a text column."""
    people = [mail.sender, *mail.to, *mail.cc, *mail.reply_to]
    return [
        mail.message_id, mail.subject, mail.text, mail.new_text, mail.quoted_text, mail.html or "", mail.language,
        mail.content_type, *mail.in_reply_to, *mail.references, *mail.delivered_to, *mail.authentication_results,
        *mail.notes,
        *(text for header in mail.headers for text in header),
        *(text for one in people if one for text in (one.name, one.email)),
        *(text for one in mail.attachments for text in (one.name, one.content_type, one.content_id)),
    ]  # fmt: skip


def assert_storable(mail: ParsedMail) -> None:
    for text in strings_of(mail):
        assert "\0" not in text
        text.encode("utf-8")
    assert_nothing_is_lost(mail)


def assert_nothing_is_lost(mail: ParsedMail) -> None:
    """The segments make up the text; new words and the rest are cut from it in reading order; some words show."""
    assert "".join(segment.text for segment in mail.segments) == mail.text == mail.text.rstrip()
    new, rest = mail.new_text, mail.quoted_text
    for segment in mail.segments:
        if segment.kind is SegmentKind.NEW:
            assert new.startswith(segment.text)
            new = new[len(segment.text) :]
        else:
            assert rest.startswith(segment.text)
            rest = rest[len(segment.text) :]
    assert (new, rest) == ("", "")
    if mail.text:
        assert mail.new_text.strip()
        assert "" not in [segment.text for segment in mail.segments]


@pytest.mark.parametrize("path", READABLE, ids=lambda path: path.stem)
def test_each_sample_can_be_stored(path):
    assert_storable(parse(path.read_bytes()))


FRAGMENTS = [
    b"\0", b"\r", b"\n\n", b"\xff\xfe", b"\xed\xa0\x80", b"=?utf-8?B?", b"?=", b"--", b"boundary=", b"Content-Type: ",
    b"message/rfc822",
    b"Content-Transfer-Encoding: base64\n", b"charset=utf-16", b"charset=utf-7", b"charset=\0", b'"', b"<", b">",
    b"filename*99999999=",
    b"charset*=\0'x'y", b"filename*0*=utf-8''%", b"begin 644 x\n", b"\nend\n", b"On 1 Jan 2026 10:00 x@y wrote:\n",
    "原始邮件".encode("gb18030"),
]  # fmt: skip


@st.composite
def mutated_samples(draw: st.DrawFn) -> bytes:
    """A sample with pieces cut out, doubled, overwritten and hostile fragments put in."""
    data = bytearray(draw(st.sampled_from(READABLE)).read_bytes())
    chance = random.Random(draw(st.integers(0, 2**32)))
    for _ in range(draw(st.integers(1, 12))):
        at = chance.randrange(len(data) + 1)
        size = chance.choice([1, 2, 20, 200])
        match chance.randrange(4):
            case 0:
                del data[at : at + size]
            case 1:
                data[at:at] = data[at : at + size] * 2
            case 2:
                data[at : at + size] = chance.randbytes(min(size, len(data) - at))
            case _:
                data[at:at] = chance.choice(FRAGMENTS)
    return bytes(data)


@settings(max_examples=400, deadline=None)
@given(mutated_samples())
def test_a_broken_mail_is_read_and_can_be_stored_or_is_no_mail(raw):
    try:
        mail = parse(raw)
    except UnreadableMail:
        return
    assert_storable(mail)
    classify(mail, own_addresses=["support@desk.example"], secrets=[b"key"])


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_below_a_head_are_read(rest):
    assert_storable(parse(b"From: a@b.example\n" + rest))

"""Which parts are read, in which order, and which are attached.

Tests rendering, transfer, invitations and broken_multiparts too.
"""

import pytest

from tickets.mail import MailNote, parse
from tickets.mail.broken_multiparts import is_nested_deeper_than
from tickets.mail.forwards import forwarded_mail
from tickets.mail.values import ForwardedMail

HEAD = b"From: a@b.example\nMIME-Version: 1.0\n"


def read(rest: bytes):
    return parse(HEAD + rest)


def multipart(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(b"--%s\n%s\n" % (kind, part) for part in parts)
    return b"Content-Type: multipart/%s; boundary=%s\n\n%s--%s--\n" % (kind, kind, body, kind)


PLAIN = b"Content-Type: text/plain; charset=utf-8\n\nplain words"
HTML = b"Content-Type: text/html; charset=utf-8\n\n<p>html words</p>"


def test_html_is_shown_and_text_kept_in_an_alternative():
    mail = read(multipart(b"alternative", PLAIN, HTML))
    assert mail.html == "<p>html words</p>"
    assert mail.text == "plain words"


def test_html_is_read_when_the_plain_alternative_is_only_a_stub():
    stub = b"Content-Type: text/plain\n\nno html?"
    html = b"Content-Type: text/html\n\n<p>This is what the customer really wrote to us in the mail.</p>"
    assert read(multipart(b"alternative", stub, html)).text.startswith("This is what")


def test_the_quote_that_only_html_knows_is_folded():
    plain = b"Content-Type: text/plain\n\nnew words here\n\nold words here"
    html = (
        b"Content-Type: text/html\n\n<p>new words here</p><blockquote type=cite>old words here</blockquote>"
    )
    assert read(multipart(b"alternative", plain, html)).new_text == "new words here"


def test_mixed_texts_are_joined_in_order():
    mail = read(multipart(b"mixed", PLAIN, b"Content-Type: image/png; name=a.png\n\nx", b"\nsecond"))
    assert mail.text == "plain words\n\nsecond"
    assert [file.name for file in mail.attachments] == ["a.png"]


def test_html_and_text_in_a_mixed_are_both_read():
    mail = read(multipart(b"mixed", HTML, PLAIN))
    assert mail.text.split() == ["html", "words", "plain", "words"]
    assert "plain words" in mail.html


def test_the_root_of_a_related_part_is_read_wherever_it_stands():
    image = b"Content-Type: image/png\nContent-ID: <i@x>\n\nx"
    html = b'Content-Type: text/html\nContent-ID: <root@x>\n\n<img src="cid:i@x">words'
    raw = multipart(b"related", image, html).replace(b"boundary=", b'start="<root@x>"; boundary=', 1)
    mail = read(raw)
    assert mail.html == '<img src="cid:i@x">words'
    assert mail.attachments[0].is_inline


def test_an_image_the_html_shows_is_inline_even_when_it_is_declared_a_file():
    image = (
        b"Content-Type: image/png\nContent-Disposition: attachment; filename=l.png\nContent-ID: <a b@x>\n\nx"
    )
    html = b'Content-Type: text/html\n\n<img src="cid:a%20b@x">words'
    assert read(multipart(b"mixed", html, image)).attachments[0].is_inline


def test_an_image_named_by_its_file_is_shown_by_its_content_id():
    html = b'Content-Type: text/html\n\n<img src="image002.png"><img src="other.png">words'
    image = b"Content-Type: image/png; name=Image002.png\nContent-ID: <image002.png@01D>\n\nx"
    mail = read(multipart(b"related", html, image))
    assert mail.html == '<img src="cid:image002.png@01D"><img>words'
    assert mail.attachments[0].is_inline


CALENDAR = (
    b"Content-Type: text/calendar; charset=utf-8; method=REQUEST\n\n"
    b"BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VTIMEZONE\nDTSTART:19700101T000000\nEND:VTIMEZONE\nBEGIN:VEVENT\n"
    b"SUMMARY;LANGUAGE=en:Outage\\, review of\n  last night\nDTSTART;TZID=Asia/Shanghai:20260105T100000\n"
    b"DTEND:20260105T030000Z\nLOCATION:Room 1\nDESCRIPTION:Please come.\\nBring logs.\nEND:VEVENT\nEND:VCALENDAR\n"
)


@pytest.mark.parametrize(
    "raw", [CALENDAR, multipart(b"mixed", CALENDAR), multipart(b"alternative", CALENDAR)]
)
def test_a_mail_that_is_only_an_invitation_says_what_it_invites_to(raw):
    mail = read(raw)
    assert mail.text.split("\n") == [
        "Outage, review of last night",
        "2026-01-05 10:00 (Asia/Shanghai) – 2026-01-05 03:00 UTC",
        "Room 1",
        "",
        "Please come.",
        "Bring logs.",
    ]
    assert [file.content_type for file in mail.attachments] == ["text/calendar"]


def test_an_invitation_beside_words_stays_a_file():
    assert read(multipart(b"mixed", PLAIN, CALENDAR)).text == "plain words"


ATTACHED = (
    b"Content-Type: message/rfc822\n\nFrom: Anna <anna@c.example>\nSubject: No sound\n"
    b"Content-Type: text/html\n\n<p>inner words</p>"
)


@pytest.mark.parametrize(
    "raw", [ATTACHED, multipart(b"mixed", ATTACHED), multipart(b"mixed", b"\n\n", ATTACHED)]
)
def test_a_mail_that_is_only_an_attached_mail_says_what_that_one_says(raw):
    mail = read(raw)
    assert mail.new_text.endswith("inner words")
    assert forwarded_mail(mail) == ForwardedMail("Anna", "anna@c.example", "No sound", "inner words")
    assert [file.name for file in mail.attachments] == ["No sound.eml"]


def test_an_attached_mail_whose_headers_the_library_refuses_keeps_its_words():
    mail = read(b"Content-Type: message/rfc822\n\nFrom: a@c.example\nX-Date: 19:\x1cA:44\n\ninner words")
    assert mail.text.endswith("inner words")
    assert b"19:\x1cA:44" in mail.attachments[0].data


def test_a_mail_attached_beside_text_is_not_read_as_a_forward():
    mail = read(multipart(b"mixed", PLAIN, ATTACHED))
    assert (mail.text, forwarded_mail(mail)) == ("plain words", None)


def test_html_without_a_charset_header_is_read_by_its_meta_tag():
    html = '<meta http-equiv="Content-Type" content="text/html; charset=gb2312"><p>卡</p>'.encode("gb18030")
    assert read(b"Content-Type: text/html\n\n" + html).text == "卡"


def test_html_with_nothing_to_show_counts_as_no_html():
    mail = read(multipart(b"alternative", PLAIN, b"Content-Type: text/html\n\n<html><body></body></html>"))
    assert (mail.html, mail.text) == (None, "plain words")


def test_an_alternative_of_text_and_related_html_is_one_text():
    related = multipart(b"related", HTML, b"Content-Type: image/png\nContent-ID: <i@x>\n\nx")
    mail = read(multipart(b"alternative", PLAIN, related))
    assert mail.text == "plain words"
    assert len(mail.attachments) == 1


def test_a_blank_that_is_not_ascii_inside_a_data_image_is_passed_over():
    mail = read(
        'Content-Type: text/html; charset=utf-8\n\n<img src="data:image/png;base64,aG\xa0k="> words'.encode()
    )
    assert [file.data for file in mail.attachments] == [b"hi"]


def test_an_image_inside_the_html_becomes_an_attachment():
    mail = read(b'Content-Type: text/html\n\n<img src="data:image/png;base64,aGk="> words')
    (image,) = mail.attachments
    assert (image.data, image.is_inline) == (b"hi", True)
    assert f'src="cid:{image.content_id}"' in mail.html


@pytest.mark.parametrize(
    ("rest", "text"),
    [
        (b"\nhello", "hello"),
        (b"Content-Type: text/plain\n\n", ""),
        (b"Content-Type: garbage\n\nhello", "hello"),
        (b"Content-Type: text/plain; charset=nonsense\n\nhello", "hello"),
        (
            b"Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\nplain, not base64: see?",
            "plain, not base64: see?",
        ),
        (b"Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\naGVs\nbG8", "hello"),
        (
            b"Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\naGVsbG8=\n__\nOur list: x",
            "hello\n__\nOur list: x",
        ),
        (b"Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\nh=65llo=\n w", "hello w"),
        (b"Content-Type: text/plain\nContent-Transfer-Encoding: x-nonsense\n\nhello", "hello"),
        (b"Content-Type: text/plain; format=flowed\n\none \ntwo\n\nthree", "one two\n\nthree"),
        (b"Content-Type: text/plain; format=flowed; delsp=yes\n\none \ntwo", "onetwo"),
        (b"Content-Type: text/markdown\n\n*hello*", "*hello*"),
        (b"Content-Type: multipart/mixed\n\nhello", "hello"),
        (
            b"Content-Type: multipart/mixed; boundary=x\n\n--y\nContent-Type: text/plain\n\nhello\n--y--",
            "hello",
        ),
        (b"Content-Type: multipart/mixed; boundary=x\n\nhello\n--x--\n", "hello"),
        (b"Content-Type: multipart/mixed; boundary=x\n\n--x\n\nhello", "hello"),
        (b"Content-Type: multipart/mixed; boundary=x\n\n--x--\n", ""),
    ],
)
def test_single_bodies_are_read(rest, text):
    assert read(rest).text == text


def nested(depth: int) -> bytes:
    opening = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (level, level) for level in range(depth)
    )
    closing = b"".join(b"\n--b%d--" % level for level in reversed(range(depth)))
    return opening + b"Content-Type: text/plain\n\nthe words" + closing


@pytest.mark.parametrize("depth", [3, 39, 41, 500, 3_000])
def test_the_words_of_a_nested_mail_are_found_at_any_depth(depth):
    assert "the words" in read(nested(depth)).text


def test_nesting_too_deep_is_detected_before_parsing():
    assert is_nested_deeper_than(nested(50), 40)
    assert not is_nested_deeper_than(nested(39), 40)


def test_many_parts_side_by_side_are_not_nested():
    inner = b"".join(b"--x\n" + multipart(b"alternative", PLAIN) for _ in range(60))
    assert not is_nested_deeper_than(inner, 40)


def test_thousands_of_nested_attached_messages_do_no_harm():
    mail = read(b"Content-Type: message/rfc822\n\n" * 3_000 + b"\nthe words")
    assert (mail.text, [file.name for file in mail.attachments]) == ("", ["message.eml"])
    assert mail.attachments[0].data.endswith(b"\nthe words")


def test_more_parts_than_the_limit_are_noted():
    mail = read(multipart(b"mixed", *[PLAIN] * 600))
    assert mail.notes == (MailNote.PARTS_LEFT_OUT,)
    assert mail.text.startswith("plain words")

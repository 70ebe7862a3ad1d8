"""Attachments: names, attached messages, files hidden in text and in winmail.dat.

Tests uuencode and winmail too.
"""

import binascii

import pytest

from tickets.mail import parse
from tickets.mail.attachments import extract_uuencoded, safe_name

HEAD = b"From: a@b.example\nMIME-Version: 1.0\n"


def attached(part: bytes) -> tuple:
    raw = HEAD + b"Content-Type: multipart/mixed; boundary=x\n\n--x\n\nhello\n--x\n" + part + b"\n--x--\n"
    return parse(raw).attachments


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\a\\report.pdf", "report.pdf"),
        ("re\u202efdp.exe", "refdp.exe"),
        ("a\0b\x07.txt", "ab.txt"),
        ("日志 2026.log", "日志 2026.log"),
        ("a:b?.txt", "a_b_.txt"),
        ("..", ""),
        ("  .hidden ", "hidden"),
        ("x" * 300 + ".pdf", "x" * 146 + ".pdf"),
    ],
)
def test_a_file_name_is_safe(raw, name):
    assert safe_name(raw) == name


def test_without_a_name_in_the_disposition_the_one_in_the_content_type_is_used():
    (file,) = attached(
        b"Content-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: base64\n\naGk="
    )
    assert (file.name, file.content_type, file.data) == ("a.pdf", "application/pdf", b"hi")


def test_a_nameless_file_gets_a_name_by_its_type():
    (file,) = attached(b"Content-Type: image/png\nContent-Disposition: attachment\n\nx")
    assert file.name == "attachment.png"


def test_an_attached_message_is_named_by_its_subject_and_kept_whole():
    (file,) = attached(
        b"Content-Type: message/rfc822\n\nFrom: c@d.example\nSubject: =?utf-8?B?5Lit5paH?=\n\nbody"
    )
    assert (file.name, file.content_type) == ("中文.eml", "message/rfc822")
    assert b"From: c@d.example" in file.data
    assert b"body" in file.data


def test_an_attached_message_in_base64_is_read():
    source = binascii.b2a_base64(b"From: c@d.example\nSubject: inner\n\nbody")
    (file,) = attached(b"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n" + source)
    assert file.name == "inner.eml"
    assert file.data.startswith(b"From: c@d.example")


def test_an_image_that_no_html_shows_is_a_file():
    (file,) = attached(b"Content-Type: image/png; name=a.png\nContent-ID: <logo@x>\n\nx")
    assert (file.content_id, file.is_inline) == ("logo@x", False)


def test_a_body_that_is_a_file_is_attached():
    mail = parse(
        HEAD + b"Content-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: base64\n\naGk=\n"
    )
    assert [file.name for file in mail.attachments] == ["a.pdf"]
    assert mail.text == ""


def test_a_text_file_is_attached_and_not_read():
    (file,) = attached(b"Content-Type: text/plain; name=a.log\nContent-Disposition: attachment\n\nlog")
    assert (file.name, file.data) == ("a.log", b"log")


def uuencoded(data: bytes) -> str:
    lines = [binascii.b2a_uu(data[at : at + 45]).decode() for at in range(0, len(data), 45)]
    return "begin 644 日志.bin\n" + "".join(lines) + "`\nend\n"


def test_a_uuencoded_file_leaves_the_text():
    data = bytes(range(256))
    rest, files = extract_uuencoded("before\n" + uuencoded(data) + "after")
    assert rest.split() == ["before", "after"]
    assert [(file.name, file.data) for file in files] == [("日志.bin", data)]


@pytest.mark.parametrize(
    "text", ["begin 644 a\nthis is no code, it is only words\nend\n", "begin to\nend", "begin 644 a\n"]
)
def test_text_that_only_looks_uuencoded_stays_in_the_body(text):
    assert extract_uuencoded(text) == (text, ())


def attribute(level: int, kind: int, content: bytes) -> bytes:
    """One object of a winmail.dat."""
    checksum = sum(content) & 0xFFFF
    size = len(content).to_bytes(4, "little")
    return bytes([level]) + kind.to_bytes(4, "little") + size + content + checksum.to_bytes(2, "little")


def tnef(name: bytes, data: bytes, text: bytes = b"") -> bytes:
    """The smallest winmail.dat with one file."""
    head = b"\x78\x9f\x3e\x22\x01\x00"
    version = attribute(1, 0x00089006, b"\x00\x00\x01\x00")
    rendering = attribute(2, 0x00069002, b"\x01\x00\xff\xff\xff\xff" + b"\x00" * 8)
    body = attribute(1, 0x0002800C, text) if text else b""
    files = rendering + attribute(2, 0x00018010, name + b"\0") + attribute(2, 0x0006800F, data)
    return head + version + body + files


def test_winmail_is_unpacked_and_kept():
    part = b"Content-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64\n\n"
    files = attached(part + binascii.b2a_base64(tnef(b"plan.txt", b"the plan")))
    assert [(file.name, file.content_type) for file in files] == [
        ("winmail.dat", "application/ms-tnef"),
        ("plan.txt", "text/plain"),
    ]
    assert files[1].data == b"the plan"


def test_the_text_inside_a_winmail_is_read_when_there_is_no_other():
    source = binascii.b2a_base64(tnef(b"plan.txt", b"the plan", b"Please see the plan."))
    head = (
        HEAD + b"Content-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64\n\n"
    )
    mail = parse(head + source)
    assert mail.text == "Please see the plan."
    assert [file.name for file in mail.attachments] == ["winmail.dat", "plan.txt"]


def test_a_winmail_of_countless_objects_is_not_unpacked():
    part = b"Content-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64\n\n"
    swarm = tnef(b"plan.txt", b"the plan") + attribute(1, 0x00068004, b"x") * 3_000
    assert [file.name for file in attached(part + binascii.b2a_base64(swarm))] == ["winmail.dat"]


def test_a_broken_winmail_is_kept_as_it_is():
    part = b"Content-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64\n\n"
    files = attached(part + binascii.b2a_base64(tnef(b"plan.txt", b"the plan")[:40]))
    assert [file.name for file in files] == ["winmail.dat"]

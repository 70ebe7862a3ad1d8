"""Charsets as mails declare them, and what they must have meant.

Tests iso2022jp and storable_text too.
"""

import pytest

from tickets.mail import parse
from tickets.mail.charsets import codec_for, decode

CHINESE = "直播间声音断断续续，请尽快处理"


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("gb2312", "gb18030"),
        ("GBK", "gb18030"),
        ("x-gbk", "gb18030"),
        ("iso-gb2312", "gb18030"),
        ("ks_c_5601-1987", "cp949"),
        ("euc-kr", "cp949"),
        ("Shift_JIS", "cp932"),
        ("ISO-8859-1", "cp1252"),
        ("big5", "big5hkscs"),
        ("us-ascii", "utf-8"),
        ('"utf-8"', "utf-8"),
        ("utf-8; format=flowed", "utf-8"),
        ("charset=utf-8", "utf-8"),
        ("utf-8*zh", "utf-8"),
        ("koi8-r", "koi8-r"),
        ("", None),
        ("x-unknown", None),
        ("unicode_escape", None),
        ("rot13", None),
        ("zlib", None),
        ("utf-8\0", "utf-8"),
        ("\ud800", None),
    ],
)
def test_a_charset_label_gives_the_codec_that_its_mails_need(label, codec):
    assert codec_for(label) == codec


@pytest.mark.parametrize(
    ("text", "written_in", "declared"),
    [
        (CHINESE, "gb18030", "gb2312"),
        (CHINESE, "utf-8", "utf-8"),
        (CHINESE, "utf-8", "us-ascii"),
        (CHINESE, "utf-8", "iso-8859-1"),
        (CHINESE, "utf-8", "gb2312"),
        (CHINESE, "utf-8", "x-unknown"),
        (CHINESE, "gb18030", "iso-8859-1"),
        (CHINESE, "gb18030", "utf-8"),
        (CHINESE, "gb18030", ""),
        ("聯絡我們的技術支援團隊", "big5hkscs", "big5"),
        ("費用 12 €，請確認", "cp950", "big5"),
        ("技术㐀", "gb18030", "gb2312"),
        ("Größe – 12 €", "cp1252", "iso-8859-1"),
        ("naïve", "utf-8", "iso-8859-1"),
        ("音が途切れます", "cp932", "shift_jis"),
        ("音が途切れます", "iso2022_jp", "iso-2022-jp"),
        ("音が途切れます", "iso2022_jp", ""),
        ("①音が途切れます", "jis-cp932", "iso-2022-jp"),
        ("소리가 끊깁니다", "cp949", "ks_c_5601-1987"),
        ("Звук пропадает", "koi8-r", "koi8-r"),
        ("plain", "ascii", "utf-16"),
        ("中文", "utf-16", "utf-16"),
        ("tab + 中文", "utf-7", "utf-7"),
    ],
)
def test_text_is_read_whatever_its_label_claims(text, written_in, declared):
    data = vendor_jis(text) if written_in == "jis-cp932" else text.encode(written_in)
    assert decode(data, declared) == text


def vendor_jis(text: str) -> bytes:
    """ISO-2022-JP as Windows mailers write it, with characters the standard does not have."""
    out = bytearray(b"\x1b$B")
    for lead, trail in zip(*[iter(text.encode("cp932"))] * 2, strict=True):
        high = (lead - (0x70 if lead < 0xA0 else 0xB0)) * 2 - (trail < 0x9F)
        low = trail - 0x7E if trail >= 0x9F else trail - (0x1F if trail < 0x7F else 0x20)
        out += bytes((high, low))
    return bytes(out) + b"\x1b(B"


def test_cut_utf8_stays_utf8():
    assert decode(CHINESE.encode()[:-1]).startswith(CHINESE[:-1])


def test_slightly_broken_utf8_stays_utf8():
    data = CHINESE.encode()
    assert decode(data[:6] + b"\xff" + data[6:]).replace("\ufffd", "") == CHINESE


@pytest.mark.parametrize("text", ["卡顿", "Größe", "Звук пропал", "直播间声音断断续续", "naïve café", "音が"])
@pytest.mark.parametrize("declared", ["", "utf-8", "us-ascii", "x-unknown"])
@pytest.mark.parametrize("place", ["start", "middle", "end"])
def test_utf8_with_one_bad_byte_stays_utf8(text, declared, place):
    data = text.encode()
    at = {"start": 0, "middle": len(text[: len(text) // 2].encode()), "end": len(data)}[place]
    assert decode(data[:at] + b"\xff" + data[at:], declared, hint="iso-8859-1").replace("\ufffd", "") == text


@pytest.mark.parametrize("declared", ["iso-8859-1", "gb2312", "shift_jis", "big5", "windows-1252"])
def test_broken_utf8_under_a_wrong_label_stays_utf8(declared):
    data = (CHINESE * 2).encode()
    assert decode(data[:9] + b"\xff" + data[9:], declared).replace("\ufffd", "") == CHINESE * 2


@pytest.mark.parametrize("text", ["直播卡顿", "卡顿", "Re: 声音断断续续 (SDK 4.3)", "费用：１２元"])
@pytest.mark.parametrize("hint", ["", "iso-8859-1", "us-ascii", "windows-1252"])
def test_raw_chinese_is_read_beside_a_western_part(text, hint):
    assert decode(text.encode("gb18030"), hint=hint) == text


def test_a_short_chinese_name_is_not_taken_for_a_korean_one():
    assert decode("林伟 Lin".encode("gb18030"), hint="iso-8859-1") == "林伟 Lin"


@pytest.mark.parametrize(
    ("written_in", "name", "subject"),
    [
        ("gb18030", "林伟", "直播卡顿"),
        ("gb18030", "王", "卡"),
        ("big5", "陳", "聲音斷斷續續，請協助處理"),
        ("cp932", "山田", "音が途切れます"),
        ("cp949", "김민수", "방송 화면이 자꾸 끊깁니다"),
        ("koi8-r", "Иван", "Звук пропадает"),
        ("cp1252", "Müller", "Größe"),
        ("utf-8", "Müller", "卡顿"),
    ],
)
@pytest.mark.parametrize("body", [b"", b"Content-Type: text/plain; charset=iso-8859-1\n"])
def test_the_charset_of_raw_headers_is_guessed_from_all_of_them_together(written_in, name, subject, body):
    head = f"From: {name} <somebody@company.example>\nSubject: {subject}\n".encode(written_in)
    mail = parse(head + body + b"\nwords")
    assert (mail.sender.name, mail.subject) == (name, subject)


def test_raw_korean_beside_a_western_part_is_korean():
    text = "방송 화면이 자꾸 끊기고 소리도 들리지 않습니다"
    assert decode(text.encode("cp949"), hint="iso-8859-1") == text


@pytest.mark.parametrize("text", ["Größe", "déjà vu", "naïve façade", "Über ÄRGER", "señor Peña"])
@pytest.mark.parametrize("hint", ["", "iso-8859-1", "windows-1252"])
def test_raw_western_letters_stay_western(text, hint):
    assert decode(text.encode("cp1252"), hint=hint) == text


def test_one_bad_byte_does_not_change_a_declared_charset():
    data = (CHINESE * 3).encode("gb18030") + b"\xff"
    assert decode(data, "gb2312").startswith(CHINESE)


def test_raw_bytes_without_a_label_are_read_in_the_charset_of_the_parts_around_them():
    assert decode("卡".encode("gb18030"), hint="gb2312") == "卡"


def test_a_byte_order_mark_is_not_text():
    assert decode(b"\xef\xbb\xbfhello") == "hello"

"""Encoded words as mailers write them."""

import pytest

from tests.cputime import takes_at_most
from tickets.mail.encoded_words import decode_header, lenient_base64


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"plain", "plain"),
        (b"=?utf-8?B?5Lit5paH?=", "中文"),
        (b"Re:=?utf-8?B?5Lit5paH?=!", "Re:中文!"),
        (b"=?utf-8?B?5Lit?= =?utf-8?B?5paH?=", "中文"),
        (b"=?utf-8?B?5Lit5g==?= =?utf-8?B?loc=?=", "中文"),  # a character split over two words
        (b"=?utf-8?B?5Lit5p?= =?UTF8?B?aH?=", "中文"),  # a group of base64 split over two words
        (b"=?utf-8?Q?=E4=B8?= =?utf-8?B?rQ==?=", "中"),
        (b"=?utf-8?B?5Lit?=\r\n\t=?gb2312?B?zsQ=?=", "中文"),
        (b"=?utf-8?B?5Lit?= and =?utf-8?B?5paH?=", "中 and 文"),
        (b"=?utf-8?Q?hello world=21?=", "hello world!"),
        (b"=?utf-8?Q?a_b?=", "a b"),
        (b"=?utf-8?Q?what??= now", "what? now"),
        (b"=?utf-8?Q??=E4=B8=AD?=", "?中"),
        (b"=?utf-8?Q?100=?=", "100="),
        (b"=?utf-8?B?5Lit5paH", "中文"),
        (b"=?utf-8?B?5Lit5paH?", "中文"),
        (b"=?utf-8?B?5Lit5p\r\n aH?=", "中文"),
        (b'"=?utf-8?B?5Lit5paH?="', '"中文"'),
        (b"=?utf-8*zh?B?5Lit5paH?=", "中文"),
        (b"=?x-unknown?Q?=D6=B1=B2=A5=BC=E4=BF=A8=B6=D9?=", "直播间卡顿"),
        (b"a =? b ?= c =?= d", "a =? b ?= c =?= d"),
        (b"=?utf-8?X?abc?=", "=?utf-8?X?abc?="),
        ("直播间卡顿".encode("gb18030"), "直播间卡顿"),
        ("中文测试".encode(), "中文测试"),
    ],
)
def test_words_are_decoded(raw, text):
    assert decode_header(raw) == text


@pytest.mark.parametrize(
    ("raw", "data"),
    [
        (b"aGVsbG8=", b"hello"),
        (b"aGVsbG8", b"hello"),
        (b"aGVs\r\n bG8=", b"hello"),
        (b"aGVs*bG8=", b"hello"),
        (b"aGU=bGxv", b"hello"),
        (b"aGVsbG8=x", b"hello"),
        (b"-_-_", b"\xfb\xff\xbf"),
        (b"", b""),
    ],
)
def test_base64_is_read_leniently(raw, data):
    assert lenient_base64(raw) == data


@pytest.mark.parametrize(
    "seed", [b"=?a?q?", b"=?a?q?=?=", b"=?", b"=?a?b?AA==?= ", b"=?a?q??=?=", b"?=", b"=?a?q?=41"]
)
def test_decoding_takes_linear_time(seed):
    assert takes_at_most(0.3, lambda: decode_header(seed * 10_000))

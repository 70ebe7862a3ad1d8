"""Decodes bytes by the charset that a mail declares, by the one it must have meant, or by detection."""

import codecs
import re
from functools import lru_cache

import chardet

from tickets.mail.iso2022jp import decode_vendor_jis

DETECTION_SAMPLE = 16_384
MIN_BYTES_TO_DETECT = 24  # with fewer, a Chinese name is taken for a Korean one
MIN_BIG5_PAIRS = 3

_ALIASES = {
    "gb18030": "gb2312 gbk xgbk isogb2312 gb231280 csgb2312 cngb chinese cp936 ms936 windows936 936 euccn",
    "cp949": "ksc56011987 ksc5601 ksc56011989 euckr xeuckr xwindows949 windows949 korean ms949 uhc cseuckr",
    "cp932": "shiftjis xsjis sjis shiftjisx mskanji windows31j cswindows31j ms932 xmscp932",
    "cp1252": "iso88591 latin1 iso88591windows l1 ansi windows1252 xansi isolatin1 cp819 8859 88591",
    "cp1254": "iso88599 latin5",
    "cp874": "tis620 iso885911 windows874",
    "big5hkscs": "big5 xbig5 big5hkscs cnbig5 big5eten csbig5 xxbig5",
    "utf-8": "usascii ascii utf8 xutf8 utf8mb4 unicode11utf8 ansix341968 iso646us 646 us unicode11",
    "utf-16": "iso10646ucs2 ucs2 unicode csunicode",
    "utf-7": "unicode11utf7 xutf7 unicode20utf7",
    "iso8859-8": "iso88598i iso88598e",
    "mac_roman": "xmacroman macintosh mac xmac",
    "iso2022_jp_ext": "iso2022jp csiso2022jp jis iso2022jpms",
    "euc_jp": "xeucjp eucjpms cseucpkdfmtjapanese",
    "hz": "hzgb2312",
}
_CODEC_BY_ALIAS = {alias: codec for codec, names in _ALIASES.items() for alias in names.split()}
_SIBLINGS = {
    "big5hkscs": ("cp950",),
    "cp949": ("johab",),
    "cp932": ("shift_jis_2004", "euc_jp"),
    "euc_jp": ("euc_jis_2004", "cp932"),
    "iso2022_jp_ext": ("iso2022_jp_2", "iso2022_jp_2004"),
    "hz": ("gb18030",),
}
_SHIFTED = {"utf-7", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "hz"}
_NOT_IN_MAIL = {"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "mbcs", "oem"}
_WESTERN = {"cp1252", "iso8859-1", "iso8859-15", "mac-roman", "mac_roman"}
_EAST_ASIAN = {"gb18030", "big5hkscs", "cp932", "cp949", "euc_jp", "cp950"}
_NON_ASCII = re.compile("[^\x00-\x7f]")
_WIDE = re.compile("[\u0800-\ufffc\U00010000-\U0010ffff]")
_HIGH_RUN = re.compile(rb"[\x80-\xff]+")
_COMMON_CHINESE = re.compile(rb"(?:[\xb0-\xf7\xa1-\xa3][\xa1-\xfe])+")
_ACCENTED = re.compile(
    "(?<=[a-z])[ß-öø-ÿ]{1,2}|[ß-öø-ÿ]{1,2}(?=[a-z])|(?<![A-Za-z])[À-ÖØ-Þ](?=[A-Za-z])|(?<=[A-Z])[À-ÖØ-Þ]{1,2}"
)
_BIG5 = re.compile(rb"(?:[\x00-\x7f]|[\xa1-\xc6][\x40-\x7e\xa1-\xfe])+")
_MAYBE_KOREAN = re.compile(rb"(?:[\xb0-\xc8][\xa1-\xfe]){5,}")
_BIG5_ONLY = re.compile(rb"[\xa4-\xc6][\x40-\x7e]")  # pairs that GB 2312 does not have
_LONG_HIGH_RUN = re.compile(rb"[\x81-\xfe]{6}")
_ESCAPE_SEQUENCE = re.compile(rb"\x1b(?:\$[@AB()]|\([BIJ])")


@lru_cache(maxsize=512)
def codec_for(label: str) -> str | None:
    """The codec for mail declared as `label`; None if the label is unknown."""
    cleaned = re.split(r"[;,\s]", label.strip(" \t\r\n\"'=<>").lower().removeprefix("charset="), maxsplit=1)[
        0
    ]
    cleaned = cleaned.partition("*")[0].strip("\"'_")
    alias = _CODEC_BY_ALIAS.get(re.sub(r"[^a-z0-9]", "", cleaned))
    if alias is not None:
        return alias
    try:
        info = codecs.lookup(cleaned)
    except (LookupError, ValueError):
        return None
    is_text = getattr(info, "_is_text_encoding", True)
    return info.name if is_text and info.name not in _NOT_IN_MAIL else None


def decode(data: bytes, label: str = "", *, hint: str = "") -> str:
    """Decode `data`, whatever its label claims; never raises. `hint` is a charset seen nearby."""
    codec = codec_for(label)
    if codec is None or codec == "utf-8":
        return _decode_unlabelled(data, codec_for(hint))
    if _is_shifted(codec):
        return _decode_shifted(data, codec)
    return _decode_labelled(data, codec)


def is_western(label: str) -> bool:
    """True for labels that say little, as such a codec reads any bytes."""
    return codec_for(label) in _WESTERN


def _is_shifted(codec: str) -> bool:
    """True for codecs that give ASCII bytes another meaning."""
    return codec in _SHIFTED or codec.startswith("iso2022")


def _decode_shifted(data: bytes, codec: str) -> str:
    if codec.startswith(("utf-16", "utf-32")):
        is_wide = b"\0" in data or data[:2] in (codecs.BOM_UTF16_BE, codecs.BOM_UTF16_LE)
        return data.decode(codec, "replace") if is_wide else _decode_unlabelled(data, None)
    text = _try_family(data, codec)
    return _decode_unlabelled(data, None) if text is None else text


def _decode_labelled(data: bytes, codec: str) -> str:
    if data.isascii() and codec in _WESTERN | _EAST_ASIAN:
        return data.decode("ascii")
    utf8 = _try(data, "utf-8")
    if utf8 is not None and _is_rather_utf8(utf8, codec):
        return utf8
    if utf8 is None and codec in _WESTERN | _EAST_ASIAN and _is_clearly_utf8(data):
        return data.decode("utf-8", "replace")
    text = _try_family(data, codec)
    if text is not None and not (codec in _WESTERN and _LONG_HIGH_RUN.search(data)):
        return text
    if utf8 is not None or _is_mostly_utf8(data):
        return data.decode("utf-8", "replace")
    if text is None and _is_mostly(data, codec):
        return data.decode(codec, "replace")
    return _detected(data) or data.decode(codec, "replace")


def _is_rather_utf8(text: str, codec: str) -> bool:
    """True if the text is unlikely to be valid UTF-8 by accident.

    An accident is likely with two Chinese characters, hardly with four, and never with Western text.
    """
    wide = len(_NON_ASCII.findall(text))
    return wide >= 1 if codec in _WESTERN else wide >= 4 and codec in _EAST_ASIAN


def _decode_unlabelled(data: bytes, hinted: str | None) -> str:
    if data.isascii() and b"\x1b" not in data:
        return data.decode("ascii")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    if b"\x1b" in data and _ESCAPE_SEQUENCE.search(data):
        return _escaped(data)
    text = _try(data, "utf-8")
    if text is not None:
        return text.removeprefix("\ufeff")
    if _is_mostly_utf8(data):
        return data.decode("utf-8", "replace")
    if hinted in _WESTERN and _is_chinese(data):
        return (_detected(data) if len(data) >= MIN_BYTES_TO_DETECT else None) or data.decode(
            "gb18030", "replace"
        )
    if hinted is not None and hinted != "utf-8" and not _is_shifted(hinted):
        text = _try(data, hinted)
        if text is not None and not (hinted in _WESTERN and _LONG_HIGH_RUN.search(data)):
            return text
    return _detected(data) or data.decode("cp1252", "replace")


def _escaped(data: bytes) -> str:
    text = _try_family(data, "iso2022_jp_ext")
    text = _try(data, "iso2022_kr") if text is None else text
    return decode_vendor_jis(data) if text is None else text


def _is_mostly_utf8(data: bytes) -> bool:
    """True for UTF-8 that is slightly broken or cut inside its last character; other charsets rarely look like that."""
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    if broken == 1 and text.endswith("\ufffd"):
        return len(_NON_ASCII.findall(text)) > 1
    wide = len(_WIDE.findall(text))
    narrow = len(_NON_ASCII.findall(text)) - broken - wide
    return (wide >= broken or narrow + wide >= 2 * broken) and not _is_chinese(data)


def _is_clearly_utf8(data: bytes) -> bool:
    """True for UTF-8 despite another label: many whole characters and at most two broken places."""
    text = data.decode("utf-8", "replace")
    return len(_WIDE.findall(text)) >= 4 * text.count("\ufffd")


def _is_chinese(data: bytes) -> bool:
    """True for pairs of bytes that are common Chinese characters; Western letters stand alone among ASCII."""
    runs = _HIGH_RUN.findall(data)
    return any(len(run) >= 4 for run in runs) and all(_COMMON_CHINESE.fullmatch(run) for run in runs)


def _is_mostly(data: bytes, codec: str) -> bool:
    text = data.decode(codec, "replace")
    broken = text.count("\ufffd")
    sound = len(_NON_ASCII.findall(text)) - broken
    was_cut = broken == 1 and text.endswith("\ufffd")
    return sound >= 1 if was_cut else sound >= 4 * broken


def likely_charset(data: bytes) -> str:
    """The codec that unlabelled text is probably written in; empty if there is no evidence for any."""
    if _is_western(data):
        return "cp1252"
    if _BIG5.fullmatch(data) and len(_BIG5_ONLY.findall(data)) >= MIN_BIG5_PAIRS:
        return "big5hkscs"
    high = b"".join(_HIGH_RUN.findall(data[:DETECTION_SAMPLE]))
    if (
        len(high) < MIN_BYTES_TO_DETECT
        and _COMMON_CHINESE.fullmatch(high)
        and not _MAYBE_KOREAN.fullmatch(high)
    ):
        return "gb18030"
    encoding = chardet.detect(data[:DETECTION_SAMPLE])["encoding"]
    return (codec_for(encoding) if encoding else None) or ""


def _is_western(data: bytes) -> bool:
    """True if all non-ASCII letters are in words of ASCII letters and match their case, or if there is only one."""
    if sum(len(run) for run in _HIGH_RUN.findall(data[:DETECTION_SAMPLE])) == 1:
        return True
    return _ACCENTED.sub("", data.decode("cp1252", "replace")).isascii()


def _detected(data: bytes) -> str | None:
    codec = likely_charset(data)
    if not codec:
        return None
    text = data.decode(codec, "replace")
    return text if text.count("\ufffd") * 10 <= len(text) else None


def _try_family(data: bytes, codec: str) -> str | None:
    """Decode by the codec, else by one of those that mailers confuse with it; None if none of them can."""
    candidates = (codec, *_SIBLINGS.get(codec, ()))
    return next(
        (text for text in (_try(data, candidate) for candidate in candidates) if text is not None), None
    )


def _try(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except (UnicodeError, LookupError):
        return None

"""Decodes ISO-2022-JP with the characters that Python's codec refuses and Japanese mailers write, such as ①."""

import re

_ESCAPED_RUN = re.compile(rb"(\x1b(?:\$[@AB()]|\([BIJ]))([^\x1b]*)")


def decode_vendor_jis(data: bytes) -> str:
    """Decode by way of Shift_JIS, which has these characters; never raises."""
    pieces = [data[: data.find(b"\x1b")].decode("utf-8", "replace")]
    for escape, run in _ESCAPED_RUN.findall(data):
        is_wide = escape.startswith(b"\x1b$")
        pieces.append(
            _shift_jis(run).decode("cp932", "replace") if is_wide else run.decode("utf-8", "replace")
        )
    return "".join(pieces)


def _shift_jis(run: bytes) -> bytes:
    """Pairs of 7-bit JIS bytes as Shift_JIS."""
    out = bytearray()
    for high, low in zip(run[::2], run[1::2], strict=False):
        trail = low + (0x1F if low < 0x60 else 0x20) if high % 2 else low + 0x7E
        out += bytes(((((high + 1) >> 1) + (0x70 if high < 0x5F else 0xB0)) & 0xFF, trail & 0xFF))
    return bytes(out)

"""Extracts files that old mailers write into the text itself: `begin 644 name`, lines of code, `end`."""

import binascii
import re

MAX_FILES = 50

_FILE = re.compile(
    r"^begin [0-7]{3,4} ([^\n]{1,200})\n((?:[\x20-\x60][^\n]{0,100}\n)*?)(?:`|[ ]*)\n?end[ ]*$",
    re.MULTILINE,
)


def take_files(text: str) -> tuple[str, list[tuple[str, bytes]]]:
    """The text without its uuencoded files, and their names and contents. Files that do not decode stay in the text."""
    if "\nend" not in text or "begin " not in text:
        return text, []
    files: list[tuple[str, bytes]] = []

    def taken(match: re.Match[str]) -> str:
        data = _decoded(match[2])
        if data is None or len(files) >= MAX_FILES:
            return match[0]
        files.append((match[1], data))
        return ""

    return _FILE.sub(taken, text), files


def _decoded(block: str) -> bytes | None:
    try:
        return b"".join(_line(line) for line in block.splitlines() if line.strip("` "))
    except (binascii.Error, UnicodeEncodeError):
        return None


def _line(line: str) -> bytes:
    """Decode one line. Its first letter gives its length; mailers add to the line or cut blanks off its end."""
    code = line.encode("ascii")
    length = (((code[0] - 32) & 63) * 4 + 5) // 3
    return binascii.a2b_uu(code[:length])

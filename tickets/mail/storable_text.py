"""Makes text fit to store and to show: no NUL, no control characters, no lone surrogates."""

import re

_CONTROL = r"\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
_DECEPTIVE = "\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff"
# For use in a character class: line ends, and everything that `plain_name` removes.
UNSEEN = rf"{_CONTROL}{_DECEPTIVE}\t\r\n\x0b\x0c\x85\u2028\u2029"
_FORBIDDEN = re.compile(f"[{_CONTROL}]")
_LINE_ENDS = re.compile(r"\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_UNUSUAL = re.compile(f"{_FORBIDDEN.pattern[:-1]}\r\x0b\x0c\x85\u2028\u2029]")
_BLANKS = re.compile(r"\s+")
_INVISIBLE = re.compile(f"[{_DECEPTIVE}]")


def storable(text: str) -> str:
    """Many lines: line ends become \\n, what PostgreSQL or a reader cannot take is removed."""
    even = text.replace("\r\n", "\n")
    if _UNUSUAL.search(even) is None:
        return even
    return _FORBIDDEN.sub("", _LINE_ENDS.sub("\n", even))


def storable_line(text: str) -> str:
    """Make it one line: like `storable`, with every run of blanks as one space."""
    if text.isprintable():
        return (_BLANKS.sub(" ", text) if "  " in text else text).strip()
    return _BLANKS.sub(" ", storable(text)).strip()


def plain_name(text: str) -> str:
    """Make it one line without characters that turn the reading direction or are invisible."""
    line = storable_line(text)
    return line if line.isprintable() else _INVISIBLE.sub("", line).strip()

"""Prepares the subject and the new words of a mail for matching: one spelling, one blank, a bounded length."""

from __future__ import annotations

import re
import unicodedata

MOST_OF_SUBJECT = 500  # characters
MOST_OF_TEXT = 10_000
# A line of more columns was probably wrapped by the mail program, so the sentence goes on in the next one.
WRAPPED = 55

# Scripts that are written without blanks between words: Thai to Khmer, Hangul, kana, bopomofo, ideographs.
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3040-\u318f\u31a0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff"
)
_UNSPACED = re.compile(rf"[{UNSPACED}]")
_BLANKS = re.compile(r"[^\S\n]{2,}|[^\S\n ]")  # all but a single plain one
_INSIDE_UNSPACED = re.compile(rf" (?=[{UNSPACED}])(?<=[{UNSPACED}] )")  # begins with the sign that is rare
_IGNORED = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_APOSTROPHES = "\u2019\u2018\u02bc"


def readable(subject: str, text: str) -> str:
    """Subject and text in one spelling, the subject on a line of its own; what exceeds the bounds is not read."""
    wrapped = _joined_lines(text[:MOST_OF_TEXT])
    return f"{spelled(subject[:MOST_OF_SUBJECT].replace(chr(10), ' '))}\n{spelled(wrapped)}"


def spelled(text: str) -> str:
    """Lower case, variants such as full-width as the plain character, one blank between words, none inside Chinese."""
    plain = unicodedata.normalize("NFKC", _IGNORED.sub("", text)).casefold()
    for apostrophe in _APOSTROPHES:  # str.translate looks at each character in turn
        plain = plain.replace(apostrophe, "'")
    return _INSIDE_UNSPACED.sub("", _BLANKS.sub(" ", plain)).strip()


def _joined_lines(text: str) -> str:
    """The lines, with those joined that the mail program has wrapped."""
    joined: list[str] = []
    is_wrapped = False
    for line in text.splitlines():
        stripped = line.strip()
        joined += [" " if is_wrapped and stripped else "\n", stripped]
        is_wrapped = len(stripped) + len(_UNSPACED.findall(stripped)) > WRAPPED
    return "".join(joined)

"""Cuts the words of a message out of texts in which the desk repeated them: quotes, excerpts, subjects. Pure.

Whole lines only, so that a short message takes nothing else with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# What stands where words were; the same in every language.
CUT = "[…]"


@dataclass(frozen=True)
class RepeatedWords:
    """The words of a message, and the subject that its ticket had from it; what is empty stays."""

    body: str
    subject: str = ""

    def cut_from(self, text: str, *lengths: int) -> str:
        """The text without them; ``lengths`` are those at which texts of this kind shorten what they repeat."""
        for pattern in (*_repetitions(self.body, lengths), *_subjects(self.subject)):
            text = pattern.sub(lambda match: f"{match['before']}{CUT}", text)
        return text


def _repetitions(body: str, lengths: tuple[int, ...]) -> Iterator[re.Pattern[str]]:
    """The longest first: the quote below an answer with the line that names its writer, and excerpts."""
    for part in _parts(body.strip(), lengths):
        quote = "\n".join(f"> {line}".rstrip() for line in part.splitlines())
        yield re.compile(rf"^[^\n]*\n(?P<before>> ){re.escape(quote[2:])}$", re.MULTILINE)
        for form in dict.fromkeys((part, " ".join(part.split()))):
            yield re.compile(rf"(?P<before>^|: |：){re.escape(form)}…?$", re.MULTILINE)


def _parts(whole: str, lengths: tuple[int, ...]) -> list[str]:
    """The words as a whole and shortened, as they are and on one line."""
    line = " ".join(whole.split())
    parts = [text[:length].strip() for length in sorted(lengths, reverse=True) for text in (whole, line)]
    return list(dict.fromkeys(filter(None, (whole, *parts))))


def _subjects(subject: str) -> Iterator[re.Pattern[str]]:
    if subject:
        yield re.compile(rf"(?P<before>(?<!\w)){re.escape(subject)}(?!\w)")

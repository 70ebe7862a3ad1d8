"""Finds the words of a rule in a prepared text: whole words where a script has blanks, anywhere where it has none."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tickets.triage.readable_text import UNSPACED, spelled

_SEPARATORS = re.compile(r"[\n,，、;；]+")
_UNSPACED = re.compile(rf"[{UNSPACED}]")


@dataclass(frozen=True)
class Occurrence:
    """Where a word stands in a prepared text."""

    start: int
    end: int

    def lies_in(self, other: Occurrence) -> bool:
        return other.start <= self.start and self.end <= other.end


def listed_words(text: str) -> tuple[str, ...]:
    """The words of a list with one on each line or separated by commas, as a person enters it."""
    return tuple(dict.fromkeys(filter(None, map(spelled, _SEPARATORS.split(text)))))


def occurrences(text: str, word: str) -> Iterator[Occurrence]:
    """Where the word stands in the text; both prepared by `spelled`."""
    start = text.find(word)
    while start >= 0:
        end = start + len(word)
        if not _goes_on(text[start - 1 : start], word[0]) and not _goes_on(text[end : end + 1], word[-1]):
            yield Occurrence(start, end)
        start = text.find(word, start + 1)


def places(text: str, words: Sequence[str]) -> tuple[Occurrence, ...]:
    return tuple(place for word in words for place in occurrences(text, word))


def _goes_on(neighbour: str, edge: str) -> bool:
    """True if the neighbour belongs to the same word. Scripts without blanks have no such bounds."""
    return _is_of_word(neighbour) and _is_of_word(edge)


def _is_of_word(character: str) -> bool:
    if not character or _UNSPACED.match(character):
        return False
    return character == "_" or unicodedata.category(character)[0] in "LNM"

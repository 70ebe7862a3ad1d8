"""What a person or a company can be found by in the desk's texts, and the mark that stands in its place. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

WORD = r"[\w-]"
CHINESE = re.compile(r"[\u3400-\u9fff]")
LEAST_DIGITS = 7  # of a phone number that is looked for
LEAST_LETTERS = 2  # of a name that is looked for where the person is known to be
DISTINCT_LETTERS = 5  # of a single word that is looked for in texts about their company
UNMISTAKABLE = 3  # Chinese characters of a name that is looked for everywhere
BETWEEN_DIGITS = r"[\s().\-]{0,2}"


@dataclass(frozen=True)
class Traces:
    """``domains`` are those of a company: every address of them is a trace. ``mark`` is what replaces each trace."""

    mark: str
    addresses: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Traces:
        return cls(
            stored["mark"], *(tuple(stored[part]) for part in ("addresses", "domains", "phones", "names"))
        )

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def among_their_own(self) -> Traces:
        """What means them in texts about their company: without names that may be any short word."""
        return self._with_names(filter(is_distinct, self.names))

    def everywhere(self) -> Traces:
        """What means them in any text of the desk: without names that others, or common words, may share."""
        return self._with_names(filter(is_unmistakable, self.names))

    def without_names(self) -> Traces:
        return self._with_names(())

    def _with_names(self, names: Iterable[str]) -> Traces:
        return Traces(self.mark, self.addresses, self.domains, self.phones, tuple(names))

    @cached_property
    def needles(self) -> tuple[str, ...]:
        """Texts of which each text with a trace has one, whatever its case."""
        digits = ("".join(filter(str.isdecimal, phone)) for phone in self.phones)
        domains = (f"@{domain}" for domain in self.domains)
        return tuple(dict.fromkeys((*self.addresses, *domains, *self.phones, *digits, *self.names)))

    @cached_property
    def _pattern(self) -> re.Pattern[str] | None:
        parts = [*self._patterns()]
        return re.compile("|".join(parts), re.IGNORECASE) if parts else None

    def _patterns(self) -> Iterator[str]:
        """Longer ones first, so that a name within a name leaves nothing of it."""
        for address in sorted(self.addresses, key=len, reverse=True):
            yield rf"(?<![\w.+-]){re.escape(address)}(?!{WORD})"
        for domain in self.domains:
            yield rf"[\w.+-]*@{re.escape(domain)}(?!{WORD})"
        for phone in sorted(self.phones, key=len, reverse=True):
            digits = BETWEEN_DIGITS.join(char for char in phone if char.isdecimal())
            yield rf"(?<!\d)\+?{digits}(?!\d)"
        for name in sorted(self.names, key=len, reverse=True):
            yield re.escape(name) if CHINESE.search(name) else rf"(?<!\w){re.escape(name)}(?!\w)"

    def are_in(self, text: str) -> bool:
        return self._pattern is not None and self._pattern.search(text) is not None

    def replaced_in(self, text: str) -> str:
        """The text with the mark in place of each trace."""
        return self._pattern.sub(lambda _match: self.mark, text) if self._pattern is not None else text

    def replaced_in_value(self, value: Any) -> Any:
        """The same for all texts in a JSON value, keys included."""
        if isinstance(value, str):
            return self.replaced_in(value)
        if isinstance(value, list):
            return [self.replaced_in_value(each) for each in value]
        if isinstance(value, dict):
            return {self.replaced_in(key): self.replaced_in_value(each) for key, each in value.items()}
        return value


def spellings_in_json(needle: str) -> set[str]:
    """How a text stands in a JSON column: PostgreSQL writes it as it is, SQLite has \\u and four digits."""
    return {needle, json.dumps(needle)[1:-1]}


def is_distinct(name: str) -> bool:
    """True for two words, two Chinese characters, or a longer word."""
    if CHINESE.search(name):
        return len(name) >= LEAST_LETTERS
    return len(name.split()) > 1 or len(name) >= DISTINCT_LETTERS


def is_unmistakable(name: str) -> bool:
    """True for two words, or three Chinese characters."""
    return len(name) >= UNMISTAKABLE if CHINESE.search(name) else len(name.split()) > 1


def phones_of(*numbers: str) -> tuple[str, ...]:
    """Those that have digits enough to be looked for."""
    return tuple(
        dict.fromkeys(number for number in numbers if sum(map(str.isdecimal, number)) >= LEAST_DIGITS)
    )


def names_of(*names: str) -> tuple[str, ...]:
    stripped = (name.strip() for name in names)
    return tuple(dict.fromkeys(name for name in stripped if len(name) >= LEAST_LETTERS))

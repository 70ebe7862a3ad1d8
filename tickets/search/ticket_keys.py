"""A ticket's number as people write it: ``390``, ``#390``, ``SD#390``, ``sd 390``."""

from dataclasses import dataclass
from unicodedata import normalize

MOST_DIGITS = 18
LONGEST = 60  # with blanks


@dataclass(frozen=True)
class WrittenNumber:
    """``is_marked`` if it can be nothing but a ticket's number."""

    key: int
    is_marked: bool


def written_number(text: str) -> WrittenNumber | None:
    """The number that the text is, and nothing else. Full-width characters and blanks do not matter."""
    trimmed = text.strip()
    if len(trimmed) > LONGEST:
        return None
    plain = normalize("NFKC", trimmed).casefold()
    digits = plain.removeprefix("sd").lstrip().removeprefix("#").lstrip()
    if not (digits.isascii() and digits.isdigit() and len(digits) <= MOST_DIGITS):
        return None
    return WrittenNumber(int(digits), is_marked=digits != plain)

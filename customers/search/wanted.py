"""What a person looks for, as tokens of an index: every term must be there, in any order."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from customers.search.tokens import (
    BETWEEN_DIGITS,
    FEWEST_DIGITS,
    LONGEST_TOKEN,
    MOST_DIGITS,
    RUNS,
    address_token,
    folded,
    is_unspaced,
    pairs,
    without_country,
)

MOST_ASKED = 200  # characters of a search that are looked at
MOST_TERMS = 40
SHORTEST_BEGINNING = 3  # letters of an unfinished word that find what begins with them


@dataclass(frozen=True)
class Term:
    """A token, or one of several spellings of it; with ``begins`` any token that begins so."""

    spellings: tuple[str, ...]
    begins: bool = False

    def accepts(self, token: str) -> bool:
        return any(token.startswith(it) if self.begins else token == it for it in self.spellings)


@dataclass(frozen=True)
class WantedWords:
    """A text has these words if each term accepts one of its tokens. Without a term nothing has them."""

    terms: tuple[Term, ...]

    def __bool__(self) -> bool:
        return bool(self.terms)

    @property
    def has_beginnings(self) -> bool:
        return any(term.begins for term in self.terms)

    def as_whole_words(self) -> "WantedWords":
        return WantedWords(tuple(Term(term.spellings) for term in self.terms))

    def are_among(self, tokens: list[str]) -> bool:
        return bool(self) and all(any(map(term.accepts, tokens)) for term in self.terms)

    def as_tsquery(self) -> str:
        """For PostgreSQL's cast to tsquery. Tokens hold no quotation marks."""
        return self._written(word="'{}'", beginning="'{}':*", either=" | ", both=" & ")

    def as_fts5(self) -> str:
        """For SQLite's MATCH."""
        return self._written(word='"{}"', beginning='"{}"*', either=" OR ", both=" AND ")

    def _written(self, *, word: str, beginning: str, either: str, both: str) -> str:
        groups = (
            [(beginning if term.begins else word).format(it) for it in term.spellings] for term in self.terms
        )
        return both.join(f"({either.join(group)})" for group in groups)


@lru_cache(maxsize=256)
def wanted_words(text: str) -> WantedWords:
    """The words, addresses or telephone number of a search. A word at its very end may be unfinished."""
    plain = folded(text[:MOST_ASKED]).strip()
    if number := telephone_term(plain):
        return WantedWords((number,))
    pieces = plain.split()
    terms: dict[Term, None] = {}
    for place, piece in enumerate(pieces, start=1):
        terms.update(dict.fromkeys(_terms(piece, is_last=place == len(pieces))))
    return WantedWords(tuple(islice(terms, MOST_TERMS)))


def telephone_term(plain: str) -> Term | None:
    """The number, with or without its country code, if the text is nothing but a telephone number."""
    digits = "".join(filter(str.isdigit, plain))
    if not digits.isascii() or not FEWEST_DIGITS <= len(digits) <= MOST_DIGITS:
        return None
    if not set(plain) <= {*digits, *BETWEEN_DIGITS, "+"}:
        return None
    return Term((digits, *without_country(digits, has_plus=plain.startswith("+"))), begins=True)


def _terms(piece: str, *, is_last: bool) -> Iterator[Term]:
    if "@" in piece.rstrip("@") or (piece.endswith("@") and len(piece) > 1):
        yield Term((address_token(piece.strip(",;<>\"'")),), begins=True)
        return
    runs = RUNS.findall(piece)
    for place, run in enumerate(runs, start=1):
        if is_unspaced(run):
            yield from map(_exactly, pairs(run)) if len(run) > 1 else [Term((run,), begins=True)]
        else:
            unfinished = is_last and place == len(runs) and piece.endswith(run)
            word = run[:LONGEST_TOKEN]
            yield Term((word,), begins=unfinished and len(word) >= SHORTEST_BEGINNING)


def _exactly(token: str) -> Term:
    return Term((token,))

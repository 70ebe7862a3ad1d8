"""What an index knows of a text: its words, pairs of neighbouring Han, kana and hangul characters, numbers, addresses.

Pure functions. Everything is bounded before it is looked at, and the work grows with the length of the text only.
"""

import re
import unicodedata
from collections.abc import Iterator
from itertools import islice
from operator import add

MOST_CHARACTERS = 100_000
MOST_TOKENS = 3_000
LONGEST_TOKEN = 40
MOST_NUMBERS = 50  # telephone numbers of one text, and as many addresses
FEWEST_DIGITS, MOST_DIGITS = 7, 15  # of a telephone number; ITU-T E.164 has 15 at most

# These scripts write no blanks between words: ideographs with their marks, kana, hangul.
UNSPACED = (
    "々〇\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
RUNS = re.compile(rf"[{UNSPACED}]+|[^\W_{UNSPACED}]+")
IS_UNSPACED = re.compile(rf"[{UNSPACED}]")
LOCAL_PART = re.compile(r"[a-z0-9_.+-]{1,64}\Z")
DOMAIN = re.compile(r"[a-z0-9_.-]{1,100}")
BETWEEN_DIGITS = " ()-"
NUMBER = re.compile(rf"(?<![0-9])\+?[0-9][0-9{BETWEEN_DIGITS}]{{{FEWEST_DIGITS - 1},28}}")
DIGITS = re.compile("[0-9]+")


def folded(text: str) -> str:
    """The text in the one spelling that is compared, at most MOST_CHARACTERS long."""
    plain = unicodedata.normalize("NFKC", text[:MOST_CHARACTERS])[:MOST_CHARACTERS].casefold()
    return unicodedata.normalize("NFKC", plain)[:MOST_CHARACTERS]


def tokens_of(*texts: str) -> list[str]:
    """The different tokens of some texts, sorted, at most MOST_TOKENS: words first, then numbers and addresses.

    They hold letters, digits and, in those of addresses, underscores, but no NUL.
    """
    tokens: dict[str, None] = {}
    for text in texts:
        plain = folded(text)
        tokens.update(dict.fromkeys(_words(plain)))
        if len(tokens) >= MOST_TOKENS:
            break
        tokens.update(dict.fromkeys(islice(telephone_numbers(plain), MOST_NUMBERS)))
        tokens.update(dict.fromkeys(islice(_addresses(plain), MOST_NUMBERS)))
    return sorted(islice(tokens, MOST_TOKENS))


def is_unspaced(run: str) -> bool:
    return IS_UNSPACED.match(run) is not None


def pairs(run: str) -> Iterator[str]:
    """The neighbouring characters of a run, two by two."""
    return map(add, run, run[1:])


def _words(plain: str) -> Iterator[str]:
    """Whole words, and pairs of unspaced characters. The last of a run stands alone: each begins some token."""
    for run in dict.fromkeys(RUNS.findall(plain)):
        if is_unspaced(run):
            yield from pairs(run)
            yield run[-1]
        else:
            yield run[:LONGEST_TOKEN]


def telephone_numbers(plain: str) -> Iterator[str]:
    """Groups of digits that may be one number, written as one: whole, without each leading group and country code."""
    for candidate in NUMBER.finditer(plain):
        groups = DIGITS.findall(candidate[0])
        for start in range(len(groups)):
            number = "".join(groups[start:])
            if FEWEST_DIGITS <= len(number) <= MOST_DIGITS:
                yield number
                if start == 0:
                    yield from without_country(number, has_plus=candidate[0][0] == "+")


def number_endings(phone: str) -> Iterator[str]:
    """A telephone number without its first digits, down to the last four: any part of it begins one of these."""
    digits = "".join(DIGITS.findall(folded(phone)))[: 2 * MOST_DIGITS]
    yield from (digits[start:] for start in range(len(digits) - 3))


def without_country(number: str, *, has_plus: bool) -> Iterator[str]:
    """The national number, for each length that a country code may have. Without a plus it may only be China's."""
    if number.startswith("00"):
        number, has_plus = number[2:], True
    lengths = range(4) if has_plus else (2,) if number.startswith("86") and len(number) == 13 else ()
    for length in lengths:
        if len(number) - length >= FEWEST_DIGITS:
            yield number[length:]


def _addresses(plain: str) -> Iterator[str]:
    """Each email address of the text, and its domain, in the spelling of `address_token`."""
    at = plain.find("@")
    while at >= 0:
        domain = DOMAIN.match(plain, at + 1)
        if domain is not None:
            local = LOCAL_PART.search(plain[max(0, at - 64) : at])
            yield address_token(f"@{domain[0]}")
            if local is not None:
                yield address_token(f"{local[0]}@{domain[0]}")
        at = plain.find("@", at + 1)


def address_token(address: str) -> str:
    """An address, or what is known of its beginning, as one token. No word has an underscore."""
    return re.sub(r"[^\w]", "_", address.rstrip("."))[: LONGEST_TOKEN * 2]

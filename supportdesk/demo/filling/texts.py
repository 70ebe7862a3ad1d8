"""Texts of tickets: the demo's conversations in both languages, with words of their own in each message.

Words of messages are as unevenly common as in real life: those of the conversations are in one message of three to one
of some hundred, the others follow Zipf's law.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from random import Random

from customers.choices import Language
from customers.search.tokens import tokens_of
from supportdesk.demo.scripts import Script, Speaker, everyday_scripts
from supportdesk.demo.wording import Wording
from tickets.choices import Channel

TAKES = 6  # of each script, with other parameters
SYLLABLES = (
    "ka",
    "lo",
    "mi",
    "ren",
    "tas",
    "vu",
    "per",
    "shi",
    "don",
    "quel",
    "bra",
    "fim",
    "sot",
    "nga",
    "wel",
)
ENGLISH_WORDS, CHINESE_WORDS = 20_000, 4_000
NAMES = {Language.ENGLISH: ("Maya", "Maya Torres"), Language.CHINESE: ("李伟", "李伟")}
# Seven would be a telephone number to the search.
SIX_DIGITS = 1_000_000
HAN = "\u4e00"
PAIR = "龘靐"  # stands for a pair of Han characters, as one of letters would be another kind of word
TAILS = {
    Language.ENGLISH: "Trace {0} {1}, channel {2}, room {3}, uid {4}",
    Language.CHINESE: "追踪号 {0} {1}，频道「{2}」，房间 {3}，uid {4}",
}


@dataclass(frozen=True, slots=True)
class Text:
    """A text, and its tokens as the sink stores them."""

    text: str
    tokens: str


@dataclass
class TextPool:
    """What people write in one language."""

    subjects: list[Text] = field(default_factory=list)
    questions: list[Text] = field(default_factory=list)
    answers: list[Text] = field(default_factory=list)
    notes: list[Text] = field(default_factory=list)


class Texts:
    """``stored`` gives tokens the form in which the sink stores them."""

    def __init__(self, dice: Random, stored: Callable[[Sequence[str]], str]) -> None:
        self.dice, self.stored = dice, stored
        self.templates: dict[str, tuple[str, list[str]]] = {}
        self.pools = {language: TextPool() for language in NAMES}
        for script in everyday_scripts():
            for _take in range(TAKES):
                self._add(script)
        self.words = [_word(dice) for _each in range(ENGLISH_WORDS)]
        self.pairs = [
            "".join(chr(ord(HAN) + dice.randrange(6_000)) for _each in "  ") for _ in range(CHINESE_WORDS)
        ]
        self.weights = list(accumulate(1 / (rank + 5) for rank in range(ENGLISH_WORDS)))

    def _add(self, script: Script) -> None:
        first, full = NAMES[Language(script.language)]
        wording = Wording(script, self.dice, first_name=first, full_name=full)
        pool = self.pools[Language(script.language)]
        pool.subjects.append(self.text(wording.subject))
        pool.questions.append(self.text(wording.ask(Channel.EMAIL)))
        for turn in script.turns:
            match turn.by:
                case Speaker.CUSTOMER:
                    pool.questions.append(self.text(wording.customer(turn)))
                case Speaker.NOTE:
                    pool.notes.append(self.text(wording.plain(turn)))
                case _:
                    pool.answers.append(self.text(wording.staff(turn, late=False)))

    def text(self, text: str) -> Text:
        return Text(text, self.stored(tokens_of(text)))

    def subject(self, language: Language) -> Text:
        plain = self.dice.choice(self.pools[language].subjects)
        word = self.common_word()
        return Text(f"{plain.text} {word}", f"{plain.tokens} {self.stored([word])}")

    def with_tail(self, plain: Text, language: Language) -> Text:
        """The text with a line of words of its own."""
        number = self.dice.randrange
        words = (self.common_word(), self.common_word(), self.dice.choice(self.pairs))
        tail = self.filled(TAILS[language], *words, str(number(SIX_DIGITS)), str(number(SIX_DIGITS)))
        return Text(f"{plain.text}\n{tail.text}", f"{plain.tokens} {tail.tokens}")

    def filled(self, template: str, *words: str) -> Text:
        """The template with a word in each place, tokens included. Numbers of more than six digits are asked anew."""
        text = template.format(*words)
        if any(word.isdecimal() and len(word) > 6 for word in words):
            return self.text(text)
        if template not in self.templates:
            placeholders = [PAIR if _is_pair(word) else f"zq{place}" for place, word in enumerate(words)]
            self.templates[template] = self.text(template.format(*placeholders)).tokens, placeholders
        tokens, placeholders = self.templates[template]
        for placeholder, word in zip(placeholders, words, strict=True):
            tokens = tokens.replace(placeholder, word)
            if placeholder == PAIR:  # its last character stands alone, too
                tokens = tokens.replace(PAIR[1], word[1])
        return Text(text, tokens)

    def common_word(self) -> str:
        """A word by Zipf's law: the first are common, most are rare."""
        return self.dice.choices(self.words, cum_weights=self.weights)[0]


def _word(dice: Random) -> str:
    return "".join(dice.choices(SYLLABLES, k=4))


def _is_pair(word: str) -> bool:
    return word[0] >= HAN

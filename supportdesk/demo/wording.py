"""Words for one conversation: the script's texts with its parameters, greetings and signatures."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from random import Random
from typing import Any

from supportdesk.demo.content_files import read_content
from supportdesk.demo.scripts import Script, ScriptLine
from tickets.choices import Channel, Priority

_PLACEHOLDER = re.compile(r"\{([a-z_0-9]+)\}")
_CHINESE = "zh-hans"


@cache
def _tone() -> dict[str, Any]:
    return read_content("tone")


@cache
def _parameters() -> dict[str, Any]:
    return read_content("parameters")


class Wording:
    """One take of a script with its parameters, which stay the same for the whole conversation."""

    def __init__(
        self, script: Script, dice: Random, *, first_name: str, full_name: str, company: str = ""
    ) -> None:
        self.script = script
        self.dice = dice
        self.take = dice.randrange(len(script.asks))
        self.full_name = full_name
        self.values = {**drawn(dice, script.language), "first": first_name, "company": company}
        self.subject = self._subject()

    def _subject(self) -> str:
        """The script's subject, or a variant in the company's habit."""
        plain = self.fill(self._of(self.script.subjects))
        is_usual = self.script.channel == Channel.EMAIL and Priority.P0 not in self.script.priorities
        if not (is_usual and self.values["company"]):
            return plain
        return filled(self.one_of("subject"), {**self.values, "subject": plain})

    def ask(self, channel: Channel) -> str:
        """The customer's first message; only a mail has a greeting and a signature."""
        body = self.fill(self._of(self.script.asks))
        if channel != Channel.EMAIL:
            return body
        return self._letter("hello_desk", self._with_detail(body), signature=True)

    def customer(self, turn: ScriptLine) -> str:
        body = self.fill(self._of(turn.texts))
        if self.dice.random() < 0.4:
            return body
        return self._letter("hello_desk", body, signature=self.dice.random() < 0.6)

    def staff(self, turn: ScriptLine, *, late: bool) -> str:
        body = self.fill(self._of(turn.texts))
        if late:
            gap = "" if self.script.language == _CHINESE else " "
            sorry = self.fill(self.one_of("late"))
            body = f"{sorry}{gap}{body if gap == '' else body[:1].upper() + body[1:]}"
        closing = self.one_of("closing")
        return self._letter("hello_customer", f"{body}\n\n{closing}".rstrip(), signature=False)

    def hasty(self) -> str:
        """A hasty reply that does not answer anything."""
        return self._letter("hello_customer", self.one_of("hasty"), signature=False)

    def plain(self, turn: ScriptLine) -> str:
        return self.fill(self._of(turn.texts))

    def one_of(self, kind: str) -> str:
        chosen: str = self.dice.choice(_tone()[self.script.language][kind])
        return chosen

    def fill(self, text: str) -> str:
        return filled(text, self.values)

    def _of(self, takes: Sequence[str]) -> str:
        return takes[self.take % len(takes)]

    def _with_detail(self, body: str) -> str:
        if Priority.P0 in self.script.priorities or self.dice.random() < 0.45:
            return body
        gap = "" if self.script.language == _CHINESE else " "
        return f"{body}{gap}{self.fill(self.one_of('detail'))}"

    def _letter(self, hello: str, body: str, *, signature: bool) -> str:
        greeting = self.fill(self.one_of(hello))
        end = "\n".join(line for line in (self.one_of("regards"), self.full_name) if line)
        parts = [greeting, body, end if signature else ""]
        return "\n\n".join(part for part in parts if part)


def drawn(dice: Random, language: str) -> dict[str, str]:
    """Draw a value for every placeholder that texts of this language may contain."""
    pools = _parameters()
    numbers = {name: str(dice.randint(low, high)) for name, (low, high) in pools["numbers"].items()}
    words = {name: dice.choice(pool) for name, pool in {**pools["words"], **pools[language]}.items()}
    pair = pools["pairs"][language]
    together = dict(zip(pair["names"], dice.choice(pair["values"]), strict=True))
    hour = f"{dice.randint(8, 22):02d}:{dice.choice(('00', '15', '20', '30', '45'))}"
    return {**numbers, **words, **together, "hour": hour}


def filled(text: str, values: Mapping[str, str]) -> str:
    """Fill in the placeholders; an unknown one is a KeyError, because the content is wrong."""
    return _PLACEHOLDER.sub(lambda match: values[match[1]], text)

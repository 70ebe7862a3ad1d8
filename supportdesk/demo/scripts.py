"""The conversation scripts: the questions, the answers, and their order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from customers.choices import Language
from supportdesk.demo.content_files import read_content
from tickets.choices import Channel, Status

TOPICS = ("video", "audio", "joining", "network", "server", "account")
SUFFIXES = {"en": Language.ENGLISH, "zh": Language.CHINESE}


class Speaker(StrEnum):
    CUSTOMER = "customer"
    STAFF = "staff"
    NOTE = "note"
    CALL = "call"
    GROUP = "group"


ANSWERS = (Speaker.STAFF, Speaker.CALL, Speaker.GROUP)


@dataclass(frozen=True)
class ScriptLine:
    """One line of a script, in several takes; all lines of a conversation use the same take."""

    by: Speaker
    texts: tuple[str, ...]
    then: Status | None = None
    file: str = ""


@dataclass(frozen=True)
class Script:
    """A conversation with at least one take; without scenarios it fits every customer."""

    key: str
    language: Language
    priorities: tuple[int, ...]
    scenarios: tuple[str, ...]
    channel: Channel
    subjects: tuple[str, ...]
    asks: tuple[str, ...]
    file: str
    turns: tuple[ScriptLine, ...]

    def suits(self, *, language: str, scenario: str) -> bool:
        return self.language == language and (not self.scenarios or scenario in self.scenarios)

    def is_last_answer(self, place: int) -> bool:
        return not any(turn.by in ANSWERS or turn.by == Speaker.CUSTOMER for turn in self.turns[place + 1 :])


def everyday_scripts() -> list[Script]:
    return [
        _script(row, language)
        for topic in TOPICS
        for suffix, language in SUFFIXES.items()
        for row in read_content(f"{topic}.{suffix}")["script"]
    ]


def scripts_in(name: str) -> dict[str, Script]:
    """The scripts of a file that names the language of each, by key."""
    rows: Iterable[Mapping[str, Any]] = read_content(name)["script"]
    return {row["key"]: _script(row, Language(row["language"])) for row in rows}


def _script(row: Mapping[str, Any], language: Language) -> Script:
    return Script(
        key=row["key"],
        language=language,
        priorities=tuple(row["priorities"]),
        scenarios=tuple(row.get("scenarios", ())),
        channel=Channel(row.get("channel", Channel.EMAIL)),
        subjects=tuple(row["subjects"]),
        asks=tuple(row["asks"]),
        file=row.get("file", ""),
        turns=tuple(_turn(turn) for turn in row["turns"]),
    )


def _turn(row: Mapping[str, Any]) -> ScriptLine:
    then = Status(row["then"]) if "then" in row else None
    return ScriptLine(Speaker(row["by"]), tuple(row["texts"]), then, row.get("file", ""))

"""Whether a rule applies to a mail, and which words made it apply. Pure values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from tickets.models import Rule
from tickets.tag_names import LONGEST_TAG
from tickets.triage.denied_words import is_said_now
from tickets.triage.facts import MailFacts
from tickets.triage.word_matching import listed_words, occurrences, places

# A word that a mail repeats is looked at in this many places.
MOST_PLACES = 50


@dataclass(frozen=True)
class RuleMatch:
    """A rule that applies, and the words of it that stand in the mail, as the rule spells them."""

    rule: Rule
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class RuleVerdict:
    """For each outcome, the first rule that applies and has it; tags come from every rule that applies."""

    priority: RuleMatch | None = None
    owner: RuleMatch | None = None
    scenario: RuleMatch | None = None
    parks: RuleMatch | None = None
    tagging: tuple[RuleMatch, ...] = ()

    @property
    def tags(self) -> list[str]:
        """In the order of the rules, each once."""
        listed = (name for match in self.tagging for name in match.rule.tags.split(", "))
        return list(dict.fromkeys(name[:LONGEST_TAG] for name in listed if name))

    @property
    def owner_id(self) -> int | None:
        return self.owner.rule.owner_id if self.owner is not None else None

    @property
    def scenario_name(self) -> str:
        return self.scenario.rule.scenario if self.scenario is not None else ""

    @property
    def names(self) -> list[str]:
        """The rules, in no particular order, each once."""
        matches = (self.priority, self.owner, self.scenario, self.parks, *self.tagging)
        return list(dict.fromkeys(match.rule.name for match in matches if match is not None))


class PreparedRule:
    """A rule with its lists of words split."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.words, self.more_words = listed_words(rule.words), listed_words(rule.more_words)
        self.not_within = listed_words(rule.not_within)
        self.sender = rule.sender.strip().casefold().removeprefix("@")

    def match(self, facts: MailFacts) -> RuleMatch | None:
        if not self._comes_from(facts) or not self._looks_like(facts):
            return None
        found = self._found(facts.text, self.words)
        more = self._found(facts.text, self.more_words) if found or not self.words else ()
        if (self.words and not found) or (self.more_words and not more):
            return None
        return RuleMatch(self.rule, (*found, *more))

    def _comes_from(self, facts: MailFacts) -> bool:
        rule = self.rule
        return (
            rule.mailbox_id in (None, facts.mailbox)
            and rule.customer_id in (None, facts.customer)
            and rule.customer_scenario in ("", facts.scenario)
            and (not self.sender or self._is_sender(facts.sender))
        )

    def _is_sender(self, address: str) -> bool:
        if "@" in self.sender:
            return address == self.sender
        return f".{address.rpartition('@')[2]}".endswith(f".{self.sender}")

    def _looks_like(self, facts: MailFacts) -> bool:
        rule = self.rule
        return (
            (not rule.is_important or facts.is_important)
            and (not rule.file_kind or rule.file_kind in facts.files)
            and (not rule.header or self._has_header(facts))
        )

    def _has_header(self, facts: MailFacts) -> bool:
        name, value = (
            self.rule.header.strip().casefold().rstrip(":"),
            self.rule.header_value.strip().casefold(),
        )
        return any(key == name and (not value or said.casefold() == value) for key, said in facts.headers)

    def _found(self, text: str, words: Sequence[str]) -> tuple[str, ...]:
        return tuple(word for word in words if self._counts(text, word))

    def _counts(self, text: str, word: str) -> bool:
        found = list(islice(occurrences(text, word), MOST_PLACES))
        phrases = places(text, self.not_within) if found else ()
        return any(
            not any(place.lies_in(phrase) for phrase in phrases)
            and (not self.rule.only_now or is_said_now(text, place))
            for place in found
        )


def judge(rules: Iterable[PreparedRule], facts: MailFacts) -> RuleVerdict:
    """Apply the rules in their order; each outcome is decided by the first rule that has it, and all add their tags."""
    first: dict[str, RuleMatch] = {}
    tagging: list[RuleMatch] = []
    for prepared in rules:
        open_outcomes = [name for name in _outcomes(prepared.rule) if name not in first]
        match = prepared.match(facts) if open_outcomes or prepared.rule.tags else None
        if match is not None:
            first |= dict.fromkeys(open_outcomes, match)
            tagging += [match] if match.rule.tags else []
    return RuleVerdict(**first, tagging=tuple(tagging))


def _outcomes(rule: Rule) -> Sequence[str]:
    has = {
        "priority": rule.priority is not None,
        "owner": rule.owner_id is not None,
        "scenario": bool(rule.scenario),
        "parks": rule.parks,
    }
    return [name for name, is_there in has.items() if is_there]

"""Translates the reasons that the desk itself gave into the reader's language.

They are stored as sentences in the desk's language, beside those that people wrote; the ledger is never
rewritten. Reasons: .github/decisions/explaining.md.
"""

import re
from functools import cache, lru_cache

from django.conf import settings
from django.db.models import Choices
from django.utils.translation import gettext, gettext_noop, override

from escalation.choices import DrillEnding

SENTENCES = (
    gettext_noop("The customer wrote."),
    gettext_noop("A person wrote this."),
    gettext_noop("The sender was accepted."),
    gettext_noop("The customer was named."),
    gettext_noop("The customer was named: %(name)s."),  # earlier lines of the ledger; now it names nobody
    gettext_noop("This was automatic."),
    gettext_noop("A reply was not delivered."),
    gettext_noop("A reply was voided."),
    gettext_noop("Returned from leave."),
    gettext_noop("An earlier question is unanswered again."),
    gettext_noop("The reply before it was revoked."),
    gettext_noop("The incident is over."),
    gettext_noop("Rule “%(rule)s”"),
    gettext_noop("Proposed by a rule."),
    gettext_noop("No longer promised."),
    gettext_noop("Not %(code)s."),
    gettext_noop("Not %(code)s: %(found)s"),
    gettext_noop("The customer has another P0: %(number)s."),
    gettext_noop("Merged with %(number)s, which has the stricter SLA."),
    gettext_noop("No response within %(percent)s%% of the response time."),
    gettext_noop("No response: %(when)s."),
    gettext_noop("%(name)s is away."),
    gettext_noop("%(name)s can no longer open tickets."),
    gettext_noop("at the due time"),
    gettext_noop("%(minutes)s min before due"),
    gettext_noop("%(minutes)s min after due"),
    gettext_noop("The fire drill is over: %(ending)s."),
    gettext_noop("SLAs judged differently since then: %(count)s."),
)
# Former English and Chinese wordings of these sentences: the ledger keeps them as they were written.
FORMER = {
    "A reply was not delivered.": ("An answer did not arrive.",),
    "A reply was voided.": ("An answer was voided.",),
    "Returned from leave.": ("Back from absence.", "缺勤归来。"),
    "The reply before it was revoked.": ("The answer before it was taken back.", "其前的回复已被撤回。"),
    "The incident is over.": ("The matter is over.",),
    "Merged with %(number)s, which has the stricter SLA.": (
        "Merged with %(number)s, whose promise is the stricter one.",
        "与 %(number)s 合并，以其更严的承诺为准。",
    ),
    "No response within %(percent)s%% of the response time.": (
        "No answer within %(percent)s %% of the promised time.",
        "在承诺时限的 %(percent)s%% 内没有回复。",
    ),
    "No response: %(when)s.": ("No answer: %(when)s.", "未答复：%(when)s。"),
    "%(name)s is away.": ("%(name)s 缺勤。",),
}
STRICT = {
    "code": r"P[0-3]",
    "found": r"“[^“”]+”(?:(?:, |、)“[^“”]+”)*",
    "size": r"\d+",
    "number": r"SD#\d+",
    "count": r"\d+",
    "percent": r"\d+",
    "minutes": r"\d+",
}
LABELS = {"ending": DrillEnding}  # placeholders that hold the label of a choice
PLACE = re.compile(r"%\((\w+)\)s")


def in_readers_words(reason: str, *, by_person: bool) -> str:
    """Translate a sentence of the desk; leave a person's text as it is.

    A sentence with a free placeholder counts as the desk's only if no person acted.
    """
    for sentence in SENTENCES:
        if by_person and set(PLACE.findall(sentence)) - STRICT.keys() - LABELS.keys():
            continue
        matches = (spelling.fullmatch(reason) for spelling in spellings(sentence))
        if match := next(filter(None, matches), None):
            places = match.groupdict().items()
            return gettext(sentence) % {name: _place_in_words(name, text, by_person) for name, text in places}
    return reason


def _place_in_words(place: str, text: str, by_person: bool) -> str:
    if place in LABELS:
        return next(str(choice.label) for choice in LABELS[place] if text in labels_of(choice))
    return in_readers_words(text, by_person=by_person)


@cache
def spellings(sentence: str) -> list[re.Pattern[str]]:
    """The sentence in each language of the desk, as patterns with its placeholders as groups."""
    patterns = [_pattern(former) for former in FORMER.get(sentence, ())]
    for code, _name in settings.LANGUAGES:
        with override(code):
            patterns.append(_pattern(gettext(sentence)))
    return patterns


@lru_cache(maxsize=None, typed=True)  # choices of two kinds may have the same value
def labels_of(choice: Choices) -> list[str]:
    """The label of a choice in each language of the desk."""
    labels = []
    for code, _name in settings.LANGUAGES:
        with override(code):
            labels.append(str(choice.label))
    return labels


def _pattern(text: str) -> re.Pattern[str]:
    words = PLACE.split(text)  # text and placeholder names in turn
    parts = (
        f"(?P<{word}>{_place_pattern(word)})" if place % 2 else re.escape(word.replace("%%", "%"))
        for place, word in enumerate(words)
    )
    return re.compile("".join(parts))


def _place_pattern(place: str) -> str:
    """A pattern for the value of a placeholder."""
    if place in LABELS:
        return "|".join(re.escape(label) for choice in LABELS[place] for label in labels_of(choice))
    return STRICT.get(place, ".+")

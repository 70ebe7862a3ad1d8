"""Translates the reasons that the desk itself gave into the reader's language.

They are stored as sentences in the desk's language, beside those that people wrote; the ledger is never rewritten.
Why so: .github/decisions/explaining.md.
"""

import re
from functools import cache

from django.conf import settings
from django.utils.translation import gettext, gettext_noop, override

from escalation.choices import DrillEnding

SENTENCES = (
    gettext_noop("The customer wrote."),
    gettext_noop("An answer did not arrive."),
    gettext_noop("An answer was voided."),
    gettext_noop("Back from absence."),
    gettext_noop("An earlier question is unanswered again."),
    gettext_noop("The answer before it was taken back."),
    gettext_noop("The matter is over."),
    gettext_noop("Merged with %(number)s, whose promise is the stricter one."),
    gettext_noop("No answer within %(percent)s %% of the promised time."),
    gettext_noop("No answer: %(when)s."),
    gettext_noop("%(name)s is away."),
    gettext_noop("at the due time"),
    gettext_noop("%(minutes)s min before due"),
    gettext_noop("%(minutes)s min after due"),
    gettext_noop("The fire drill is over: %(ending)s."),
)
STRICT = {"number": r"SD#\d+", "percent": r"\d+", "minutes": r"\d+"}
LABELS = {"ending": DrillEnding}  # places that hold the label of a choice
PLACE = re.compile(r"%\((\w+)\)s")


def in_readers_words(reason: str, *, by_person: bool) -> str:
    """Translate a sentence of the desk; leave what a person wrote as it is.

    A sentence with a free placeholder is taken for the desk's only if no person acted.
    """
    for sentence in SENTENCES:
        if by_person and set(PLACE.findall(sentence)) - STRICT.keys() - LABELS.keys():
            continue
        found = next(filter(None, (it.fullmatch(reason) for it in _spellings(sentence))), None)
        if found is not None:
            said = found.groupdict().items()
            return gettext(sentence) % {name: _place_in_words(name, part, by_person) for name, part in said}
    return reason


def _place_in_words(place: str, said: str, by_person: bool) -> str:
    if place in LABELS:
        return next(str(one.label) for one in LABELS[place] if said in _labels(one))
    return in_readers_words(said, by_person=by_person)


@cache
def _spellings(sentence: str) -> list[re.Pattern[str]]:
    """How the sentence reads in each language of the desk, its places as groups."""
    spellings = []
    for code, _name in settings.LANGUAGES:
        with override(code):
            spellings.append(_pattern(gettext(sentence)))
    return spellings


@cache
def _labels(choice: DrillEnding) -> list[str]:
    """The label of a choice in each language of the desk."""
    labels = []
    for code, _name in settings.LANGUAGES:
        with override(code):
            labels.append(str(choice.label))
    return labels


def _pattern(text: str) -> re.Pattern[str]:
    words = PLACE.split(text)  # text and names of places in turn
    parts = (
        f"(?P<{word}>{_place_pattern(word)})" if place % 2 else re.escape(word.replace("%%", "%"))
        for place, word in enumerate(words)
    )
    return re.compile("".join(parts))


def _place_pattern(place: str) -> str:
    """A pattern of what may stand in a placeholder."""
    if place in LABELS:
        return "|".join(re.escape(label) for choice in LABELS[place] for label in _labels(choice))
    return STRICT.get(place, ".+")

"""The line at the head of a notification: what a colleague writes above it in their answer goes to the customer.

Programs wrap it, put marks of a quote before its lines and change its blanks, so it is found by its letters.
"""

import re
from functools import cache

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from tickets.mail.values import ParsedMail, SegmentKind

FENCE = "###"
MOST_SEARCHED = 200_000  # characters
# Between two letters of the line: blanks, line ends and marks of a quote.
_BETWEEN = r"[\s>|\u200b]{0,12}"


def answer_line() -> str:
    """The line in the active language."""
    return " ".join((FENCE, _("Write above this line to reply to the customer"), FENCE))


def words_above_the_line(mail: ParsedMail) -> str:
    """The new words of an answer if all of them are above the line; empty if it has no line, or words below it.

    Words between the lines of a quote answer the colleague who wrote it, so they are not for the customer.
    """
    line = _pattern().search(mail.text[:MOST_SEARCHED])
    if line is None:
        return ""
    words, place = [], 0
    for segment in mail.segments:
        end = place + len(segment.text)
        if segment.kind is SegmentKind.NEW and end <= line.start():
            words.append(segment.text)
        elif segment.kind is SegmentKind.NEW and (
            place < line.start() or mail.text[max(place, line.end()) : end].strip()
        ):
            return ""
        place = end
    return "".join(words).strip()


@cache
def _pattern() -> re.Pattern[str]:
    """The line in any of the desk's languages: the answer's writer may have changed theirs."""
    lines = []
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            letters = "".join(answer_line().split())
            lines.append(_BETWEEN.join(map(re.escape, letters)))
    return re.compile("|".join(lines), re.IGNORECASE)

"""Shows the notes that the desk wrote in the reader's language and zone.

A note is stored as its first reader got it, because the search and mails use its words. Reasons:
.github/decisions/explaining.md.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache

from django.utils.translation import gettext, gettext_noop

from customers.phrases import clauses, labelled, listed, noted
from customers.stored_times import restated_moment, short_stamp, stored_length
from customers.times import rough_duration
from escalation.lib.desk_reasons import labels_of, spellings
from tickets.choices import Channel, MessageKind

ERASED = gettext_noop("The words of this message were erased.")
# Lines of the notes that the desk writes: at the intake, and for a new owner.
LINES = (
    gettext_noop(
        "No customer is known for %(address)s. Name the customer on this page, or add their email domain."
    ),
    gettext_noop(  # in notes until November 2026
        "No customer is known for %(address)s. Choose one for the contact, or add their email domain."
    ),
    gettext_noop(
        "The mail server did not hand over this email whole, so its text and files are not here. Read it in the "
        "mailbox, where it still is."
    ),
    gettext_noop("The email is too large (%(size)s MB): only its headers were kept, not its text and files."),
    gettext_noop("By email from %(address)s, not verified:"),
    gettext_noop(
        "Merged, the ticket has %(count)s participants, and an answer goes to all of them. Take out of Cc whom it does "
        "not concern."
    ),
    gettext_noop("Escalated from %(before)s to %(after)s."),
    gettext_noop("%(before)s escalated it to %(after)s: %(reason)s"),
    gettext_noop("%(name)s escalated it from %(before)s to %(after)s: %(reason)s"),
    gettext_noop("%(before)s is away; %(after)s stands in."),
    gettext_noop("%(before)s can no longer open tickets; it is now %(after)s's."),
    gettext_noop("%(after)s is back and owns it again; %(before)s owned it in the meantime."),
    gettext_noop("Customer: %(name)s"),
    gettext_noop("Contact: %(name)s"),
    gettext_noop("Subject: %(subject)s"),
    gettext_noop("Received: %(time)s"),
    gettext_noop("Due: %(time)s"),
    gettext_noop("Notified: %(people)s"),
    gettext_noop("The customer's last message:"),
    gettext_noop("Other messages:"),
    ERASED,
)
# Parts of such lines; the modules that write them mark them for translation.
TIME_LEFT = ("%(length)s left", "overdue by %(length)s", "due now")
CUSTOMER_PARTS = ("unknown company", "no contract")
NO_SENDER = ("an email without a sender",)
LOGGED_LATER = "logged later"
TIME = r"(?:\d{4}-)?\d\d-\d\d \d\d:\d\d(?: UTC\S*)?"  # without year and zone in notes until November 2026
NOTIFIED = re.compile(rf"(?P<name>.{{1,100}}?) ?[(（](?P<time>{TIME})[)）](?:, |、|$)")


def note_in_readers_words(body: str) -> str:
    """A note of the desk, translated line by line. Quoted messages stay as they are."""
    return "\n".join(map(_line, body.split("\n")))


def _line(line: str) -> str:
    return _translated(line, LINES) or _message_line(line) or line


def _translated(text: str, sentences: tuple[str, ...]) -> str:
    """The text in the reader's language; empty if it is not one of the sentences."""
    for sentence in sentences:
        for spelling in spellings(sentence):
            if match := spelling.fullmatch(text):
                return gettext(sentence) % {
                    name: _place(sentence, name, part) for name, part in match.groupdict().items()
                }
    return ""


def _place(sentence: str, name: str, text: str) -> str:
    if sentence == "Customer: %(name)s":
        parts = text.split(" · ")
        return " · ".join(_translated(part, CUSTOMER_PARTS) or part for part in parts)
    render = PLACES.get(name)
    return render(text) if render else text


def _time(text: str) -> str:
    """A moment and, for a due time, how much time was left."""
    at, rest = restated_moment(text)
    return clauses([at, _translated(rest.lstrip(",， "), TIME_LEFT)])


def _length(text: str) -> str:
    length = stored_length(text)
    return text if length is None else rough_duration(length)


def _people(text: str) -> str:
    people = list(NOTIFIED.finditer(text))
    return listed(noted(person["name"], short_stamp(person["time"])) for person in people) if people else text


def _address(text: str) -> str:
    return _translated(text, NO_SENDER) or text


PLACES: Mapping[str, Callable[[str], str]] = {
    "time": _time,
    "length": _length,
    "people": _people,
    "address": _address,
}


def _message_line(line: str) -> str:
    """A line about another message: ``11-29 05:16 · Maya · Email · logged later: ...``; empty for any other line."""
    kinds = _kinds()
    match = _message_pattern().fullmatch(line)
    if match is None:
        return ""
    late = gettext(LOGGED_LATER) if match["late"] else ""
    head = (short_stamp(match["time"]), match["name"], str(kinds[match["kind"]].label), late)
    words = _translated(match["text"], (ERASED,)) or match["text"]
    return labelled(" · ".join(filter(None, head)), words)


@cache
def _message_pattern() -> re.Pattern[str]:
    kinds = "|".join(map(re.escape, sorted(_kinds(), key=len, reverse=True)))
    late = "|".join(spelling.pattern for spelling in spellings(LOGGED_LATER))
    return re.compile(
        rf"(?P<time>{TIME}) · (?:(?P<name>.*?) · )?(?P<kind>{kinds})(?: · (?P<late>{late}))?(?:: |：)(?P<text>.*)"
    )


@cache
def _kinds() -> Mapping[str, Channel | MessageKind]:
    """Each channel and kind of message, by its label in each language of the desk."""
    choices: list[Channel | MessageKind] = [*Channel, *MessageKind]
    return {label: choice for choice in choices for label in labels_of(choice)}

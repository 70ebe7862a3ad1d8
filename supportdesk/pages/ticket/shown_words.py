"""The words of messages as the ticket page shows them: long ones folded, so that the page stays small.

Nobody scrolls through megabytes, and a browser on a phone does not even open them. What is left out has a page of its
own, in parts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch, Q, QuerySet
from django.db.models.functions import Left
from django.template.defaultfilters import linebreaksbr, urlize
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from escalation.templatetags.promises import desk_note
from tickets.choices import MessageKind
from tickets.errors import DeskError
from tickets.models import Attachment, Message

LONGEST = 8_000  # characters of one message, and of what it quotes
SHORT = 400  # of each message after the page is full
FULL = 240_000  # bytes of all words together, after which messages are shown shortened
PART = 50_000  # characters on a page of the whole text


@dataclass(frozen=True)
class ShownWords:
    """``body`` and ``quoted`` are HTML. ``note`` is the text of a note by the desk, in the reader's language."""

    body: SafeString
    quoted: SafeString
    note: str
    is_cut: bool
    has_html: bool
    has_remote_images: bool

    @property
    def size(self) -> int:
        """In bytes of HTML."""
        return len((self.body + self.quoted).encode())


def messages_to_show() -> QuerySet[Message]:
    """Messages with the beginning of their words instead of the whole, for `add_words`."""
    files = Prefetch("attachments", Attachment.objects.filter(is_inline=False))
    people = ("author", "contact", "outbound", "inbound", "voided_by", "erased_by")
    return (
        messages_without_words()
        .annotate(
            body_begins=Left("body", LONGEST + 1),
            quote_begins=Left("quoted", LONGEST + 1),
            has_html=~Q(html=""),
            has_remote_images=Q(html__contains="data-src="),
        )
        .select_related(*people)
        .prefetch_related(files)
    )


def messages_without_words() -> QuerySet[Message]:
    return Message.objects.defer("inbound__raw", "body", "quoted", "html")


def add_words(messages: Sequence[Any]) -> None:
    """Give messages their ``words``: those of the newest as much as fits, of the others the beginning."""
    used = 0
    for message in reversed(messages):
        message.words = _shown(message, LONGEST)
        if used + message.words.size > FULL:
            message.words = _shown(message, SHORT)
        used += message.words.size


def _shown(message: Any, longest: int) -> ShownWords:
    words, quote = message.body_begins, message.quote_begins
    is_note = message.kind == MessageKind.NOTE and message.is_automatic
    is_linked = message.kind != MessageKind.AUTOMATIC and longest == LONGEST
    quoted = quote[:longest] if longest == LONGEST else ""
    return ShownWords(
        body=_linked(words[:longest]) if is_linked else _plain(words[:longest]),
        quoted=_plain(quoted),
        note=desk_note(words)[:longest] if is_note else "",
        is_cut=len(words) > longest or len(quote) > len(quoted),
        has_html=message.has_html,
        has_remote_images=message.has_remote_images,
    )


def _linked(text: str) -> SafeString:
    return mark_safe(linebreaksbr(urlize(text)))  # noqa: S308 - both escape


def _plain(text: str) -> SafeString:
    return mark_safe(linebreaksbr(escape(text)))  # noqa: S308 - escaped


@dataclass(frozen=True)
class TextPart:
    """A part of a message's whole text with what it quotes; ``number`` begins at 1."""

    text: str
    number: int
    last: int


def part_of(message: Message, number: int) -> TextPart:
    """Raises DeskError if there is no such part."""
    whole = "\n\n".join(filter(None, (message.body, message.quoted)))
    last = max(1, -(-len(whole) // PART))
    if not 1 <= number <= last:
        raise DeskError(f"There are {last} parts.")
    return TextPart(whole[(number - 1) * PART : number * PART], number, last)

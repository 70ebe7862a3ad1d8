"""Finds the tickets of a search: each source is a query of its own that its own index serves, the newest first.

An OR across the sources would read every message. Measured: .github/decisions/search.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import F, Max, Q, QuerySet

from customers.finding import contacts_named, customers_named
from customers.search.wanted import Term, WantedWords, wanted_words
from tickets.models import MessageTokens
from tickets.models.ticket import TicketQuerySet
from tickets.search.indexing import SPANS, span_token
from tickets.search.ticket_keys import written_number

MOST_FOUND = 200  # messages of tickets, and as many tickets by their contact and their customer
MOST_CHECKED = 1_000  # hits that are looked up one by one; with more, all tickets of the reader are joined
MOST_NAMED = 200  # contacts or customers that are listed; more are left to the database
MOST_NAMING = 4  # words of which one may be a name and the others text


@dataclass(frozen=True)
class FoundTickets:
    """The keys of tickets. ``is_capped`` if there are older ones with the same words, which a further word finds."""

    keys: list[int]
    is_capped: bool = False


def find_tickets(tickets: TicketQuerySet, text: str) -> FoundTickets:
    """Those of ``tickets`` that a search means; give what the person may see, filtered already.

    A number alone is a ticket's if there is that ticket, and otherwise words like others.
    """
    if number := written_number(text):
        keys = list(tickets.order_by().filter(pk=number.key).values_list("pk", flat=True))
        if keys or number.is_marked:
            return FoundTickets(keys)
    sources = (
        _capped(_by_words(tickets, wanted_words(text))),
        _of_named(tickets, "contact", contacts_named(text)),
        _of_named(tickets, "customer", customers_named(text)),
    )
    found_keys = dict.fromkeys(key for found in sources for key in found.keys)
    if not found_keys:
        return _by_name_and_words(tickets, text)
    return FoundTickets(list(found_keys), any(found.is_capped for found in sources))


def find_all(tickets: TicketQuerySet, text: str) -> TicketQuerySet:
    """All of ``tickets`` that a search means, without a cap: for downloads, which may take their time."""
    found = find_tickets(tickets, text)
    if not found.is_capped:
        return tickets.filter(pk__in=found.keys)
    by_words = MessageTokens.objects.filter(tokens__has=wanted_words(text)).order_by().values("ticket")
    whole = tickets.filter(Q(pk__in=by_words) | _is_named(text))
    return whole if whole.exists() else _all_by_name_and_words(tickets, text)


def _all_by_name_and_words(tickets: TicketQuerySet, text: str) -> TicketQuerySet:
    for word, others in _names_and_words(text):
        with_words = MessageTokens.objects.filter(tokens__has=others).order_by().values("ticket")
        theirs = tickets.filter(_is_named(word), pk__in=with_words)
        if theirs.exists():
            return theirs
    return tickets.none()


def _is_named(text: str) -> Q:
    """A condition on tickets: their contact or customer is named by the text."""
    contacts = contacts_named(text).order_by().values("pk")
    return Q(contact__in=contacts) | Q(customer__in=customers_named(text).order_by().values("pk"))


def _names_and_words(text: str) -> Iterator[tuple[str, WantedWords]]:
    """Each word that may be a name, with the others."""
    words = text.split()
    for place, word in enumerate(words[:MOST_NAMING] if len(words) > 1 else ()):
        yield word, wanted_words(" ".join(words[:place] + words[place + 1 :]))


def _by_name_and_words(tickets: TicketQuerySet, text: str) -> FoundTickets:
    """If one word names a contact or customer, those of their tickets with the other words."""
    for word, others in _names_and_words(text):
        named = _few_or_all(contacts_named(word)), _few_or_all(customers_named(word))
        if any(people != [] for people in named):
            theirs = tickets.filter(Q(contact__in=named[0]) | Q(customer__in=named[1]))
            found = _capped(_by_words(theirs, others))
            if found.keys:
                return found
    return FoundTickets([])


def _few_or_all(named: QuerySet[Any]) -> "list[int] | QuerySet[Any, int]":
    """The keys of few, which an index serves; a query for many, of whom the reader may see only some."""
    keys = list(named.order_by().values_list("pk", flat=True)[: MOST_NAMED + 1])
    return keys if len(keys) <= MOST_NAMED else named.order_by().values_list("pk", flat=True)


def _capped(keys: list[int]) -> FoundTickets:
    return FoundTickets(keys[:MOST_FOUND], is_capped=len(keys) > MOST_FOUND)


def _of_named(tickets: TicketQuerySet, field: str, named: QuerySet[Any]) -> FoundTickets:
    """The newest tickets of these contacts or customers."""
    people = _few_or_all(named)
    if people == []:
        return FoundTickets([])
    theirs = tickets.filter(**{f"{field}__in": people}).order_by("-pk")
    return _capped(list(theirs.values_list("pk", flat=True)[: MOST_FOUND + 1]))


def _by_words(tickets: TicketQuerySet, wanted: WantedWords) -> list[int]:
    """Tickets of the newest messages with the words; one more than MOST_FOUND if there are more.

    Looks among ever more messages, until there are enough: the index does not know which hits are the newest, and to
    sort all hits of a common word takes the longer the larger the desk is.
    """
    newest = _newest_message() if connection.vendor == "postgresql" else 0
    if wanted.has_beginnings:
        # To collect all words that begin so takes long where they are common, and then whole words are enough.
        keys = _in_ever_wider_spans(tickets, wanted.as_whole_words(), newest)
        if len(keys) > MOST_FOUND:
            return keys
    return _in_ever_wider_spans(tickets, wanted, newest)


def _in_ever_wider_spans(tickets: TicketQuerySet, wanted: WantedWords, newest: int) -> list[int]:
    bits: int | None = SPANS[0]
    while bits is not None and newest >> bits > 1:
        keys = _newest(tickets, _among_newest(wanted, newest >> bits, bits))
        if len(keys) > MOST_FOUND:
            return keys
        bits = _next_span(bits, len(keys))
    return _newest(tickets, wanted)


def _newest_message() -> int:
    return MessageTokens.objects.aggregate(newest=Max("pk"))["newest"] or 0


def _among_newest(wanted: WantedWords, number: int, bits: int) -> WantedWords:
    """The words in the newest span, which has only begun, or in the one before."""
    spans = Term((span_token(bits, number), span_token(bits, number - 1)))
    return WantedWords((*wanted.terms, spans))


def _next_span(bits: int, found: int) -> int | None:
    """The smallest span that should hold enough, as the last one held ``found``; None for all messages."""
    return next((wider for wider in SPANS if wider > bits and found << (wider - bits) > MOST_FOUND), None)


def _newest(tickets: TicketQuerySet, wanted: WantedWords) -> list[int]:
    """The tickets of at most MOST_FOUND + 1 messages, the newest first.

    Ordered by a sum, so that PostgreSQL takes the hits from the index of words: for a word that it knows nothing of it
    would read all messages from the newest on, expecting to find enough soon.
    """
    rows = MessageTokens.objects.filter(tokens__has=wanted).order_by((F("message_id") + 0).desc())
    hits = list(rows.values_list("ticket_id", flat=True)[:MOST_CHECKED])
    if not tickets.query.where:  # who sees every ticket needs no row of them
        return hits[: MOST_FOUND + 1]
    seen = set(tickets.order_by().filter(pk__in=set(hits)).values_list("pk", flat=True)) if hits else set()
    keys = [key for key in hits if key in seen][: MOST_FOUND + 1]
    if len(hits) < MOST_CHECKED or len(keys) > MOST_FOUND:
        return keys
    joined: Any = tickets.filter(message_tokens__tokens__has=wanted)
    joined = joined.order_by((F("message_tokens__message_id") + 0).desc())
    return list(joined.values_list("pk", flat=True)[: MOST_FOUND + 1])

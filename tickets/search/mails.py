"""Searching mails. The words of a mail are indexed some minutes after it was stored, many together.

A mail is stored, processed and sent quickly, and nobody should wait for words that are looked for once a day. Mails
that are not indexed yet are read through by the search, so that it finds them all the same.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.db import transaction
from django.db.models import Max, Model, Q, QuerySet

from customers.finding import MOST_WORDS
from customers.search.column import tidy_index
from customers.search.tokens import tokens_of
from customers.search.wanted import MOST_ASKED, wanted_words
from tickets.models import InboundEmail, InboundTokens, OutboundEmail, OutboundTokens
from tickets.search.ticket_keys import written_number

# Mails are indexed in the order of their keys. No transaction that draws a key takes so long to commit.
SETTLED = timedelta(minutes=5)
BATCH = 200
MOST_READ = 5_000  # of the newest mails that are not indexed yet
MOST_FOUND = 500


@dataclass(frozen=True)
class SearchedMails:
    """``texts`` are what is known of a mail, from the columns ``read``."""

    mails: type[Model]
    tokens: type[Model]
    stored: str
    read: tuple[str, ...]
    texts: Callable[[Any], Iterable[str]]


INBOUND = SearchedMails(
    InboundEmail,
    InboundTokens,
    "stored_at",
    ("sender", "subject", "rfc_message_id", "reason"),
    lambda mail: (mail.sender, mail.subject, mail.rfc_message_id, mail.reason),
)
OUTBOUND = SearchedMails(
    OutboundEmail,
    OutboundTokens,
    "created_at",
    ("subject", "recipients", "copies", "rfc_message_id"),
    lambda mail: (mail.subject, " ".join([*mail.recipients, *mail.copies]), mail.rfc_message_id),
)
SOURCES = (INBOUND, OUTBOUND)

_gathered: ContextVar[list[tuple[SearchedMails, int]] | None] = ContextVar("mails to index", default=None)


def index_mails(*, now: datetime, may_go_on: Callable[[], bool]) -> int:
    """Index the mails that have settled, oldest first, for as long as ``may_go_on``. Return how many."""
    done = 0
    for source in SOURCES:
        while may_go_on() and (indexed := _index_next(source, now)):
            done += indexed
        tidy_index(source.tokens)
    return done


@transaction.atomic
def _index_next(source: SearchedMails, now: datetime) -> int:
    rows: Any = source.mails._base_manager.filter(pk__gt=_last_indexed(source)).order_by("pk")
    first = rows.values_list("pk", source.stored)[:BATCH]
    keys = []
    for key, stored_at in first:
        if stored_at > now - SETTLED:
            break
        keys.append(key)
    _index(source, keys)
    return len(keys)


def index_again(source: SearchedMails, keys: Collection[int]) -> None:
    """Index mails anew (their keys) whose words have changed. Those not indexed yet still wait."""
    gathered = _gathered.get()
    if gathered is None:
        _index_again(source, keys)
    else:
        gathered.extend((source, key) for key in keys)


@contextmanager
def mails_indexed_together() -> Iterator[None]:
    """Index anew the mails of the code inside at its end; none if it raises."""
    gathered: list[tuple[SearchedMails, int]] = []
    token = _gathered.set(gathered)
    try:
        yield
    finally:
        _gathered.reset(token)
    for source in SOURCES:
        keys = {key for each, key in gathered if each is source}
        if keys:
            _index_again(source, keys)


@transaction.atomic
def _index_again(source: SearchedMails, keys: Collection[int]) -> None:
    indexed: Any = source.tokens._base_manager.filter(pk__in=keys)
    _index(source, list(indexed.values_list("pk", flat=True)))


def _index(source: SearchedMails, keys: Collection[int]) -> None:
    if not keys:
        return
    mails: Any = source.mails._base_manager.filter(pk__in=keys).only(*source.read).order_by("pk")
    rows = [
        source.tokens(mail=mail, tokens=tokens_of(*source.texts(mail)))
        for mail in mails.select_for_update(of=("self",))
    ]
    source.tokens._base_manager.bulk_create(
        rows, update_conflicts=True, unique_fields=["mail"], update_fields=["tokens"]
    )


def _last_indexed(source: SearchedMails) -> int:
    return source.tokens._base_manager.aggregate(last=Max("pk"))["last"] or 0


def find_mails(source: SearchedMails, mails: QuerySet[Any], text: str) -> list[int]:
    """The keys of the newest of ``mails`` that a search means: those of a ticket by its number, or with each word."""
    if number := written_number(text):
        of_ticket = mails.filter(ticket=number.key).order_by("-pk")
        keys = list(of_ticket.values_list("pk", flat=True)[:MOST_FOUND])
        if keys or number.is_marked:
            return keys
    indexed = mails.filter(tokens__tokens__has=wanted_words(text)).order_by("-pk")
    return [*_unindexed(source, mails, text), *indexed.values_list("pk", flat=True)[:MOST_FOUND]]


def _unindexed(source: SearchedMails, mails: QuerySet[Any], text: str) -> list[int]:
    """Those of the newest mails, not indexed yet, with each word anywhere."""
    words = text[:MOST_ASKED].replace("\0", "").split()[:MOST_WORDS]
    if not words:
        return []
    there = Q()
    for word in words:
        there &= reduce(or_, (Q(**{f"{column}__icontains": word}) for column in source.read))
    newest = (
        mails.filter(pk__gt=_last_indexed(source)).order_by("-pk").values_list("pk", flat=True)[:MOST_READ]
    )
    return list(source.mails._base_manager.filter(there, pk__in=list(newest)).values_list("pk", flat=True))

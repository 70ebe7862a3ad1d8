"""Takes what is older than the search into it, the newest first, a batch at a time, from where the last run stopped."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models import Model

from customers.models import Contact, ContactTokens
from tickets.models import MessageTokens, SearchBacklog, Ticket
from tickets.search.indexing import index_tickets

BATCH = 100


@dataclass(frozen=True)
class BacklogSource:
    """Rows that the search is made of. ``index`` takes those with these keys into it and needs their locks."""

    name: str
    model: type[Model]
    index: Callable[[Collection[int]], None]


def index_contacts(contacts: Collection[int]) -> None:
    ContactTokens.store(Contact.objects.filter(pk__in=contacts))


SOURCES = (
    BacklogSource("tickets", Ticket, index_tickets),
    BacklogSource("contacts", Contact, index_contacts),
)
INDEXED = (MessageTokens, ContactTokens)


def is_complete() -> bool:
    """False while older tickets are still missing from the search."""
    return not SearchBacklog.objects.exists()


def index_backlog(*, may_go_on: Callable[[], bool]) -> int:
    """Take in what is missing for as long as ``may_go_on``. Return how many rows were. May run twice at once."""
    done = 0
    for backlog in SearchBacklog.objects.order_by("-source"):  # tickets before contacts
        source = next(source for source in SOURCES if source.name == backlog.source)
        while may_go_on():
            keys = _next_keys(source, backlog.below)
            if not keys:
                backlog.delete()
                break
            _index(source, keys)
            backlog.below = min(keys)
            SearchBacklog.objects.filter(pk=backlog.pk).update(below=backlog.below)
            done += len(keys)
    return done


def _next_keys(source: BacklogSource, below: int | None) -> list[int]:
    rows: Any = source.model._base_manager.order_by("-pk")
    if below is not None:
        rows = rows.filter(pk__lt=below)
    return list(rows.values_list("pk", flat=True)[:BATCH])


def _index(source: BacklogSource, keys: Collection[int]) -> None:
    """Index a batch without waiting for a row while others are locked; those that were busy come singly afterwards."""
    skip = connection.features.has_select_for_update_skip_locked
    with transaction.atomic():
        free = _locked(source, keys, skip_locked=skip)
        source.index(free)
    for key in sorted({*keys}.difference(free)):
        with transaction.atomic():
            source.index(_locked(source, [key]))


def _locked(source: BacklogSource, keys: Collection[int], **how: bool) -> list[int]:
    rows: Any = source.model._base_manager.filter(pk__in=keys).order_by("pk")
    return list(rows.select_for_update(**how).values_list("pk", flat=True))

"""Writes a ticket's timeline."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from django.contrib.auth.models import User

from tickets.choices import Fact
from tickets.lib.bulk_insert import NewRow, insert_all
from tickets.models import Ticket, TimelineEntry

_gathered: ContextVar[list[NewRow[TimelineEntry]] | None] = ContextVar("timeline", default=None)


def record(
    ticket: Ticket, fact: Fact, *, at: datetime, actor: User | None, reason: str = "", **data: object
) -> None:
    """Append one entry in the caller's transaction. ``data`` holds the values that its sentence names, as JSON."""
    record_all([timeline_row(ticket, fact, at=at, actor=actor, reason=reason, **data)])


def timeline_row(
    ticket: Ticket, fact: Fact, *, at: datetime, actor: User | None, reason: str = "", **data: object
) -> NewRow[TimelineEntry]:
    """The entry that `record` would append, for `record_all`."""
    values = {
        "ticket_id": ticket.pk,
        "fact": fact,
        "at": at,
        "actor_id": actor.pk if actor is not None else None,
        "reason": reason,
        "data": data,
    }
    return NewRow(TimelineEntry, values)


def record_all(rows: Sequence[NewRow[TimelineEntry]]) -> None:
    """Append many entries, such as those of many tickets, with one query."""
    gathered = _gathered.get()
    if gathered is None:
        insert_all(rows)
    else:
        gathered.extend(rows)


@contextmanager
def entries_together() -> Iterator[None]:
    """Write the entries of the code inside with one query, at its end and in their order; none if it raises."""
    rows: list[NewRow[TimelineEntry]] = []
    token = _gathered.set(rows)
    try:
        yield
    finally:
        _gathered.reset(token)
    if rows:
        insert_all(rows)


def write_gathered() -> None:
    """Write what `entries_together` holds back, for somebody who reads the timeline within it."""
    if rows := _gathered.get():
        insert_all(rows)
        rows.clear()

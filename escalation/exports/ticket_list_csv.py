"""The download of any filtered list of tickets: the columns of tickets.csv, the contact, then each ticket's promises.

A ticket may have many promises of one kind, such as one for each question. Each kind has the number of its promises and
of those breached, and the state of the newest.
"""

from array import array
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import tzinfo
from operator import attrgetter
from typing import NamedTuple

from django.db.models import QuerySet
from django.http import StreamingHttpResponse

from escalation.choices import ClockKind, ClockState
from escalation.exports import tickets_csv
from escalation.exports.bulk_reading import ROWS_AT_A_TIME, People, load_people, parse_time, texts_of
from escalation.exports.held_seconds import SECOND
from escalation.exports.tickets_csv import TicketRow, ticket_row
from escalation.exports.written_times import time_columns
from escalation.lib.among_keys import AmongKeys
from escalation.lib.csv_sheets import Cell, CsvSheet
from escalation.models import Clock
from escalation.working_time.due_time import working_between
from escalation.working_time.lookup import HoursByVersion
from tickets.models import Ticket
from tickets.models.ticket import TicketQuerySet

OF_A_KIND = (
    "promises",
    "breached",
    "outcome",
    "due_at",
    "due_local",
    "answered_at",
    "answered_local",
    "answered_by",
    "seconds",
)
KINDS = tuple(ClockKind.values)  # which the enumeration would collect anew for each row
PROMISE_COLUMNS = tuple(f"{kind}_{column}" for kind in KINDS for column in OF_A_KIND)
CONTACT_COLUMNS = ("contact_name", "contact_email")
COLUMNS = (*tickets_csv.COLUMNS, *CONTACT_COLUMNS, *PROMISE_COLUMNS)
WITHOUT_PROMISE: list[Cell] = [0, 0, *[None] * (len(OF_A_KIND) - 2)]
BREACHED = ClockState.BREACHED.value
FIRST_ROWS = 50  # read before the first byte leaves


class ListedPromise(NamedTuple):
    """The database's values for one promise, in the order of PATHS and TIMES; its times are text (`written_times`)."""

    pk: int
    ticket_id: int
    kind: str
    state: str
    calendar_id: int
    calendar_version: int
    answered_by_id: int | None
    author_id: int | None
    started_at: str
    due_at: str
    stopped_at: str | None


PATHS = (
    "pk",
    "ticket_id",
    "kind",
    "state",
    "calendar_id",
    "calendar_version",
    "answered_by_id",
    "answered_by__author_id",
)
TIMES = ("started_at", "due_at", "stopped_at")

PromisesByKind = dict[str, list[ListedPromise]]


def tickets_response(
    tickets: TicketQuerySet, *, zone: tzinfo, filename: str = "tickets.csv"
) -> StreamingHttpResponse:
    """Stream a filtered list as a download; fire drills are left out, as from every figure.

    `tickets` is filtered and ordered and holds only tickets that the reader may see; `zone` is the reader's.
    """
    rows = list_rows(tickets.real(), people=load_people(), zone=zone)
    response = StreamingHttpResponse(CsvSheet(COLUMNS).chunks(rows), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    response.headers["Cache-Control"] = "no-store"
    return response


def list_rows(tickets: TicketQuerySet, *, people: People, zone: tzinfo) -> Iterator[list[Cell]]:
    """Stream the rows: one query for the keys, then two for every two thousand tickets and their promises.

    A query for all rows at once would be read whole before the first byte leaves.
    """
    hours = HoursByVersion()
    for keys in _batches(tickets.values_list("pk", flat=True)):
        promises = _promises_by_ticket(keys)
        for ticket in _tickets(keys):
            row = ticket_row(ticket, people=people, zone=zone)
            row += ticket.contact, ticket.contact_email
            of_ticket = promises.get(ticket.pk)
            for kind in KINDS:
                of_kind = of_ticket.get(kind) if of_ticket else None
                row += _cells(of_kind, hours, people, zone) if of_kind else WITHOUT_PROMISE
            yield row


def _batches(tickets: QuerySet[Ticket, int]) -> Iterator[Sequence[int]]:
    """The keys in their order: a few first, so that the download begins at once, then more and more."""
    keys = array("q", tickets.iterator(ROWS_AT_A_TIME))
    begin, size = 0, FIRST_ROWS
    while begin < len(keys):
        yield keys[begin : begin + size].tolist()
        begin, size = begin + size, min(4 * size, ROWS_AT_A_TIME)


def _tickets(keys: Sequence[int]) -> Iterator[TicketRow]:
    """These tickets in the order of the keys; one that was removed meanwhile is left out."""
    tickets = Ticket.objects.filter(AmongKeys("pk", keys)).order_by()
    rows = texts_of(tickets, paths=tickets_csv.PATHS, times=tickets_csv.TIMES)
    by_key = {row.pk: row for row in map(TicketRow._make, rows)}
    return (by_key[key] for key in keys if key in by_key)


def _promises_by_ticket(tickets: Sequence[int]) -> Mapping[int, PromisesByKind]:
    """The promises of each ticket by kind. Not ordered: PostgreSQL would read all promises in that order instead."""
    clocks = Clock.objects.filter(AmongKeys("ticket_id", tickets)).order_by()
    by_ticket: defaultdict[int, PromisesByKind] = defaultdict(dict)
    for promise in map(ListedPromise._make, texts_of(clocks, paths=PATHS, times=TIMES)):
        by_ticket[promise.ticket_id].setdefault(promise.kind, []).append(promise)
    return by_ticket


def _cells(
    promises: Sequence[ListedPromise], hours: HoursByVersion, people: People, zone: tzinfo
) -> list[Cell]:
    newest = promises[0] if len(promises) == 1 else max(promises, key=attrgetter("started_at", "pk"))
    answered_at = newest.stopped_at if newest.answered_by_id is not None else None
    seconds = None
    if answered_at is not None:
        of_calendar = hours[newest.calendar_id, newest.calendar_version]
        seconds = (
            working_between(of_calendar, parse_time(newest.started_at), parse_time(answered_at)) // SECOND
        )
    return [
        len(promises),
        [promise.state for promise in promises].count(BREACHED),
        newest.state,
        *time_columns(newest.due_at, zone),
        *time_columns(answered_at, zone),
        people[newest.author_id].name,
        seconds,
    ]

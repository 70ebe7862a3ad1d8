"""Writes the ledger: every change of a clock appends one line with before and after, actor, cause and holder."""

import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User

from escalation.choices import ClockChange
from escalation.clocks.line_hashes import hash_of_line, newest_hashes
from escalation.models import Clock, ClockEvent
from tickets.lib.bulk_insert import NewRow, insert_all
from tickets.models import Message
from tickets.repeated_words import CUT
from tickets.services.evidence import digest_for_good

ADDRESS = re.compile(r"[\w.+%=-]{1,64}@[\w.-]{1,255}")
LONGEST_CAUSE = 300


@dataclass(frozen=True)
class ChangeContext:
    """Who makes a change, when the desk records it (UTC), and why.

    ``since`` (UTC) is when it took effect, if that was earlier.
    """

    at: datetime
    actor: User | None
    cause: str = ""
    since: datetime | None = None

    @property
    def effective(self) -> datetime:
        return self.since or self.at

    @property
    def kept_cause(self) -> str:
        """The cause as the ledger keeps it for good: without email addresses, as those of a bounce."""
        return ADDRESS.sub(CUT, self.cause)[:LONGEST_CAUSE]


@dataclass(frozen=True)
class Before:
    """State and due time of a clock before a change."""

    state: str
    due_at: datetime | None

    @classmethod
    def of(cls, clock: Clock) -> "Before":
        return cls(clock.state, clock.due_at)


NOTHING = Before("", None)


def event_row(
    clock: Clock,
    change: ClockChange,
    context: ChangeContext,
    *,
    before: Before | None = None,
    at: datetime | None = None,
    message: Message | None = None,
    holder_id: int | None = None,
    **data: object,
) -> NewRow[ClockEvent]:
    """A line that is not saved yet. ``at`` (UTC) is when the change took effect, if the context does not say it.

    ``before`` is for a change of the state or the due time; without it both are taken from the clock.
    """
    values = {
        "clock_id": clock.pk,
        "change": change,
        "at": at or context.effective,
        "recorded_at": context.at,
        "actor_id": context.actor.pk if context.actor is not None else None,
        "holder_id": holder_id or clock.ticket.owner_id,
        "message_id": message.pk if message is not None else None,
        "state_before": before.state if before is not None else clock.state,
        "state_after": clock.state,
        "due_before": before.due_at if before is not None else clock.due_at,
        "due_after": clock.due_at,
        "cause": context.kept_cause,
        "data": data,
        "words": digest_for_good(message) if message is not None else None,
    }
    return NewRow(ClockEvent, values)


def append_all(rows: Sequence[NewRow[ClockEvent]]) -> None:
    """Link these lines to those before them, and insert them in their order. Needs the locks of the tickets."""
    insert_all(_linked(rows))


def _linked(rows: Sequence[NewRow[ClockEvent]]) -> list[NewRow[ClockEvent]]:
    """The lines with their hashes. A line that starts its clock has none before it."""
    begun = {row.values["clock_id"] for row in rows if not row.values["state_before"]}
    newest = newest_hashes({row.values["clock_id"] for row in rows} - begun)
    linked = []
    for row in rows:
        clock = row.values["clock_id"]
        newest[clock] = hash_of_line(row.values, previous=newest.get(clock))
        linked.append(NewRow(ClockEvent, {**row.values, "hash": newest[clock]}))
    return linked


def append_event(
    clock: Clock,
    change: ClockChange,
    context: ChangeContext,
    *,
    before: Before | None = None,
    at: datetime | None = None,
    message: Message | None = None,
    holder_id: int | None = None,
    **data: object,
) -> None:
    """Save one line; the arguments are those of `event_row`."""
    append_all(
        [
            event_row(
                clock, change, context, before=before, at=at, message=message, holder_id=holder_id, **data
            )
        ]
    )


def past_holders(clocks: Collection[int]) -> Mapping[int, set[int]]:
    """By clock, everybody who ever held the promise. One query, or none without clocks."""
    held: defaultdict[int, set[int]] = defaultdict(set)
    if clocks:
        rows = ClockEvent.objects.filter(clock__in=clocks).order_by().values_list("clock", "holder")
        for clock, holder in rows.distinct():
            held[clock].add(holder)
    return held

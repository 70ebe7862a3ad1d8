"""changes.csv: in a correction, each promise that is judged otherwise than in the revision before, and why."""

from collections.abc import Iterable, Iterator
from datetime import tzinfo

from escalation.exports.bulk_reading import People
from escalation.exports.changed_judgements import ChangedJudgement, causes
from escalation.exports.promises import JudgedPromise
from escalation.exports.tickets_csv import priority_code
from escalation.lib.csv_sheets import Cell, iso_time, local_time
from tickets.models.ticket import ticket_number

COLUMNS = (
    "promise",
    "ticket",
    "customer_code",
    "customer",
    "kind",
    "priority",
    "due_at",
    "due_local",
    "outcome_before",
    "outcome_after",
    "counted_before",
    "counted_after",
    "answered_at_before",
    "answered_at_after",
    "answered_local_before",
    "answered_local_after",
    "waived_before",
    "waived_after",
    "recorded_at",
    "recorded_local",
    "ledger_lines",
    "by",
    "cause",
    "local_zone",
)


def change_rows(changes: Iterable[ChangedJudgement], *, people: People, zone: tzinfo) -> Iterator[list[Cell]]:
    """The rows; the lines of the ledger that made the difference are named in their order, each word once."""
    for change in changes:
        clock, before, after = change.clock, change.before, change.after
        lines = [recorded.line for recorded in change.lines]
        answered_before, answered_after = (
            promise.answered_at if promise is not None else None for promise in (before, after)
        )
        recorded_at = change.lines[-1].recorded_at if change.lines else None
        yield [
            clock.pk,
            ticket_number(clock.ticket_id),
            clock.customer_code,
            clock.customer,
            clock.kind,
            priority_code(clock.priority),
            iso_time(clock.due_at),
            local_time(clock.due_at, zone),
            outcome(before),
            outcome(after),
            before is not None and before.is_decided_here,
            after is not None and after.is_decided_here,
            iso_time(answered_before),
            iso_time(answered_after),
            local_time(answered_before, zone),
            local_time(answered_after, zone),
            is_waived(before),
            is_waived(after),
            iso_time(recorded_at),
            local_time(recorded_at, zone),
            "; ".join(dict.fromkeys(line.change for line in lines)),
            "; ".join(dict.fromkeys(people[line.actor].username for line in lines if line.actor)),
            "; ".join(causes(change)),
            str(zone),
        ]


def outcome(promise: JudgedPromise | None) -> str:
    """The outcome at the end of the week; empty for a promise that was not on its list."""
    return promise.verdict.state.value if promise is not None else ""


def is_waived(promise: JudgedPromise | None) -> bool:
    return promise is not None and promise.clock.waived_at is not None

"""promises.csv: one row per clock, as it stood when the week ended; waivers as they are known when it is written."""

from zoneinfo import ZoneInfo

from escalation.exports.promises import WeekPromise
from escalation.exports.roster import Roster
from escalation.exports.tickets_csv import priority_code
from escalation.lib.csv_sheets import Cell, iso_time, local_time
from tickets.models.ticket import ticket_number

COLUMNS = (
    "promise",
    "ticket",
    "customer_code",
    "customer",
    "account_manager",
    "owner",
    "kind",
    "priority",
    "policy",
    "policy_version",
    "contract",
    "window_minutes",
    "calendar_version",
    "started_at",
    "started_local",
    "due_at",
    "due_local",
    "raised_at",
    "outcome",
    "counts_this_week",
    "answered_at",
    "answered_local",
    "answered_by",
    "response_minutes",
    "near_miss",
    "breached_at",
    "breach_detected_at",
    "held_by",
    "waived_at",
    "waived_by",
    "waive_reason",
    "answer_recorded_at",
    "answer_backdated",
    "start_recorded_at",
    "start_backdated",
    "channels_promised",
    "answered_through",
)


def promise_row(promise: WeekPromise, *, roster: Roster, zone: ZoneInfo) -> list[Cell]:
    """Minutes are working minutes of the promise's calendar; `held_by` lists who held it how many of them."""
    clock, breached_at = promise.clock, promise.breached_at
    return [
        clock.pk,
        ticket_number(clock.ticket_id),
        clock.customer_code,
        clock.customer,
        roster[clock.account_manager_id].username,
        roster[clock.owner_id].username,
        clock.kind,
        priority_code(clock.priority),
        clock.policy,
        clock.policy_version,
        clock.contract,
        clock.minutes,
        clock.calendar_version,
        iso_time(clock.started_at),
        local_time(clock.started_at, zone),
        iso_time(clock.due_at),
        local_time(clock.due_at, zone),
        iso_time(clock.raised_at),
        promise.verdict.state.value,
        promise.counts,
        iso_time(promise.answered_at),
        local_time(promise.answered_at, zone),
        roster[clock.author_id].username if promise.answered_at else "",
        round(promise.response.total_seconds() / 60, 1) if promise.response is not None else None,
        promise.is_near_miss,
        iso_time(breached_at),
        iso_time(clock.detected_at) if breached_at else "",
        _held_by(promise, roster),
        iso_time(clock.waived_at),
        roster[clock.waived_by_id].username,
        clock.waive_reason,
        iso_time(clock.recorded_at) if promise.answered_at else "",
        promise.is_backdated,
        iso_time(clock.start_recorded_at),
        promise.is_start_backdated,
        "; ".join(promise.ways_promised),
        "; ".join(promise.ways_of_the_answer),
    ]


def _held_by(promise: WeekPromise, roster: Roster) -> str:
    return "; ".join(
        f"{roster[holder_id].username} {time.total_seconds() / 60:.0f}"
        for holder_id, time in promise.held.items()
    )

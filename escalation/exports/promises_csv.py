"""promises.csv: one row per clock in its state at the end of the week; waivers count whenever they were granted."""

from datetime import datetime
from zoneinfo import ZoneInfo

from escalation.choices import RESPONSE_KINDS, ClockState
from escalation.clocks.served_channels import ways_served_by
from escalation.exports.bulk_reading import People
from escalation.exports.promises import ClockRow, JudgedPromise
from escalation.exports.tickets_csv import priority_code
from escalation.lib.csv_sheets import Cell, iso_time, local_time
from tickets.models.message import BACKDATED_AFTER
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


def promise_row(promise: JudgedPromise, *, people: People, zone: ZoneInfo) -> list[Cell]:
    """The row of a promise. Minutes are working minutes of its calendar; `held_by` lists each holder with theirs."""
    clock, verdict = promise.clock, promise.verdict
    breached_at = verdict.decided_at if verdict.state == ClockState.BREACHED else None
    start_recorded_at = clock.start_recorded_at if clock.starter_id is not None else None
    held_by = "; ".join(
        f"{people[holder_id].username} {time.total_seconds() / 60:.0f}"
        for holder_id, time in promise.held.items()
    )
    return [
        clock.pk,
        ticket_number(clock.ticket_id),
        clock.customer_code,
        clock.customer,
        people[clock.account_manager_id].username,
        people[clock.owner_id].username,
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
        verdict.state.value,
        promise.is_decided_here,
        iso_time(promise.answered_at),
        local_time(promise.answered_at, zone),
        people[clock.author_id].username if promise.answered_at else "",
        round(promise.response.total_seconds() / 60, 1) if promise.response is not None else None,
        promise.is_near_miss,
        iso_time(breached_at),
        iso_time(clock.detected_at) if breached_at else "",
        held_by,
        iso_time(clock.waived_at),
        people[clock.waived_by_id].username,
        clock.waive_reason,
        iso_time(clock.recorded_at) if promise.answered_at else "",
        _is_backdated(promise.answered_at, clock.recorded_at),
        iso_time(clock.start_recorded_at),
        _is_backdated(clock.started_at, start_recorded_at),
        "; ".join(_promised_ways(clock)),
        "; ".join(_answered_ways(promise)),
    ]


def _is_backdated(at: datetime | None, recorded_at: datetime | None) -> bool:
    """True if it was entered later than a logged contact may be without a mark; never for a mail."""
    return at is not None and recorded_at is not None and recorded_at - at > BACKDATED_AFTER


def _promised_ways(clock: ClockRow) -> list[str]:
    """The promised ways to answer (values of Way); only promises of an answer have any."""
    return clock.channels.get(str(clock.priority), []) if clock.kind in RESPONSE_KINDS else []


def _answered_ways(promise: JudgedPromise) -> list[str]:
    """The ways that the answer served (values of Way)."""
    clock = promise.clock
    if promise.answered_at is None or clock.answer_channel is None:
        return []
    managers = (clock.account_manager_id, clock.backup_manager_id)
    return [way.value for way in ways_served_by(clock.answer_channel, clock.author_id, managers)]

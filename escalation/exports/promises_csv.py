"""promises.csv: one row per clock in its state at the end of the week; waivers count whenever they were granted."""

from datetime import datetime
from zoneinfo import ZoneInfo

from escalation.choices import RESPONSE_KINDS, ClockState
from escalation.clocks.served_channels import ways_served_by
from escalation.exports.bulk_reading import People
from escalation.exports.clock_rows import ClockRow
from escalation.exports.held_seconds import SECOND, share_text, shares_of, whole_seconds
from escalation.exports.promises import JudgedPromise
from escalation.exports.tickets_csv import priority_code
from escalation.lib.csv_sheets import Cell, iso_time, local_time
from tickets.models.message import BACKDATED_AFTER
from tickets.models.ticket import ticket_number

COLUMNS = (
    "promise",
    "ticket",
    "customer_code",
    "customer",
    "scenario",
    "account_manager",
    "account_manager_name",
    "account_manager_team",
    "owner",
    "owner_name",
    "owner_team",
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
    "raised_local",
    "outcome",
    "counts_this_week",
    "answered_at",
    "answered_local",
    "answered_this_week",
    "answered_by",
    "answered_by_name",
    "response_seconds",
    "left_seconds",
    "near_miss",
    "breached_at",
    "breached_local",
    "breach_detected_at",
    "breach_detected_local",
    "overdue_seconds",
    "held_by",
    "breach_shares",
    "waived_at",
    "waived_local",
    "waived_by",
    "waived_by_name",
    "waive_reason",
    "answer_recorded_at",
    "answer_recorded_local",
    "answer_backdated",
    "start_recorded_at",
    "start_recorded_local",
    "start_backdated",
    "channels_promised",
    "answered_through",
    "local_zone",
)


def promise_row(promise: JudgedPromise, *, people: People, zone: ZoneInfo) -> list[Cell]:
    """The row of a promise. Seconds are of its calendar's working time; `held_by` lists each holder with theirs."""
    clock = promise.clock
    return [
        clock.pk,
        ticket_number(clock.ticket_id),
        *_parties(clock, people),
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
        local_time(clock.raised_at, zone),
        promise.verdict.state.value,
        promise.is_decided_here,
        *_answer(promise, people, zone),
        *_breach(promise, people, zone),
        iso_time(clock.waived_at),
        local_time(clock.waived_at, zone),
        people[clock.waived_by_id].username,
        people[clock.waived_by_id].name,
        clock.waive_reason,
        *_records(promise, zone),
        "; ".join(_promised_ways(clock)),
        "; ".join(_answered_ways(promise)),
        zone.key,
    ]


def _parties(clock: ClockRow, people: People) -> list[Cell]:
    manager, owner = people[clock.account_manager_id], people[clock.owner_id]
    return [
        clock.customer_code,
        clock.customer,
        clock.own_scenario or clock.customer_scenario,
        manager.username,
        manager.name,
        manager.team,
        owner.username,
        owner.name,
        owner.team,
    ]


def _answer(promise: JudgedPromise, people: People, zone: ZoneInfo) -> list[Cell]:
    author = people[promise.clock.author_id if promise.answered_at else None]
    is_met = promise.verdict.state == ClockState.MET
    return [
        iso_time(promise.answered_at),
        local_time(promise.answered_at, zone),
        promise.is_answered_here,
        author.username,
        author.name,
        promise.response // SECOND if promise.response is not None else None,
        promise.margin // SECOND if is_met and promise.margin is not None else None,
        promise.is_near_miss,
    ]


def _breach(promise: JudgedPromise, people: People, zone: ZoneInfo) -> list[Cell]:
    """When it was broken and noticed, by how much, and the holders, who share it."""
    held = whole_seconds(promise.held)
    held_by = "; ".join([f"{people[pk].username} {seconds}" for pk, seconds in held.items()])
    if promise.verdict.state != ClockState.BREACHED:
        return [None, None, None, None, None, held_by, None]
    shares = shares_of(held)
    return [
        iso_time(promise.verdict.decided_at),
        local_time(promise.verdict.decided_at, zone),
        iso_time(promise.clock.detected_at),
        local_time(promise.clock.detected_at, zone),
        promise.margin // SECOND if promise.margin is not None else None,
        held_by,
        "; ".join([f"{people[pk].username} {share_text(share)}" for pk, share in shares.items()]),
    ]


def _records(promise: JudgedPromise, zone: ZoneInfo) -> list[Cell]:
    """When answer and start were recorded, and whether later than a logged contact may be without a mark."""
    clock = promise.clock
    recorded_at = clock.recorded_at if promise.answered_at else None
    start_recorded_at = clock.start_recorded_at if clock.starter_id is not None else None
    return [
        iso_time(recorded_at),
        local_time(recorded_at, zone),
        _is_backdated(promise.answered_at, recorded_at),
        iso_time(clock.start_recorded_at),
        local_time(clock.start_recorded_at, zone),
        _is_backdated(clock.started_at, start_recorded_at),
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

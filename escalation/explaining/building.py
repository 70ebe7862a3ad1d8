"""Builds the facts of an explanation from loaded rows. Pure: no query, no clock, no language."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User

from customers.models import Contract
from customers.names import name_of
from escalation.choices import ClockChange, ClockState
from escalation.clocks.served_channels import Served
from escalation.explaining.counting import ZERO, CountedStretch, StretchKind, count_out, total_of
from escalation.explaining.evidence import evidence_of
from escalation.explaining.facts import (
    Agreement,
    Count,
    Explanation,
    Fired,
    Happening,
    Holder,
    TermsFact,
    Through,
    ToldPerson,
    Waiver,
)
from escalation.explaining.hours import hours_told
from escalation.exports.promises import HOLDER_CHANGES, Holding, held_times
from escalation.models import Clock, ClockEvent, Escalation, Notification
from escalation.working_time.due_time import Stretch, WorkingHours, working_between
from tickets.models.ticket import ticket_number

ENDS = (ClockChange.MET, ClockChange.ANSWERED_LATE, ClockChange.CANCELLED)


@dataclass(frozen=True)
class LoadedPromise:
    """A promise with its ledger in the order it was written, its steps, and the working hours it counts in."""

    clock: Clock
    hours: WorkingHours
    events: Sequence[ClockEvent]
    steps: Sequence[Escalation]
    served: Sequence[Served] = ()


@dataclass(frozen=True)
class _Pause:
    span: Stretch
    granted: timedelta


def _customer_zone(clock: Clock) -> str:
    """The contract's own zone, else the customer's; empty for an unknown company."""
    customer = clock.ticket.customer
    own = clock.contract.time_zone if clock.contract is not None else ""
    return own or (customer.time_zone if customer else "")


def explained(rows: LoadedPromise, *, now: datetime) -> Explanation:
    """The facts of a promise as of `now` (UTC)."""
    clock, story = rows.clock, tuple(_story(rows))
    customer = clock.ticket.customer
    late = _late(clock, now)
    return Explanation(
        promise=clock.pk,
        ticket=clock.ticket.number,
        subject=clock.ticket.subject,
        customer=customer.name if customer else "",
        customer_zone=_customer_zone(clock),
        kind=clock.kind,
        priority=clock.priority,
        state=clock.state,
        explained_at=now,
        started_at=clock.started_at,
        due_at=clock.due_at,
        stopped_at=clock.stopped_at,
        breached_at=clock.breached_at,
        detected_at=clock.detected_at,
        start=evidence_of(clock.started_by),
        terms=_terms(clock, rows.hours),
        count=_count(rows, now),
        story=story,
        held=tuple(_held(rows, now)),
        through=tuple(map(_through, rows.served)),
        waiver=_waiver(clock),
        end=_end(clock, story),
        late_by=late.length if late else None,
        late_working=working_between(rows.hours, late.start, late.end) if late else None,
    )


def _late(clock: Clock, now: datetime) -> Stretch | None:
    """From the due time until it was done or called off, or until now."""
    until = clock.stopped_at or now
    is_late = clock.state == ClockState.BREACHED and until > clock.due_at
    return Stretch(clock.due_at, until) if is_late else None


def _terms(clock: Clock, hours: WorkingHours) -> TermsFact:
    version = clock.policy_version
    return TermsFact(
        contract=_agreement(clock.contract),
        policy=version.policy.name,
        policy_version=version.number,
        policy_since=version.created_at,
        window_minutes=clock.minutes,
        contract_window_since=clock.contract_window.created_at if clock.contract_window else None,
        counts_from=clock.window_starts_at,
        calendar=hours_told(clock, hours),
    )


def _agreement(contract: Contract | None) -> Agreement | None:
    if contract is None:
        return None
    ends = contract.ends_on.isoformat() if contract.ends_on else None
    return Agreement(contract.reference, contract.plan.name, contract.starts_on.isoformat(), ends)


def _count(rows: LoadedPromise, now: datetime) -> Count:
    clock = rows.clock
    window = Stretch(clock.window_starts_at, clock.due_at)
    pauses = list(_pauses(rows.events, since=window.start))
    until = min(clock.paused_at or clock.stopped_at or now, window.end)
    spans = [pause.span for pause in pauses]
    pieces = count_out(rows.hours, window, until=until, pauses=spans)
    granted = sum((pause.granted for pause in pauses), ZERO)
    return Count(
        pieces=tuple(_foreseeable(pieces, clock)),
        counted=total_of(pieces, StretchKind.COUNTED),
        left=total_of(pieces, StretchKind.LEFT),
        carried=_carried(granted - total_of(pieces, StretchKind.PAUSED), pauses),
        window=timedelta(minutes=clock.minutes),
    )


def _carried(beside: timedelta, pauses: Sequence[_Pause]) -> timedelta:
    """Nothing, if only the fractions are missing that the ledger cuts off its seconds."""
    return beside if abs(beside) > timedelta(seconds=len(pauses)) else ZERO


def _foreseeable(pieces: Sequence[CountedStretch], clock: Clock) -> Iterator[CountedStretch]:
    """While a promise stands still, nobody knows when the rest of its window will run."""
    return (piece for piece in pieces if clock.paused_at is None or piece.part is not StretchKind.LEFT)


def _pauses(events: Sequence[ClockEvent], *, since: datetime) -> Iterator[_Pause]:
    """The pauses that ended and moved the due time of the window that began at `since`.

    Beyond the policy's cap a clock runs on, so that a pause may end before the line that says so was written.
    """
    start: datetime | None = None
    for event in events:
        if event.change == ClockChange.PAUSED:
            start = event.at
        elif event.change == ClockChange.RESUMED and start is not None and event.recorded_at > since:
            yield _Pause(Stretch(start, event.at), timedelta(seconds=event.data["seconds"]))


def _story(rows: LoadedPromise) -> Iterator[Happening]:
    """The ledger's lines, each with the priority around it and the step it records."""
    steps = {step.pk: step for step in rows.steps}
    # Lines of long ago name the share only, which was fired once.
    steps_by_share = {step.step.percent: step for step in rows.steps if step.step is not None}
    priority: int | None = None
    for event in rows.events:
        after = int(event.data.get("priority", rows.clock.priority if priority is None else priority))
        data = event.data
        step = steps.get(data.get("escalation", 0)) or steps_by_share.get(data.get("percent"))
        yield _happening(event, priority, after, step if event.change == ClockChange.STEP else None)
        priority = after


def _happening(event: ClockEvent, before: int | None, after: int, step: Escalation | None) -> Happening:
    seconds, until = event.data.get("seconds"), event.data.get("until")
    return Happening(
        change=event.change,
        at=event.at,
        recorded_at=event.recorded_at,
        actor=_name(event.actor),
        holder=_name(event.holder),
        cause=event.cause,
        state_after=event.state_after,
        due_before=event.due_before,
        due_after=event.due_after,
        priority_before=before,
        priority_after=after,
        window_minutes=event.data.get("minutes"),
        paused=None if seconds is None else timedelta(seconds=seconds),
        is_late_lowering=bool(event.data.get("late")),
        is_relaxed=bool(event.data.get("relaxed")),
        is_under_other_terms="policy_version" in event.data,
        merged_from=_number(event.data.get("source")),
        merged_into=_number(event.data.get("target")),
        evidence=evidence_of(event.message),
        step=_fired(step) if step is not None else None,
        quiet_until=None if until is None else datetime.fromisoformat(until),
        taken_by=event.data.get("by", ""),
        is_kept=bool(event.data.get("kept")),
    )


def _told(notification: Notification) -> str:
    """The person, or whose group it was."""
    group = notification.rota or notification.customer
    return str(group) if group is not None else _name(notification.recipient)


def _fired(step: Escalation) -> Fired:
    return Fired(
        percent=step.step.percent if step.step is not None else None,
        when=step.step.when if step.step is not None else "",
        due_at=step.due_at,
        fired_at=step.fired_at,
        from_owner=_name(step.from_owner),
        to_owner=_name(step.to_owner),
        told=tuple(ToldPerson(_told(one), one.kind) for one in step.notifications.all()),
    )


def _held(rows: LoadedPromise, now: datetime) -> Iterator[Holder]:
    changes = sorted(
        (event for event in rows.events if event.change in HOLDER_CHANGES),
        key=lambda event: (event.at, event.pk),
    )
    names = {event.holder_id: _name(event.holder) for event in changes}
    holdings = [Holding(event.at, event.holder_id) for event in changes]
    clock = rows.clock
    until = clock.stopped_at or now
    held = held_times(holdings, hours=rows.hours, start=clock.started_at, until=until)
    return (Holder(names[holder], time) for holder, time in held.items())


def _through(served: Served) -> Through:
    proof = served.proof
    if proof is None:
        return Through(served.way.value, None, "", "", None)
    return Through(served.way.value, proof.at, _name(proof.by), proof.whom, proof.message)


def _waiver(clock: Clock) -> Waiver | None:
    if clock.waived_at is None:
        return None
    return Waiver(clock.waived_at, _name(clock.waived_by), clock.waive_reason)


def _end(clock: Clock, story: Sequence[Happening]) -> Happening | None:
    """The line that ended it; one whose answer was taken back since is none."""
    if clock.is_open:
        return None
    return next((line for line in reversed(story) if line.change in ENDS), None)


def _number(ticket: int | None) -> str:
    return ticket_number(ticket) if ticket is not None else ""


def _name(user: User | None) -> str:
    return name_of(user) if user is not None else ""

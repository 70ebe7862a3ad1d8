"""Builds the facts of an explanation from loaded rows: no query, no clock, no text in any language."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User

from customers.models import Contract
from customers.names import name_of
from escalation.choices import ClockChange, ClockState
from escalation.clocks.pause_lines import in_force
from escalation.clocks.served_channels import Served
from escalation.explaining.counting import ZERO, CountedStretch, StretchKind, count_out, total_of
from escalation.explaining.facts import (
    ContractInForce,
    Evidence,
    Explanation,
    FiredStep,
    Holder,
    LedgerEntry,
    NotifiedPerson,
    OtherDay,
    PromisedHours,
    PromisedTerms,
    SentMail,
    Waiver,
    WayServed,
    WindowCount,
)
from escalation.exports.clock_rows import HOLDER_CHANGES, Holding
from escalation.exports.promises import held_times
from escalation.models import Clock, ClockEvent, Escalation, Notification
from escalation.working_time.due_time import Interval, Stretch, WorkingHours, working_between
from escalation.working_time.validation import zone_named
from tickets.models import InboundEmail, Message, OutboundEmail
from tickets.models.ticket import ticket_number

MINUTES_A_DAY = 24 * 60
ENDS = (ClockChange.MET, ClockChange.ANSWERED_LATE, ClockChange.CANCELLED)


@dataclass(frozen=True)
class LoadedPromise:
    """A promise with its ledger in the order it was written, its steps, and the working hours it is counted in."""

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
    contract_zone = clock.contract.time_zone if clock.contract is not None else ""
    return contract_zone or (customer.time_zone if customer else "")


def collect_facts(rows: LoadedPromise, *, now: datetime) -> Explanation:
    """The facts of a promise as of `now` (UTC)."""
    clock, story = rows.clock, tuple(_ledger_entries(rows))
    customer = clock.ticket.customer
    late = _lateness(clock, now)
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
        held=tuple(_holders(rows, now)),
        through=tuple(map(_way_served, rows.served)),
        waiver=_waiver(clock),
        end=_end_entry(clock, story),
        late_by=late.length if late else None,
        late_working=working_between(rows.hours, late.start, late.end) if late else None,
    )


def _lateness(clock: Clock, now: datetime) -> Stretch | None:
    """From the due time until it was kept or cancelled, or until now; None if it is not late."""
    until = clock.stopped_at or now
    is_late = clock.state == ClockState.BREACHED and until > clock.due_at
    return Stretch(clock.due_at, until) if is_late else None


def _terms(clock: Clock, hours: WorkingHours) -> PromisedTerms:
    version = clock.policy_version
    return PromisedTerms(
        contract=_contract_in_force(clock.contract),
        policy=version.policy.name,
        policy_version=version.number,
        policy_since=version.created_at,
        window_minutes=clock.minutes,
        contract_window_since=clock.contract_window.created_at if clock.contract_window else None,
        counts_from=clock.window_starts_at,
        calendar=promised_hours(clock, hours),
    )


def _contract_in_force(contract: Contract | None) -> ContractInForce | None:
    if contract is None:
        return None
    ends = contract.ends_on.isoformat() if contract.ends_on else None
    return ContractInForce(contract.reference, contract.plan.name, contract.starts_on.isoformat(), ends)


def _count(rows: LoadedPromise, now: datetime) -> WindowCount:
    clock = rows.clock
    window = Stretch(clock.window_starts_at, clock.due_at)
    pauses = list(_pauses(rows.events, since=window.start))
    until = min(clock.paused_at or clock.stopped_at or now, window.end)
    spans = [pause.span for pause in pauses]
    pieces = count_out(rows.hours, window, until=until, pauses=spans)
    granted = sum((pause.granted for pause in pauses), ZERO)
    return WindowCount(
        pieces=tuple(_foreseeable(pieces, clock)),
        counted=total_of(pieces, StretchKind.COUNTED),
        left=total_of(pieces, StretchKind.LEFT),
        carried=_carried(granted - total_of(pieces, StretchKind.PAUSED), pauses),
        window=timedelta(minutes=clock.minutes),
    )


def _carried(beside: timedelta, pauses: Sequence[_Pause]) -> timedelta:
    """The carried time; zero if only fractions of a second are missing, because the ledger records whole seconds."""
    return beside if abs(beside) > timedelta(seconds=len(pauses)) else ZERO


def _foreseeable(pieces: Sequence[CountedStretch], clock: Clock) -> Iterator[CountedStretch]:
    """The stretches known so far: while the promise is paused, nobody knows when the rest of the window will run."""
    return (piece for piece in pieces if clock.paused_at is None or piece.part is not StretchKind.LEFT)


def _pauses(events: Sequence[ClockEvent], *, since: datetime) -> Iterator[_Pause]:
    """The finished pauses that moved the due time of the window that began at `since`.

    A clock resumes after the longest pause that its policy allows, so a pause may end before the line that records
    it.
    """
    start: datetime | None = None
    for event in in_force(events):
        if event.change == ClockChange.PAUSED:
            start = event.at
        elif event.change == ClockChange.RESUMED and start is not None and event.recorded_at > since:
            yield _Pause(Stretch(start, event.at), timedelta(seconds=event.data["seconds"]))


def _ledger_entries(rows: LoadedPromise) -> Iterator[LedgerEntry]:
    """The lines of the ledger, each with the priority before and after it and the step it records."""
    steps = {step.pk: step for step in rows.steps}
    # Old lines identify a step only by its share of the window; each share fired once.
    steps_by_share = {step.step.percent: step for step in rows.steps if step.step is not None}
    priority: int | None = None
    for event in rows.events:
        after = int(event.data.get("priority", rows.clock.priority if priority is None else priority))
        data = event.data
        step = steps.get(data.get("escalation", 0)) or steps_by_share.get(data.get("percent"))
        yield _ledger_entry(event, priority, after, step if event.change == ClockChange.STEP else None)
        priority = after


def _ledger_entry(event: ClockEvent, before: int | None, after: int, step: Escalation | None) -> LedgerEntry:
    seconds, until = event.data.get("seconds"), event.data.get("until")
    return LedgerEntry(
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
        step=_fired_step(step) if step is not None else None,
        quiet_until=None if until is None else datetime.fromisoformat(until),
        taken_by=event.data.get("by", ""),
        is_kept=bool(event.data.get("kept")),
        is_corrected="corrected" in event.data,
    )


def _notified(notification: Notification) -> str:
    """The name of the person, or of the rota or customer whose group was notified."""
    group = notification.rota or notification.customer
    return str(group) if group is not None else _name(notification.recipient)


def _fired_step(step: Escalation) -> FiredStep:
    return FiredStep(
        percent=step.step.percent if step.step is not None else None,
        when=step.step.when if step.step is not None else "",
        due_at=step.due_at,
        fired_at=step.fired_at,
        from_owner=_name(step.from_owner),
        to_owner=_name(step.to_owner),
        told=tuple(
            NotifiedPerson(_notified(notification), notification.kind)
            for notification in step.notifications.all()
        ),
    )


def _holders(rows: LoadedPromise, now: datetime) -> Iterator[Holder]:
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


def _way_served(served: Served) -> WayServed:
    proof = served.proof
    if proof is None:
        return WayServed(served.way.value, None, "", "", None)
    return WayServed(served.way.value, proof.at, _name(proof.by), proof.whom, proof.message)


def _waiver(clock: Clock) -> Waiver | None:
    if clock.waived_at is None:
        return None
    return Waiver(clock.waived_at, _name(clock.waived_by), clock.waive_reason)


def _end_entry(clock: Clock, story: Sequence[LedgerEntry]) -> LedgerEntry | None:
    """The line that ended the promise; None if its answer was later revoked."""
    if clock.is_open:
        return None
    return next((line for line in reversed(story) if line.change in ENDS), None)


def _number(ticket: int | None) -> str:
    return ticket_number(ticket) if ticket is not None else ""


def _name(user: User | None) -> str:
    return name_of(user) if user is not None else ""


def promised_hours(clock: Clock, hours: WorkingHours) -> PromisedHours:
    """The weekly working hours, and the exceptional days between the start and the due time."""
    zone = zone_named(hours.zone)
    first, last = clock.started_at.astimezone(zone).date(), clock.due_at.astimezone(zone).date()
    days = sorted(day for day in hours.exceptions if first <= day <= last)
    return PromisedHours(
        name=clock.calendar.name,
        version=clock.calendar_version,
        time_zone=zone.key,
        always_open=hours.always_open,
        weekly=tuple(map(_spans, hours.weekly)),
        other_days=tuple(OtherDay(day.isoformat(), _spans(hours.exceptions[day])) for day in days),
    )


def _spans(intervals: Sequence[Interval]) -> tuple[str, ...]:
    return tuple(f"{_time_of_day(start)}-{_time_of_day(end)}" for start, end in intervals)


def _time_of_day(minute: int) -> str:
    """24:00 is the end of a day; a later time is written as the time of the next day."""
    if minute > MINUTES_A_DAY:
        minute -= MINUTES_A_DAY
    return f"{minute // 60:02d}:{minute % 60:02d}"


def evidence_of(message: Message | None) -> Evidence | None:
    """The message as evidence: author, time, way, delivery. Needs its people and mails loaded."""
    if message is None:
        return None
    inbound: InboundEmail | None = getattr(message, "inbound", None)
    return Evidence(
        message=message.pk,
        kind=message.kind,
        channel=message.channel,
        at=message.at,
        recorded_at=message.created_at,
        is_backdated=message.is_backdated,
        author=name_of(message.author) if message.author else "",
        sender=_sender(message),
        reached=message.reached,
        via=inbound.via if inbound else "",
        mailbox=inbound.mailbox.address if inbound else "",
        message_id=message.rfc_message_id,
        mail=_mail(getattr(message, "outbound", None)),
        failed_at=message.failed_at,
        failure=message.failure,
        voided_at=message.voided_at,
        voided_by=name_of(message.voided_by) if message.voided_by else "",
        void_reason=message.void_reason,
        erased_at=message.erased_at,
        erased_by=name_of(message.erased_by) if message.erased_by else "",
        erase_reason=message.erase_reason,
    )


def _sender(message: Message) -> str:
    """`Li Wei <li@company.example>`, as far as either is known."""
    name = message.sender_name or (message.contact.name if message.contact else "")
    if name and message.sender_address:
        return f"{name} <{message.sender_address}>"
    return name or message.sender_address


def _mail(mail: OutboundEmail | None) -> SentMail | None:
    if mail is None:
        return None
    return SentMail(mail.state, (*mail.recipients, *mail.copies), mail.accepted_at, mail.answer)

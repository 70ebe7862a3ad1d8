"""What must hold afterwards. Each check returns sentences about what does not; they read the rows and the letters."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, F, Q

from escalation.chains.progress import Chains, firings_by_clock
from escalation.chains.step_times import step_time
from escalation.choices import ClockChange, ClockState, NotificationState
from escalation.clocks.ledger_verification import verify
from escalation.models import Clock, ClockEvent, Escalation, EscalationStep, Notification
from tests.flow.chaos.colleague import Answer
from tests.flow.chaos.load import Question
from tests.flow.outside import Letter
from tickets.choices import Fact, IntakeState, MessageKind, OutboxState, OwnerRule
from tickets.models import InboundEmail, Message, OutboundEmail, Ticket, TimelineEntry

ROUND = timedelta(seconds=15)  # so long after its moment a step may still be under way
ENDS = (ClockChange.MET, ClockChange.ANSWERED_LATE, ClockChange.CANCELLED)


@dataclass(frozen=True)
class Evidence:
    """What was given to the desk and what it sent, with the moment up to which everything must be done."""

    questions: Sequence[Question]
    answers: Sequence[Answer]
    held: Sequence[str]
    letters: Sequence[Letter]
    until: datetime


def problems(evidence: Evidence) -> list[str]:
    differences = [
        *_mails_in(evidence), *_answers(evidence), *_breaches(evidence.until), *_steps(evidence.until),
        *_moves(), *_lines(), *_notifications(evidence.until), *_mails_out(evidence),
    ]  # fmt: skip
    return [*differences, *(f"ledger: {mismatch}" for mismatch in verify().mismatches)]


def _mails_in(evidence: Evidence) -> Iterator[str]:
    """Each mail that was taken is one message; each first one a ticket, each other one on that ticket."""
    rows = Counter(
        InboundEmail.objects.filter(state=IntakeState.PROCESSED).values_list("rfc_message_id", flat=True)
    )
    inbound = Message.objects.filter(kind=MessageKind.INBOUND).values_list("rfc_message_id", "ticket")
    ticket_of, messages = dict(inbound), Counter(key for key, _ticket in inbound)
    for question in evidence.questions:
        key = question.message_id
        if (rows[key], messages[key]) != (1, 1):
            yield f"mail {key}: {rows[key]} raw mails processed, {messages[key]} messages"
        elif question.about and ticket_of[key] != ticket_of.get(f"{question.about}@tempo.example"):
            yield f"mail {key} is not on the ticket of the mail it answers"
    firsts = sum(not question.about for question in evidence.questions)
    if Ticket.objects.count() != firsts or sum(messages.values()) != len(evidence.questions):
        yield f"{Ticket.objects.count()} tickets and {sum(messages.values())} messages for {firsts} first mails"


def _answers(evidence: Evidence) -> Iterator[str]:
    """Each form that was taken acted once, each that was held back not at all."""
    sent = Counter(Message.objects.filter(kind=MessageKind.OUTBOUND).values_list("body", flat=True))
    for answer in evidence.answers:
        if sent[answer.body] != 1:
            yield f"ticket {answer.ticket}: the answer of {answer.tries} tries stands there {sent[answer.body]} times"
    if sum(sent.values()) != len(evidence.answers):
        yield f"{sum(sent.values())} answers on tickets, {len(evidence.answers)} were taken"
    yield from (f"an answer that was held back stands there: {body}" for body in evidence.held if sent[body])


def _breaches(until: datetime) -> Iterator[str]:
    """Every promise that was due is broken at its true time, or was kept."""
    due = Clock.objects.filter(due_at__lte=until - ROUND)
    kept_in_time = Q(state=ClockState.MET, stopped_at__lte=F("due_at"))
    broken = Q(state=ClockState.BREACHED, breached_at=F("due_at"), detected_at__gte=F("due_at"))
    for clock in due.exclude(kept_in_time | broken):
        yield f"promise {clock.pk} of ticket {clock.ticket_id}: {clock.state}, due {clock.due_at}"


def _steps(until: datetime) -> Iterator[str]:
    """What fired is what the chain demands at that moment, and nothing that it demands is missing."""
    clocks = list(Clock.objects.select_related("policy_version", "calendar", "ticket"))
    chains, fired = Chains.of_clocks(clocks), firings_by_clock(clocks)
    for clock in clocks:
        chain = sorted(chains.of_clock(clock), key=lambda step: step_time(clock, step))
        course = sorted(fired.get(clock.pk, []), key=lambda escalation: escalation.pk)
        for problem in (*_fired_wrongly(clock, chain, course), *_missing(clock, chain, course, until)):
            yield f"promise {clock.pk} of ticket {clock.ticket_id}: {problem}"


def _fired_wrongly(
    clock: Clock, chain: Sequence[EscalationStep], course: Sequence[Escalation]
) -> Iterator[str]:
    doubled = [
        key
        for key, count in Counter((escalation.step_id, escalation.round) for escalation in course).items()
        if count > 1
    ]
    yield from (f"step and round {key} fired more than once" for key in doubled)
    before: Escalation | None = None
    for escalation in course:
        passed = [step.pk for step in chain if step_time(clock, step) <= escalation.fired_at]
        if escalation.round == 0 and (not passed or passed[-1] != escalation.step_id):
            yield f"step {escalation.step} fired at {escalation.fired_at}, when the chain asked for another"
        if escalation.round and (
            before is None or before.step_id != escalation.step_id or escalation.round != before.round + 1
        ):
            yield f"repeat {escalation.round} of step {escalation.step} follows {before}"
        if escalation.fired_at < escalation.due_at:
            yield f"step {escalation.step} fired early"
        before = escalation


def _missing(
    clock: Clock, chain: Sequence[EscalationStep], course: Sequence[Escalation], until: datetime
) -> Iterator[str]:
    """A step is done when something fired at or after its moment; an outage lets earlier ones pass."""
    if clock.stopped_at is not None:
        return
    last = course[-1].fired_at if course else None
    for step in chain:
        moment = step_time(clock, step)
        if moment <= until - ROUND and (last is None or last < moment):
            yield f"step {step}, due at {moment}, never fired"
    standing = course[-1].step if course else None
    if standing is not None and standing.repeat_minutes and course[-1].round < (standing.repeat_cap or 0):
        again = course[-1].fired_at + timedelta(minutes=standing.repeat_minutes)
        if again <= until - ROUND:
            yield f"the repeat of step {standing}, due at {again}, never fired"


def _moves() -> Iterator[str]:
    """Every reassignment has its note, its lines on the timeline and in the ledger, and told the new holder."""
    moved = Escalation.objects.filter(to_owner__isnull=False).exclude(to_owner=F("from_owner"))
    moves = Counter(moved.values_list("clock__ticket", flat=True))
    notes = Counter(Message.objects.filter(kind=MessageKind.NOTE).values_list("ticket", flat=True))
    owners = TimelineEntry.objects.filter(fact=Fact.OWNER, data__rule=OwnerRule.ESCALATION)
    timeline = Counter(owners.values_list("ticket", flat=True))
    handed = ClockEvent.objects.filter(change=ClockChange.HANDED_OVER)
    ledger = Counter(handed.values_list("clock__ticket", flat=True))
    for ticket in {*moves, *notes, *timeline, *ledger}:
        counts = (moves[ticket], notes[ticket], timeline[ticket], ledger[ticket])
        if len(set(counts)) != 1:
            yield f"ticket {ticket}: moves, notes, timeline, ledger: {counts}"
    moves_told = moved.filter(notifications__recipient=F("to_owner"))
    yield from (
        f"escalation {escalation.pk} did not tell the new holder"
        for escalation in moved.exclude(pk__in=moves_told)
    )
    yield from _holders(moved.order_by("pk").select_related("clock"))


def _holders(moved: Iterable[Escalation]) -> Iterator[str]:
    last = {escalation.clock.ticket_id: escalation.to_owner_id for escalation in moved}
    for ticket in Ticket.objects.filter(pk__in=last):
        if ticket.owner_id != last[ticket.pk]:
            yield f"ticket {ticket.pk} is not with whom it was escalated to"


def _lines() -> Iterator[str]:
    """One line for each step that fired and one for each breach; nothing fires on what is answered."""
    by_clock = defaultdict(list)
    for event in ClockEvent.objects.order_by("pk"):
        by_clock[event.clock_id].append(event)
    steps = Counter(
        event.data["escalation"]
        for events in by_clock.values()
        for event in events
        if event.change == ClockChange.STEP
    )
    if steps != Counter(Escalation.objects.values_list("pk", flat=True)):
        yield "the ledger's lines of steps are not the escalations"
    for clock, events in by_clock.items():
        changes = [event.change for event in events]
        if changes.count(ClockChange.BREACHED) > 1:
            yield f"promise {clock} is breached twice"
        ended = next((place for place, change in enumerate(changes) if change in ENDS), len(changes))
        if ClockChange.STEP in changes[ended:]:
            yield f"a step fired on promise {clock} after it was answered"


def _notifications(until: datetime) -> Iterator[str]:
    """All are sent, with a try on record, and a mail; nobody is told twice of one escalation."""
    rows = Notification.objects.filter(created_at__lte=until).annotate(tries=Count("attempts"))
    done = Q(state=NotificationState.SENT, tries__gte=1, mail__isnull=False)
    for row in rows.exclude(done):
        yield f"notification {row.pk} to {row.recipient}: {row.state}, next {row.next_try_at}"
    silent = Escalation.objects.filter(fired_at__lte=until, notifications=None)
    yield from (f"escalation {escalation.pk} told nobody" for escalation in silent)
    notices = Counter(
        Notification.objects.exclude(escalation=None).values_list("escalation", "recipient", "kind")
    )
    yield from (f"told twice: {key}" for key, count in notices.items() if count > 1)


def _mails_out(evidence: Evidence) -> Iterator[str]:
    """Every recorded mail was accepted, and really arrived outside at least once; and nothing that is not recorded."""
    arrived = arrivals(evidence.letters)
    rows = dict(OutboundEmail.objects.values_list("rfc_message_id", "state"))
    due = OutboundEmail.objects.filter(created_at__lte=evidence.until)
    for mail in due.exclude(state=OutboxState.ACCEPTED):
        yield f"mail {mail.pk} ({mail.purpose}): {mail.state}, {mail.attempts} tries, {mail.answer!r}"
    for key, state in rows.items():
        if state == OutboxState.ACCEPTED and not arrived[key]:
            yield f"mail {key} counts as accepted and never arrived"
    yield from (f"mail {key} arrived and is not recorded" for key in arrived if key not in rows)


def arrivals(letters: Sequence[Letter]) -> Counter[str]:
    """How often each Message-ID arrived outside."""
    return Counter(str(letter.message["Message-ID"]).strip("<> ") for letter in letters)

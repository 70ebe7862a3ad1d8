"""Counts promises, incidents and solved tickets into the lines of one dimension."""

from collections.abc import Collection, Iterable, Mapping

from escalation.choices import ClockKind, ClockState
from escalation.exports.bulk_reading import People
from escalation.exports.held_seconds import SECOND, shares_of, whole_seconds
from escalation.exports.promises import JudgedPromise
from escalation.exports.scorecard import Incident, IncidentKind
from escalation.lib.among_keys import AmongKeys
from escalation.lib.weeks import CoveredTime
from escalation.scorecards.dimensions import (
    CountedFor,
    Dimension,
    LineKeys,
    PlansInForce,
    promise_counts_for,
)
from escalation.scorecards.figures import Figure, ScoreLine
from escalation.scorecards.readers import ScoreReader
from escalation.scorecards.solved_tickets import EndOfTicket
from tickets.models import Ticket

OUTCOMES = {
    ClockState.MET: Figure.MET,
    ClockState.BREACHED: Figure.BREACHED,
    ClockState.CANCELLED: Figure.CANCELLED,
}
INCIDENTS = {
    IncidentKind.ESCALATION: Figure.ESCALATIONS,
    IncidentKind.VOIDED: Figure.VOIDED,
    IncidentKind.LATE_DOWNGRADE: Figure.LATE_DOWNGRADES,
}


class ScoreCount:
    """Add what the period holds, then ask for the lines that the reader may read."""

    def __init__(
        self, dimension: Dimension, *, people: People, reader: ScoreReader, period: CoveredTime
    ) -> None:
        self.dimension, self.reader, self.period = dimension, reader, period
        self._keys = LineKeys(dimension, people)
        self._lines: dict[str, ScoreLine] = {}

    def lines(self) -> dict[str, ScoreLine]:
        readable = {
            key: line
            for key, line in self._lines.items()
            if self.reader.may_read(self.dimension, key) and not line.is_empty
        }
        return {key: readable[key] for key in sorted(readable)}

    def line(self, key: str) -> ScoreLine:
        if key not in self._lines:
            self._lines[key] = ScoreLine(key)
        return self._lines[key]

    def add_promise(self, promise: JudgedPromise) -> None:
        """Count the answer if it was given in the period, and the outcome if the period decided it."""
        if not self.reader.sees_ticket(promise.clock.ticket_id):
            self._count_unseen(promise)
            return
        counted = promise_counts_for(promise.clock)
        if self.period.contains(promise.answered_at):
            self._add_response(promise, counted)
        if not self.period.contains(promise.verdict.decided_at):
            return
        for key in self._keys.of_outcome(promise):
            _add_outcome(self.line(key), promise)
        self._add_held(promise, counted)

    def add_incidents(self, incidents: Iterable[Incident]) -> None:
        """Count the incidents of tickets that the reader sees. Up to two queries where lines are terms of tickets."""
        shown = [each for each in incidents if each.kind in INCIDENTS and self._sees(each)]
        is_of_plan, is_of_scenario = self.dimension == Dimension.PLAN, self.dimension == Dimension.SCENARIO
        plans = PlansInForce() if is_of_plan else None
        scenarios = _scenarios({each.ticket_id for each in shown}) if is_of_scenario else {}
        for each in shown:
            counted = CountedFor(
                each.customer.pk,
                each.customer.account_manager_id,
                each.priority,
                scenarios.get(each.ticket_id, ""),
                plans.at(each.customer.pk, each.at) if plans else None,
            )
            key = self._keys.of_person(counted, each.person_id)
            self.line(key).rows[INCIDENTS[each.kind]].append(each.row_id)

    def add_end(self, end: EndOfTicket) -> None:
        """Count a ticket that was solved or opened again, for whoever solved it where lines are people."""
        if not self.reader.sees_ticket(end.ticket_id):
            return
        own = self._keys.of(end.counted)
        line = self.line(self._keys.of_person(end.counted, end.solver_id) if own is None else own)
        if end.is_reopened:
            line.rows[Figure.REOPENED].append(end.ticket_id)
            return
        line.rows[Figure.SOLVED].append(end.ticket_id)
        line.answers += end.answers
        if end.wrote_again:
            line.rows[Figure.WROTE_AGAIN].append(end.ticket_id)

    def _sees(self, incident: Incident) -> bool:
        return self.reader.sees_ticket(incident.ticket_id)

    def _count_unseen(self, promise: JudgedPromise) -> None:
        """What a person held and may not open any more is told them as a number."""
        if self.dimension == Dimension.PERSON and self.period.contains(promise.verdict.decided_at):
            for holder in promise.held:
                self.line(str(holder)).not_to_be_opened += 1

    def _add_response(self, promise: JudgedPromise, counted: CountedFor) -> None:
        if promise.response is None:
            return
        own = self._keys.of(counted)
        if own is None and promise.clock.author_id is None:
            return
        key = self._keys.of_person(counted, promise.clock.author_id) if own is None else own
        line, seconds = self.line(key), promise.response // SECOND
        match promise.clock.kind:
            case ClockKind.FIRST_RESPONSE:
                line.rows[Figure.FIRST_RESPONSES].append(promise.clock.pk)
                line.first_responses.append(seconds)
            case ClockKind.NEXT_RESPONSE:
                line.rows[Figure.NEXT_RESPONSES].append(promise.clock.pk)
                line.next_responses.append(seconds)

    def _add_held(self, promise: JudgedPromise, counted: CountedFor) -> None:
        """Each holder's time, their part of the time allowed, and their share of a breach."""
        state, held = promise.verdict.state, whole_seconds(promise.held)
        shares = shares_of(held) if state == ClockState.BREACHED else {}
        left = promise.margin // SECOND if state == ClockState.MET and promise.margin is not None else 0
        window = 0 if state == ClockState.CANCELLED else sum(held.values()) + left
        concerned = set()
        for holder, seconds in held.items():
            key = self._keys.of_person(counted, holder)
            line = self.line(key)
            line.held_seconds += seconds
            line.used_seconds += seconds if window else 0
            line.breach_millionths += shares.get(holder, 0)
            line.waived_millionths += shares.get(holder, 0) if _is_waived(promise) else 0
            concerned.add(key)
        for key in concerned:
            self.line(key).window_seconds += window
            self.line(key).rows[Figure.HELD].append(promise.clock.pk)


def _add_outcome(line: ScoreLine, promise: JudgedPromise) -> None:
    pk, state = promise.clock.pk, promise.verdict.state
    line.rows[Figure.DECIDED].append(pk)
    line.rows[OUTCOMES[state]].append(pk)
    if state != ClockState.CANCELLED:
        line.rows[Figure.JUDGED].append(pk)
    if _is_waived(promise):
        line.rows[Figure.WAIVED].append(pk)
    if promise.is_near_miss:
        line.rows[Figure.NEAR_MISSES].append(pk)


def _is_waived(promise: JudgedPromise) -> bool:
    return promise.verdict.state == ClockState.BREACHED and promise.clock.waived_at is not None


def _scenarios(tickets: Collection[int]) -> Mapping[int, str]:
    rows = Ticket.objects.filter(AmongKeys("pk", tickets)).order_by()
    return {
        pk: own or of_customer or ""
        for pk, own, of_customer in rows.values_list("pk", "scenario", "customer__scenario")
    }

"""An explanation in words, ready for the page or plain text: titles, sentences, and tables of times."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from customers.phrases import grouped
from customers.times import duration_text
from escalation.choices import ClockKind, Way
from escalation.explaining.counting import CountedStretch, StretchKind
from escalation.explaining.facts import Explanation, LedgerEntry, PromisedTerms, WayServed
from escalation.explaining.ledger_sentences import actor_notes, line_mark, line_notes, line_sentence
from escalation.explaining.sentences import (
    answer_sentence,
    day_in_words,
    delivery_notes,
    outcome_sentence,
    received_sentence,
    record_notes,
    week_in_words,
    who_started_sentence,
    why_started_sentence,
)
from escalation.explaining.times import Zones
from tickets.choices import Priority


@dataclass(frozen=True)
class TimedEntry:
    """A sentence with its time in each zone, and the notes under it."""

    times: tuple[str, ...]
    text: str
    notes: tuple[str, ...] = ()
    mark: str = ""


@dataclass(frozen=True)
class CountRow:
    """A row of the counted working time: its start and end in each zone."""

    part: str
    label: str
    start: tuple[str, ...]
    end: tuple[str, ...]
    length: str
    total: str

    @property
    def spans(self) -> tuple[tuple[str, str], ...]:
        """Start and end, zone by zone."""
        return tuple(zip(self.start, self.end, strict=True))


@dataclass(frozen=True)
class NamedFact:
    name: str
    value: str


@dataclass(frozen=True)
class ExplanationReport:
    """The whole page, from top to bottom. `zones` are the headings of the time columns."""

    ticket: str
    subject: str
    customer: str
    title: str
    outcome: str
    zones: tuple[str, ...]
    moments: tuple[TimedEntry, ...]
    why: str
    start: tuple[TimedEntry, ...]
    terms: tuple[NamedFact, ...]
    counts: tuple[CountRow, ...]
    sum: str
    story: tuple[TimedEntry, ...]
    held: tuple[NamedFact, ...]
    end: tuple[TimedEntry, ...]
    made: str


def report_of(explanation: Explanation, *, zone: str) -> ExplanationReport:
    """The report in the active language; `zone` is the reader's."""
    zones = Zones.of(zone, explanation.customer_zone)
    return ExplanationReport(
        ticket=explanation.ticket,
        subject=explanation.subject,
        customer=explanation.customer or _("unknown company"),
        title=f"{ClockKind(explanation.kind).label} · {Priority(explanation.priority).label}",
        outcome=outcome_sentence(explanation),
        zones=zones.titles,
        moments=tuple(_key_times(explanation, zones)),
        why=why_started_sentence(explanation),
        start=(_start_entry(explanation, zones),),
        terms=tuple(_terms(explanation, zones)),
        counts=tuple(_count_row(piece, zones) for piece in explanation.count.pieces),
        sum=_sum_sentence(explanation),
        story=tuple(_story(explanation, zones)),
        held=tuple(
            NamedFact(holder.person, duration_text(holder.working_time)) for holder in explanation.held
        ),
        end=tuple(_end(explanation, zones)),
        made=_("As of %(time)s.") % {"time": zones.inline(explanation.explained_at)},
    )


def _key_times(explanation: Explanation, zones: Zones) -> Iterator[TimedEntry]:
    """The times shown at the top."""
    named: list[tuple[str, datetime | None]] = [
        (_("Started"), explanation.started_at),
        (_("Due"), explanation.due_at),
        (_("Breach detected"), explanation.detected_at),
        (_("Ended"), explanation.stopped_at),
    ]
    return (TimedEntry(zones.stamps(at), name) for name, at in named if at is not None)


def _start_entry(explanation: Explanation, zones: Zones) -> TimedEntry:
    notes = tuple(_start_notes(explanation, zones))
    marked = "warn" if explanation.start is not None and explanation.start.is_backdated else ""
    return TimedEntry(zones.stamps(explanation.started_at), who_started_sentence(explanation), notes, marked)


def _start_notes(explanation: Explanation, zones: Zones) -> Iterator[str]:
    start = explanation.start
    if start is None:
        return
    if explanation.is_reopened:
        yield _("Unanswered since %(time)s: %(what)s") % {
            "time": zones.inline(start.at),
            "what": received_sentence(start),
        }
    yield from record_notes(start, zones)


def _terms(explanation: Explanation, zones: Zones) -> Iterator[NamedFact]:
    terms, calendar = explanation.terms, explanation.terms.calendar
    yield NamedFact(_("Contract"), _contract_sentence(terms))
    since = {"name": terms.policy, "number": terms.policy_version, "time": zones.inline(terms.policy_since)}
    yield NamedFact(_("Policy"), _("%(name)s, version %(number)s, in force since %(time)s") % since)
    yield NamedFact(_("Response time"), _window_sentence(explanation, zones))
    yield NamedFact(_("Counted from"), _counted_from_sentence(explanation, zones))
    named = {"name": calendar.name, "number": calendar.version, "zone": calendar.time_zone}
    yield NamedFact(_("Calendar"), _("%(name)s, version %(number)s (%(zone)s)") % named)
    yield NamedFact(_("Working time"), grouped(week_in_words(calendar)))
    if calendar.other_days:
        yield NamedFact(_("Special days"), grouped(map(day_in_words, calendar.other_days)))
    yield from (
        NamedFact(_("Channels covered"), _way_sentence(way, explanation, zones))
        for way in explanation.through
    )


def _way_sentence(way: WayServed, explanation: Explanation, zones: Zones) -> str:
    values = {"way": Way(way.way).label, "name": way.by, "whom": way.whom}
    if way.served_at is None:
        return (_("%(way)s: not yet") if explanation.stopped_at is None else _("%(way)s: not used")) % values
    values["time"] = zones.inline(way.served_at)
    if way.message is None:
        return _("%(way)s: %(time)s, posted by the desk") % values
    return (
        _("%(way)s: %(time)s, %(name)s to %(whom)s") if way.whom else _("%(way)s: %(time)s, %(name)s")
    ) % values


def _window_sentence(explanation: Explanation, zones: Zones) -> str:
    window, since = duration_text(explanation.count.window), explanation.terms.contract_window_since
    if since is None:
        return window
    values = {"window": window, "time": zones.inline(since)}
    return _("%(window)s, set in the contract, in force since %(time)s") % values


def _counted_from_sentence(explanation: Explanation, zones: Zones) -> str:
    time = {"time": zones.inline(explanation.terms.counts_from)}
    if explanation.terms.counts_from == explanation.started_at:
        return _("%(time)s, the start") % time
    return _("%(time)s, when the priority was raised") % time


def _contract_sentence(terms: PromisedTerms) -> str:
    contract = terms.contract
    if contract is None:
        return _("None was in force at the start, so the default plan applies.")
    name = f"{contract.reference} · {contract.plan}" if contract.reference else contract.plan
    days = {"name": name, "first": contract.starts_on, "last": contract.ends_on}
    if contract.ends_on:
        return _("%(name)s, from %(first)s to %(last)s") % days
    return _("%(name)s, since %(first)s") % days


def _count_row(piece: CountedStretch, zones: Zones) -> CountRow:
    match piece.part:
        case StretchKind.COUNTED:
            label = _("counted")
        case StretchKind.PAUSED:
            label = _("paused, not counted")
        case StretchKind.LEFT:
            label = _("not used")
    start, end = zones.stamps(piece.start), zones.stamps(piece.end)
    total = "" if piece.part is StretchKind.PAUSED else duration_text(piece.total)
    return CountRow(piece.part.value, label, start, end, duration_text(piece.length), total)


def _sum_sentence(explanation: Explanation) -> str:
    """A sentence that proves the due time: the counted time and the time left add up to the window."""
    count = explanation.count
    parts = {
        "counted": duration_text(count.counted),
        "left": duration_text(count.left),
        "carried": duration_text(count.carried),
        "window": duration_text(count.window),
    }
    if not count.agrees:
        return (
            _(
                "%(counted)s counted and %(left)s left do not add up to the response time of "
                "%(window)s. Run the ledger check."
            )
            % parts
        )
    if count.carried:
        return (
            _(
                "%(counted)s counted and %(left)s left add up to the response time of %(window)s "
                "plus %(carried)s of pause."
            )
            % parts
        )
    return _("%(counted)s counted and %(left)s left add up to the response time of %(window)s.") % parts


def _story(explanation: Explanation, zones: Zones) -> Iterator[TimedEntry]:
    for line in explanation.story:
        yield TimedEntry(
            zones.stamps(line.at), line_sentence(line), tuple(line_notes(line, zones)), line_mark(line)
        )


def _end(explanation: Explanation, zones: Zones) -> Iterator[TimedEntry]:
    """The end of the promise, its evidence, and a lead's waiver, if any."""
    if explanation.end is not None:
        yield _end_entry(explanation.end, zones)
    if explanation.waiver is not None:
        text = _("%(name)s waived it: %(reason)s") % {
            "name": explanation.waiver.by,
            "reason": explanation.waiver.reason,
        }
        yield TimedEntry(zones.stamps(explanation.waiver.at), text)


def _end_entry(end: LedgerEntry, zones: Zones) -> TimedEntry:
    proof = end.evidence
    if proof is None:
        return TimedEntry(zones.stamps(end.at), line_sentence(end), tuple(actor_notes(end)), line_mark(end))
    notes = (*record_notes(proof, zones), *delivery_notes(proof, zones))
    return TimedEntry(zones.stamps(proof.at), answer_sentence(proof), notes, line_mark(end))

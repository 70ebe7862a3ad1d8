"""An explanation as it is read, on the page and as text: titles, sentences, and tables of times."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from escalation.choices import ClockKind, Way
from escalation.explaining.counting import CountedStretch, StretchKind
from escalation.explaining.facts import Explanation, Happening, TermsFact, Through
from escalation.explaining.hours import day_told, week_told
from escalation.explaining.story import by_whom, mark, notes, sentence
from escalation.explaining.times import Zones, length
from escalation.explaining.words import delivery, outcome, recorded, said, who_started, why_started
from tickets.choices import Priority


@dataclass(frozen=True)
class SheetEntry:
    """A sentence with its time in each zone, and what stands under it."""

    times: tuple[str, ...]
    text: str
    notes: tuple[str, ...] = ()
    mark: str = ""


@dataclass(frozen=True)
class Counted:
    """A row of the count: from and until in each zone."""

    part: str
    label: str
    start: tuple[str, ...]
    end: tuple[str, ...]
    length: str
    total: str

    @property
    def spans(self) -> tuple[tuple[str, str], ...]:
        """From and until, zone by zone."""
        return tuple(zip(self.start, self.end, strict=True))


@dataclass(frozen=True)
class SheetFact:
    name: str
    value: str


@dataclass(frozen=True)
class Sheet:
    """`zones` are the headings of the columns of times."""

    ticket: str
    subject: str
    customer: str
    title: str
    outcome: str
    zones: tuple[str, ...]
    moments: tuple[SheetEntry, ...]
    why: str
    start: tuple[SheetEntry, ...]
    terms: tuple[SheetFact, ...]
    counts: tuple[Counted, ...]
    sum: str
    story: tuple[SheetEntry, ...]
    held: tuple[SheetFact, ...]
    end: tuple[SheetEntry, ...]
    made: str


def sheet_of(it: Explanation, *, zone: str) -> Sheet:
    """In the active language; `zone` is the reader's."""
    zones = Zones.of(zone, it.customer_zone)
    return Sheet(
        ticket=it.ticket,
        subject=it.subject,
        customer=it.customer or _("unknown company"),
        title=f"{ClockKind(it.kind).label} · {Priority(it.priority).label}",
        outcome=outcome(it),
        zones=zones.titles,
        moments=tuple(_moments(it, zones)),
        why=why_started(it),
        start=(_start(it, zones),),
        terms=tuple(_terms(it, zones)),
        counts=tuple(_counted(piece, zones) for piece in it.count.pieces),
        sum=_sum(it),
        story=tuple(_story(it, zones)),
        held=tuple(SheetFact(holder.person, length(holder.working_time)) for holder in it.held),
        end=tuple(_end(it, zones)),
        made=_("As of %(time)s.") % {"time": zones.inline(it.explained_at)},
    )


def _moments(it: Explanation, zones: Zones) -> Iterator[SheetEntry]:
    """The times that matter most, on top."""
    named: list[tuple[str, datetime | None]] = [
        (_("Started"), it.started_at),
        (_("Due"), it.due_at),
        (_("Breach noticed"), it.detected_at),
        (_("Ended"), it.stopped_at),
    ]
    return (SheetEntry(zones.stamps(at), name) for name, at in named if at is not None)


def _start(it: Explanation, zones: Zones) -> SheetEntry:
    told = tuple(recorded(it.start, zones)) if it.start is not None else ()
    marked = "warn" if it.start is not None and it.start.is_backdated else ""
    return SheetEntry(zones.stamps(it.started_at), who_started(it), told, marked)


def _terms(it: Explanation, zones: Zones) -> Iterator[SheetFact]:
    terms, calendar = it.terms, it.terms.calendar
    yield SheetFact(_("Contract"), _contract(terms))
    since = {"name": terms.policy, "number": terms.policy_version, "time": zones.inline(terms.policy_since)}
    yield SheetFact(_("Policy"), _("%(name)s, version %(number)s, in force since %(time)s") % since)
    yield SheetFact(_("Window"), _window(it, zones))
    yield SheetFact(_("Counted from"), _counted_from(it, zones))
    named = {"name": calendar.name, "number": calendar.version, "zone": calendar.time_zone}
    yield SheetFact(_("Calendar"), _("%(name)s, version %(number)s (%(zone)s)") % named)
    yield SheetFact(_("Working time"), "; ".join(week_told(calendar)))
    if calendar.other_days:
        yield SheetFact(_("Other days"), "; ".join(map(day_told, calendar.other_days)))
    yield from (SheetFact(_("Promised through"), _through(one, it, zones)) for one in it.through)


def _through(one: Through, it: Explanation, zones: Zones) -> str:
    told = {"way": Way(one.way).label, "name": one.by, "whom": one.whom}
    if one.served_at is None:
        return (_("%(way)s: not yet") if it.stopped_at is None else _("%(way)s: not used")) % told
    told["time"] = zones.inline(one.served_at)
    if one.message is None:
        return _("%(way)s: %(time)s, a post of the desk") % told
    return (
        _("%(way)s: %(time)s, %(name)s to %(whom)s") if one.whom else _("%(way)s: %(time)s, %(name)s")
    ) % told


def _window(it: Explanation, zones: Zones) -> str:
    window, since = length(it.count.window), it.terms.contract_window_since
    if since is None:
        return window
    told = {"window": window, "time": zones.inline(since)}
    return _("%(window)s, a window of the contract, in force since %(time)s") % told


def _counted_from(it: Explanation, zones: Zones) -> str:
    time = {"time": zones.inline(it.terms.counts_from)}
    if it.terms.counts_from == it.started_at:
        return _("%(time)s, the start") % time
    return _("%(time)s, when the priority was raised") % time


def _contract(terms: TermsFact) -> str:
    contract = terms.contract
    if contract is None:
        return _("None was in force at the start, so the default plan applies.")
    name = f"{contract.reference} · {contract.plan}" if contract.reference else contract.plan
    days = {"name": name, "first": contract.starts_on, "last": contract.ends_on}
    if contract.ends_on:
        return _("%(name)s, from %(first)s to %(last)s") % days
    return _("%(name)s, since %(first)s") % days


def _counted(piece: CountedStretch, zones: Zones) -> Counted:
    match piece.part:
        case StretchKind.COUNTED:
            label = _("counted")
        case StretchKind.PAUSED:
            label = _("paused, not counted")
        case StretchKind.LEFT:
            label = _("not used")
    start, end = zones.stamps(piece.start), zones.stamps(piece.end)
    total = "" if piece.part is StretchKind.PAUSED else length(piece.total)
    return Counted(piece.part.value, label, start, end, length(piece.length), total)


def _sum(it: Explanation) -> str:
    """The proof: what was counted and what was left make the window, and so the due time."""
    count = it.count
    parts = {
        "counted": length(count.counted),
        "left": length(count.left),
        "carried": length(count.carried),
        "window": length(count.window),
    }
    if not count.agrees:
        return (
            _(
                "%(counted)s counted and %(left)s left do not make the window of %(window)s. Verify the ledger."
            )
            % parts
        )
    if count.carried:
        return (
            _("%(counted)s counted and %(left)s left make the window of %(window)s and %(carried)s of pause.")
            % parts
        )
    return _("%(counted)s counted and %(left)s left make the window of %(window)s.") % parts


def _story(it: Explanation, zones: Zones) -> Iterator[SheetEntry]:
    for line in it.story:
        yield SheetEntry(zones.stamps(line.at), sentence(line), tuple(notes(line, zones)), mark(line))


def _end(it: Explanation, zones: Zones) -> Iterator[SheetEntry]:
    """How it ended, on what evidence, and what a lead decided about it."""
    if it.end is not None:
        yield _ended(it.end, zones)
    if it.waiver is not None:
        text = _("%(name)s waived it: %(reason)s") % {"name": it.waiver.by, "reason": it.waiver.reason}
        yield SheetEntry(zones.stamps(it.waiver.at), text)


def _ended(end: Happening, zones: Zones) -> SheetEntry:
    proof = end.evidence
    if proof is None:
        return SheetEntry(zones.stamps(end.at), sentence(end), tuple(by_whom(end)), mark(end))
    told = (*recorded(proof, zones), *delivery(proof, zones))
    return SheetEntry(zones.stamps(proof.at), said(proof), told, mark(end))

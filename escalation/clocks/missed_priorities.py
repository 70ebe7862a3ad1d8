"""The changes of a ticket's priority that a promise missed: while it was thought to be answered, or not yet known.

A promise that begins or runs again in retrospect follows them as if it had run all along. What a proposal did that was
rejected in time is left out, as if nothing had been proposed.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.contrib.auth.models import User

from escalation.clocks.ledger import ChangeContext
from escalation.models import ClockEvent
from tickets.choices import Fact
from tickets.models import Message, Proposal, Ticket, TimelineEntry
from tickets.services.origins import Stay, origins_of, staying


@dataclass(frozen=True)
class MissedChange:
    """A change of the priority; ``proposal`` is the key of the one that made it, if it is not decided against."""

    at: datetime
    actor: User | None
    reason: str
    before: int
    after: int
    proposal: int | None = None

    def context(self, recorded: ChangeContext) -> ChangeContext:
        """Who changed the priority, when and why; it is written down now."""
        return ChangeContext(recorded.at, self.actor, self.reason, since=self.at)


@dataclass(frozen=True)
class MissedPriorities:
    """The priority that a promise would have begun with, and how it changed since."""

    at_first: int
    changes: Sequence[MissedChange] = ()

    def changes_until(self, until: datetime | None) -> Sequence[MissedChange]:
        return [change for change in self.changes if until is None or change.at <= until]


def missed_priorities(
    ticket: Ticket, since: datetime, *, message: Message | None, until: datetime | None = None
) -> MissedPriorities:
    """The changes after ``since`` and by ``until`` (UTC) in the tickets in which ``message`` was. One query if none."""
    since_then = ticket.timeline.filter(fact__in=(Fact.PRIORITY, Fact.MERGED), at__gt=since)
    entries = list(since_then.select_related("actor").order_by("pk"))
    was_merged = any("merged" in entry.data for entry in entries)
    origins = origins_of(ticket) if was_merged and message is not None else None
    if origins is not None and message is not None:
        return _missed_in(list(origins.stays(message)), since, until)
    return _missed_there(ticket, entries, until)


def _missed_in(stays: Iterable[Stay], since: datetime, until: datetime | None) -> MissedPriorities:
    """The same for a message that merges have moved. It keeps its priority in a merge: only changes count."""
    parts = []
    for stay in stays:
        if stay.until is None or stay.until > since:
            ticket = Ticket.objects.get(pk=stay.ticket)
            entries = ticket.timeline.filter(fact=Fact.PRIORITY, at__gt=max(since, stay.since or since))
            ends = min((end for end in (stay.until, until) if end is not None), default=None)
            parts.append(_missed_there(ticket, entries.select_related("actor").order_by("pk"), ends))
    return MissedPriorities(parts[0].at_first, [change for part in parts for change in part.changes])


def _missed_there(
    ticket: Ticket, entries: Iterable[TimelineEntry], until: datetime | None
) -> MissedPriorities:
    changes = [
        MissedChange(entry.at, entry.actor, entry.reason, entry.data["before"], entry.data["after"])
        for entry in entries
        if entry.fact == Fact.PRIORITY
    ]
    missed = list(_as_decided(ticket, changes)) if changes else []
    at_first = missed[0].before if missed else ticket.priority
    return MissedPriorities(at_first, MissedPriorities(at_first, missed).changes_until(until))


def _as_decided(ticket: Ticket, changes: Iterable[MissedChange]) -> Iterator[MissedChange]:
    """The changes without what proposals did that were rejected in time; the others name their proposal."""
    proposals = list(ticket.proposals.all())
    corrected = _corrected(ticket) if proposals else set()
    for change in changes:
        for proposal in proposals:
            if proposal.pk in corrected:
                change = _without(proposal, change)
            elif _is_raise(proposal, change):
                change = replace(change, proposal=proposal.pk)
        if change.before != change.after:
            yield change


def _corrected(ticket: Ticket) -> set[int]:
    """The keys of the proposals whose rejection the ledger followed as a correction. Merges move clocks alone."""
    lines = ClockEvent.objects.filter(clock__ticket=staying(ticket), data__has_key="corrected").order_by()
    return set(lines.values_list("data__corrected", flat=True))


def _without(proposal: Proposal, change: MissedChange) -> MissedChange:
    """The change as if the proposal had never been: its raise changes nothing, its rejection only what went beyond."""
    if _is_raise(proposal, change):
        return replace(change, after=change.before)
    if change.at == proposal.decided_at and change.before == proposal.priority:
        return replace(change, before=proposal.usual)
    return change


def _is_raise(proposal: Proposal, change: MissedChange) -> bool:
    return (change.at, change.actor, change.after) == (proposal.since, None, proposal.priority)

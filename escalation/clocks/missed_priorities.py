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
from tickets.models import Proposal, Ticket


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


def changes_since(
    ticket: Ticket, since: datetime, *, until: datetime | None = None
) -> Sequence[MissedChange]:
    """The changes of the priority after ``since`` and by ``until`` (UTC), in their order. One query if none."""
    entries = ticket.timeline.filter(fact=Fact.PRIORITY, at__gt=since).select_related("actor")
    if until is not None:
        entries = entries.filter(at__lte=until)
    changes = [
        MissedChange(entry.at, entry.actor, entry.reason, entry.data["before"], entry.data["after"])
        for entry in entries.order_by("pk")
    ]
    return list(_as_decided(ticket, changes)) if changes else ()


def priority_before(ticket: Ticket, changes: Sequence[MissedChange]) -> int:
    """The ticket's priority before these changes, which are all since then."""
    return changes[0].before if changes else ticket.priority


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
    """The keys of the proposals whose rejection the ledger followed as a correction."""
    lines = ClockEvent.objects.filter(clock__ticket=ticket, data__has_key="corrected").order_by()
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

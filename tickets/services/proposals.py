"""Priorities that a rule proposes: they apply until a person confirms or rejects them.

Why so, and who may propose what: .github/decisions/mail.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from customers.phrases import listed
from tickets.choices import Fact, Priority, ProposalReach
from tickets.errors import DeskError
from tickets.events import (
    PriorityChanged,
    PriorityProposed,
    ProposalConfirmed,
    ProposalRejected,
    publish,
)
from tickets.models import Message, Proposal, Ticket
from tickets.services.locking import lock_ticket
from tickets.services.priority_writing import FALLS_BACK, write_priority
from tickets.services.timeline import record
from tickets.triage.rule_matching import RuleMatch

# After a customer's first proposal that pages, further ones within this time join one digest.
DIGEST_WINDOW = timedelta(hours=1)


@dataclass(frozen=True)
class WantedProposal:
    """What a rule proposes for a mail, and how far that may go.

    ``asks_again``: the first line says P0, which is what we tell a customer to write if we were wrong to lower it.
    """

    match: RuleMatch
    reach: ProposalReach
    asks_again: bool = False

    @property
    def priority(self) -> Priority:
        return Priority(self.match.rule.priority or 0)

    @property
    def runs(self) -> bool:
        return self.reach != ProposalReach.SHOWN


def store_proposal(
    ticket: Ticket, message: Message, wanted: WantedProposal, *, usual: int, at: datetime
) -> Proposal:
    """Write the proposal down with its line. Needs the ticket's lock; whoever calls gives the ticket its priority."""
    proposal = Proposal.objects.create(
        ticket=ticket,
        message=message,
        rule=wanted.match.rule,
        rule_name=wanted.match.rule.name,
        words=list(wanted.match.words),
        priority=wanted.priority,
        usual=usual,
        reach=wanted.reach,
        since=max(message.at, ticket.opened_at),
    )
    record(
        ticket, Fact.PROPOSED, at=at, actor=None, priority=proposal.priority, rule=proposal.rule_name,
        words=proposal.words,
    )  # fmt: skip
    if not proposal.runs:
        publish(PriorityProposed(ticket=ticket, at=at, actor=None, proposal=proposal))
    return proposal


@transaction.atomic
def propose(*, ticket: Ticket, message: Message, wanted: WantedProposal, at: datetime) -> Proposal | None:
    """Propose a priority for words in an open ticket, which then counts from their receipt. Locks the ticket.

    None if the ticket is as urgent already, has an open proposal, or had one of all these words that was decided and
    the customer does not ask for a P0 again.
    """
    ticket = lock_ticket(ticket)
    if not ticket.is_active or ticket.priority <= wanted.priority or not _is_news(ticket, wanted):
        return None
    usual = ticket.priority
    proposal = store_proposal(ticket, message, wanted, usual=usual, at=at)
    if proposal.runs:
        reason = _("Proposed by a rule.")
        write_priority(ticket, wanted.priority, actor=None, at=proposal.since, reason=reason)
        publish(PriorityChanged(ticket, at, None, usual, proposal.priority, reason, proposal))
    return proposal


def _is_news(ticket: Ticket, wanted: WantedProposal) -> bool:
    """False while a proposal is open, and for words that somebody has decided about, unless they ask again."""
    decided: set[str] = set()
    for proposal in ticket.proposals.all():
        if proposal.decided_at is None:
            return False
        decided.update(proposal.words or [proposal.rule_name])
    return wanted.asks_again or not decided.issuperset(wanted.match.words or [wanted.match.rule.name])


def open_proposal(ticket: Ticket) -> Proposal | None:
    return ticket.proposals.open().first()


@transaction.atomic
def confirm_proposal(*, ticket: Ticket, actor: User, at: datetime) -> Proposal:
    """Decide that the proposed priority is right; one that was only shown applies from now on. Locks the ticket.

    Nobody is paged for a ticket that has ended. Raises DeskError if there is nothing to decide.
    """
    ticket = lock_ticket(ticket)
    proposal = _decide(ticket, actor=actor, at=at, is_confirmed=True)
    record(ticket, Fact.CONFIRMED, at=at, actor=actor, priority=proposal.priority)
    if proposal.priority < ticket.priority:
        reason = _("Proposed by a rule.")
        before = write_priority(ticket, Priority(proposal.priority), actor=actor, at=at, reason=reason)
        if ticket.is_active:
            publish(PriorityChanged(ticket, at, actor, before, proposal.priority, reason))
    elif ticket.is_active:
        publish(ProposalConfirmed(ticket=ticket, at=at, actor=actor, proposal=proposal))
    return proposal


@transaction.atomic
def reject_proposal(*, ticket: Ticket, actor: User, at: datetime) -> Proposal:
    """Decide that the proposed priority is wrong: the ticket gets the one it would have had. Locks the ticket.

    Raises DeskError if there is nothing to decide.
    """
    ticket = lock_ticket(ticket)
    proposal = _decide(ticket, actor=actor, at=at, is_confirmed=False)
    _lower(ticket, proposal, Priority(proposal.usual), actor=actor, at=at, reason="", **{FALLS_BACK: True})
    return proposal


def decide_by_change(
    ticket: Ticket, after: Priority, *, actor: User, at: datetime, reason: str
) -> Proposal | None:
    """Take a person's new priority for a locked ticket as the decision about its open proposal, if there is one.

    Returns the proposal if it was rejected, which has set the priority; else the caller sets it.
    """
    proposal = open_proposal(ticket)
    if proposal is None:
        return None
    is_confirmed = after <= proposal.priority
    _decide(ticket, actor=actor, at=at, is_confirmed=is_confirmed)
    if is_confirmed or not proposal.runs:
        return None
    _lower(ticket, proposal, after, actor=actor, at=at, reason=reason)
    return proposal


def _decide(ticket: Ticket, *, actor: User, at: datetime, is_confirmed: bool) -> Proposal:
    proposal = open_proposal(ticket)
    if proposal is None:
        raise DeskError(_("There is no proposed priority left to decide about."))
    proposal.decided_at, proposal.decided_by, proposal.is_confirmed = at, actor, is_confirmed
    proposal.save(update_fields=["decided_at", "decided_by", "is_confirmed"])
    return proposal


def _lower(
    ticket: Ticket,
    proposal: Proposal,
    after: Priority,
    *,
    actor: User,
    at: datetime,
    reason: str,
    **more: object,
) -> None:
    """``reason`` is the person's own; without one, the words say what was rejected.

    Nothing is lowered if something else has asked for the proposed priority meanwhile.
    """
    reason = reason.strip() or rejection_reason(proposal)
    record(ticket, Fact.REJECTED, at=at, actor=actor, reason=reason, priority=proposal.priority)
    if not proposal.runs or after == ticket.priority:
        return
    before = write_priority(ticket, after, actor=actor, at=at, reason=reason, **more)
    publish(ProposalRejected(ticket, at, actor, proposal, before, after.value, reason))


def rejection_reason(proposal: Proposal) -> str:
    code, found = f"P{proposal.priority}", listed(f"“{word}”" for word in proposal.words)
    if not found:
        return _("Not %(code)s.") % {"code": code}
    return _("Not %(code)s: %(found)s") % {"code": code, "found": found}

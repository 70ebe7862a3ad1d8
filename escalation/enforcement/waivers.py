"""Waivers: a lead proposes to excuse a broken promise, and another lead or a director confirms it.

Each service locks the ticket, needs the permission of a lead, and leaves a line in the ledger. Whoever may confirm a
proposal is told of it, and whoever proposed it of the outcome.
"""

from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from escalation.choices import ClockChange, ClockState, NoticeKind
from escalation.clocks.lead_decisions import LEADS, lock_for_answer, lock_for_decision
from escalation.clocks.ledger import ChangeContext
from escalation.clocks.lifecycle import propose_waiver, refuse_proposed_waiver, waive
from escalation.enforcement.waiver_notices import tell_the_proposer, tell_who_may_confirm
from escalation.models import Clock
from tickets.errors import DeskError


@transaction.atomic
def waive_promise(*, clock: Clock, actor: User, at: datetime, reason: str) -> Clock:
    """Propose to excuse a broken promise; on a desk where one lead may waive, excuse it. Raises DeskError."""
    clock = lock_for_decision(clock, actor, LEADS, reason)
    _refuse_kept(clock)
    waive_or_propose(clock, ChangeContext(at, actor, reason.strip()))
    return clock


@transaction.atomic
def confirm_waiver(*, clock: Clock, actor: User, at: datetime) -> Clock:
    """Excuse a promise as somebody else proposed, for their reason; its raw outcome stays. Raises DeskError."""
    clock = lock_for_answer(clock, actor, LEADS)
    _refuse_unproposed(clock)
    _refuse_kept(clock)
    if clock.waiver_proposed_by_id == actor.pk:
        raise DeskError(_("A waiver needs a second person: another lead or a director must confirm it."))
    proposed = clock.events.filter(change=ClockChange.WAIVER_PROPOSED).latest("pk")
    waive(clock, ChangeContext(at, actor, proposed.cause))
    tell_the_proposer(clock, clock.waiver_proposed_by, NoticeKind.WAIVER_CONFIRMED, by=actor, at=at)
    return clock


@transaction.atomic
def refuse_waiver(*, clock: Clock, actor: User, at: datetime) -> Clock:
    """Let a proposed waiver drop: refused by another lead, or withdrawn by whoever proposed it. Raises DeskError."""
    clock = lock_for_answer(clock, actor, LEADS)
    _refuse_unproposed(clock)
    proposer = clock.waiver_proposed_by
    refuse_proposed_waiver(clock, ChangeContext(at, actor))
    tell_the_proposer(clock, proposer, NoticeKind.WAIVER_REFUSED, by=actor, at=at)
    return clock


def waive_or_propose(clock: Clock, context: ChangeContext) -> None:
    """The decision of one lead: a proposal, unless the desk lets one waive. Needs the lock of the ticket."""
    if settings.WAIVERS_NEED_TWO:
        propose_waiver(clock, context)
        tell_who_may_confirm(clock, context)
    else:
        waive(clock, context)


def _refuse_kept(clock: Clock) -> None:
    if clock.state in (ClockState.MET, ClockState.CANCELLED):
        raise DeskError(_("There is nothing to waive: the SLA was met or cancelled."))


def _refuse_unproposed(clock: Clock) -> None:
    if not clock.has_proposed_waiver:
        raise DeskError(_("No waiver of this SLA is proposed."))

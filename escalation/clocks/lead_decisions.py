"""Decisions of leads and directors about a promise: relax it, or put it under newer terms. Waivers have their own.

Each locks the ticket, needs a permission and a reason, and leaves a line in the ledger.
"""

from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from escalation.chains.step_times import due_under
from escalation.choices import ClockChange, ClockKind, ClockState
from escalation.clocks.ledger import Before, ChangeContext, append_event
from escalation.clocks.lifecycle import (
    PINNED,
    TERMS,
    apply_window,
    next_step_time,
    window_data,
    window_of,
)
from escalation.clocks.lowered_priority import due_if_retargeted, lowered_clocks
from escalation.models import Clock, PolicyTarget, PolicyVersion
from escalation.policies.terms import companion_window
from tickets.errors import DeskError
from tickets.services.locking import lock_ticket

LEADS = "escalation.waive_clock"
DIRECTORS = "escalation.change_policy"


@transaction.atomic
def relax(*, clock: Clock, actor: User, at: datetime, reason: str) -> Clock:
    """Give a lowered promise the window of its lower priority, counted from its start. Raises DeskError."""
    clock = lock_for_decision(clock, actor, LEADS, reason)
    _refuse_settled(clock, at)
    target = relaxed_window(clock)
    due = due_under(clock, target) if target is not None else clock.due_at
    if target is None or due <= clock.due_at:
        raise DeskError(_("There is nothing to relax: the SLA is no stricter than its priority requires."))
    _retarget(clock, target, due, ChangeContext(at, actor, reason.strip()), relaxed=True)
    return clock


@transaction.atomic
def retarget_to_version(
    *, clock: Clock, version: PolicyVersion, actor: User, at: datetime, reason: str
) -> Clock:
    """Put a running promise under another version of a policy, counted from its start. Raises DeskError.

    A due time in the past is refused: nobody may become late in retrospect. A lowered promise keeps its stricter due
    time, and with it the window from which that was computed.
    """
    clock = lock_for_decision(clock, actor, DIRECTORS, reason)
    _refuse_settled(clock, at)
    target = target_under(clock, version, at)
    if target is None:
        raise DeskError(_("%(version)s has no such response time.") % {"version": version})
    due = due_if_retargeted(clock, target, is_lowered=clock.pk in lowered_clocks([clock.pk]))
    keeps_stricter = due < due_under(clock, target)
    if _has_these_terms(clock, target) or (keeps_stricter and clock.policy_version_id == version.pk):
        raise DeskError(_("The SLA already follows these terms."))
    if due <= at:
        raise DeskError(_("Under these terms the SLA would already be breached. It keeps its own."))
    context = ChangeContext(at, actor, reason.strip())
    if keeps_stricter:
        _keep_stricter(clock, version, context)
    else:
        _retarget(clock, target, due, context, policy_version=version.pk)
    return clock


def _has_these_terms(clock: Clock, target: PolicyTarget) -> bool:
    calendar = clock.calendar_id, clock.calendar_version
    terms = target.version.pk, target.minutes, (target.calendar.pk, target.calendar.version)
    return (clock.policy_version_id, clock.minutes, calendar) == terms


def target_under(clock: Clock, version: PolicyVersion, at: datetime) -> PolicyTarget | None:
    """The window for the clock's kind and priority: its contract's own at ``at`` (UTC), else the version's."""
    return companion_window(version, ClockKind(clock.kind), clock.priority, contract=clock.contract, at=at)


def relaxed_window(clock: Clock) -> PolicyTarget | None:
    """The window of the clock's present priority by its own policy version, else by the terms of its start."""
    return target_under(clock, clock.policy_version, clock.started_at) or window_of(clock)


def lock_for_decision(clock: Clock, actor: User, permission: str, reason: str) -> Clock:
    """Check that the actor may decide and gives a reason, then lock the ticket and read the clock again."""
    if not reason.strip():
        refuse_outsiders(actor, permission)
        raise DeskError(_("Give a reason: it is recorded in the ledger."))
    return lock_for_answer(clock, actor, permission)


def refuse_outsiders(actor: User, permission: str) -> None:
    if not actor.has_perm(permission):
        raise DeskError(_("You may not decide that. Ask a lead."))


def lock_for_answer(clock: Clock, actor: User, permission: str) -> Clock:
    """The same for a decision about what somebody else gave a reason for."""
    refuse_outsiders(actor, permission)
    ticket = lock_ticket(clock.ticket)
    fresh = Clock.objects.select_related(*PINNED).get(pk=clock.pk)
    fresh.ticket = ticket
    return fresh


def _refuse_settled(clock: Clock, at: datetime) -> None:
    if clock.state != ClockState.RUNNING or clock.due_at <= at:
        raise DeskError(_("Only a running SLA can be changed; a met or breached one stays as it is."))


def _retarget(clock: Clock, target: PolicyTarget, due: datetime, context: ChangeContext, **data: Any) -> None:
    before = Before.of(clock)
    clock.raised_at, clock.paused_before_raise = None, 0
    apply_window(clock, target, due)
    clock.next_step_at = next_step_time(clock)
    clock.save(update_fields=[*TERMS, "next_step_at"])
    append_event(clock, ClockChange.RETARGETED, context, before=before, **window_data(clock), **data)


def _keep_stricter(clock: Clock, version: PolicyVersion, context: ChangeContext) -> None:
    clock.policy_version = version
    clock.next_step_at = next_step_time(clock)
    clock.save(update_fields=["policy_version", "next_step_at"])
    data = {**window_data(clock), "policy_version": version.pk, "kept": True}
    append_event(clock, ClockChange.RETARGETED, context, **data)

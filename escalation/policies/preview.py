"""Previews what would be promised: the due times of all windows for a moment, before anything is saved."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import ngettext

from customers.models import Contract, ServicePlan
from escalation.chains.step_times import due_time
from escalation.choices import RESPONSE_KINDS, ClockKind
from escalation.models import ContractWindow, Policy, PolicyTarget, PolicyVersion
from escalation.policies.editing import Window
from escalation.policies.terms import (
    companion_window,
    contract_in_force,
    contract_windows,
    covers,
    window_for,
)
from escalation.working_time.due_time import WorkTimeError
from tickets.choices import Priority
from tickets.errors import DeskError


@dataclass(frozen=True)
class DueWindow:
    """A window and the time when it would end."""

    window: Window
    due_at: datetime


@dataclass(frozen=True)
class PreviewRow:
    """One kind of promise, with a cell for each priority in order; None where nothing is promised."""

    kind: ClockKind
    cells: Sequence[DueWindow | None]


def preview_rows(windows: Iterable[Window], *, at: datetime) -> list[PreviewRow]:
    """When each promise would fall due if it started at ``at`` (UTC). No query. Raises DeskError."""
    due = {(window.kind, window.priority): _due_window(window, at) for window in windows}
    rows = [PreviewRow(kind, [due.get((kind, priority)) for priority in Priority]) for kind in ClockKind]
    return [row for row in rows if any(row.cells)]


def _due_window(window: Window, at: datetime) -> DueWindow:
    try:
        return DueWindow(window, due_time(window.calendar, at, window.minutes))
    except (WorkTimeError, OverflowError) as error:
        raise DeskError(
            ngettext(
                "%(calendar)s cannot count %(minutes)s minute from this moment.",
                "%(calendar)s cannot count %(minutes)s minutes from this moment.",
                window.minutes,
            )
            % {"calendar": window.calendar, "minutes": window.minutes}
        ) from error


@dataclass(frozen=True)
class Draft:
    """A policy, saved or not, with the windows that it would get."""

    policy: Policy
    windows: Sequence[Window]

    def policy_for(self, contract: Contract | None) -> Policy | None:
        """The policy that would serve the contract, or customers without one, if this draft were saved."""
        plan = contract.plan_id if contract is not None else _default_plan()
        if plan is not None and self.policy.plan_id == plan:
            return self.policy
        others = Policy.objects.exclude(pk=self.policy.pk)
        plan_policy = others.filter(plan=plan).first() if plan is not None else None
        default = self.policy if self.policy.is_default else others.filter(is_default=True).first()
        return plan_policy or default

    def under(self, contract: Contract | None, *, at: datetime) -> list[Window]:
        """The windows of a message that arrives at ``at`` (UTC), if this policy serves it.

        The default policy supplies answers that the draft leaves out, and the contract's own windows win.
        """
        default = PolicyTarget.objects.filter(version=_newest_default(), kind__in=RESPONSE_KINDS)
        left_out = [] if self.policy.is_default else windows_of(default.select_related("calendar"))
        windows = [*left_out, *self.windows, *windows_of(contract_windows(contract, at=at))]
        return list({(window.kind, window.priority): window for window in windows}.values())


def _default_plan() -> int | None:
    return ServicePlan.objects.filter(is_default=True).values_list("pk", flat=True).first()


def _newest_default() -> PolicyVersion | None:
    return PolicyVersion.objects.filter(policy__is_default=True).order_by("-number").first()


def windows_of(rows: Iterable[PolicyTarget | ContractWindow]) -> list[Window]:
    return [Window(row.kind, row.priority, row.minutes, row.calendar) for row in rows]


def contract_if_saved(contract: Contract, at: datetime) -> Contract | None:
    """The contract of the customer that would be in force at ``at`` (UTC) if this one were saved as it is."""
    if covers(contract, contract.customer, at):
        return contract
    return contract_in_force(contract.customer, at, besides=contract)


def windows_under(
    contract: Contract | None, *, at: datetime, own: Iterable[Window] | None = None
) -> list[Window]:
    """The windows of a message that arrives at ``at`` (UTC). Raises DeskError. A handful of queries for each priority.

    ``own`` replaces the windows that the contract is saved with.
    """
    if contract is not None and own is not None:
        contract.has_windows = False  # type: ignore[attr-defined]  # contract_windows then looks for none
    promised = [window for priority in Priority for window in _promised(contract, priority, at)]
    windows = {(window.kind, window.priority): window for window in [*promised, *(own or ())]}
    return list(windows.values())


def _promised(contract: Contract | None, priority: Priority, at: datetime) -> list[Window]:
    answers = {
        kind: window_for(contract=contract, kind=kind, priority=priority, at=at) for kind in RESPONSE_KINDS
    }
    version = answers[ClockKind.FIRST_RESPONSE].version
    companions = {
        kind: companion_window(version, kind, priority, contract=contract, at=at)
        for kind in (ClockKind.UPDATE, ClockKind.RESOLUTION)
    }
    return [
        Window(kind, priority, target.minutes, target.calendar)
        for kind, target in {**answers, **companions}.items()
        if target is not None
    ]

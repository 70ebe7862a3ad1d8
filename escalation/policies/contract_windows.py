"""Changes a contract's own windows. Each has a date, so that the windows at any past moment stay known."""

from collections.abc import Iterable
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from customers.models import Contract
from escalation.choices import ClockKind
from escalation.models import ContractWindow
from escalation.policies.editing import Window
from tickets.choices import Priority
from tickets.errors import DeskError


@transaction.atomic
def revise_windows(
    *, contract: Contract, windows: Iterable[Window], actor: User | None, at: datetime
) -> list[ContractWindow]:
    """Put exactly these windows into force from ``at`` (UTC) on, and return the new rows. Locks the contract.

    Existing windows that are not among them are retired, the others keep their date, and running promises
    keep the terms they started under. Raises DeskError.
    """
    wanted = list(windows)
    refuse_doubled(wanted)
    Contract.objects.select_for_update().get(pk=contract.pk)
    current = ContractWindow.objects.current().filter(contract=contract).select_related("calendar")
    there = {Window(row.kind, row.priority, row.minutes, row.calendar): row for row in current}
    gone = [row.pk for window, row in there.items() if window not in wanted]
    current.filter(pk__in=gone).retire(at)
    return [_create(contract, window, actor, at) for window in wanted if window not in there]


def refuse_doubled(windows: Iterable[Window]) -> None:
    """Raise DeskError, which names the first window that is given twice."""
    seen = set()
    for window in windows:
        key = window.kind, window.priority
        if key in seen:
            raise DeskError(
                _("%(kind)s for %(priority)s is listed twice.")
                % {"kind": ClockKind(window.kind).label, "priority": Priority(window.priority).label}
            )
        seen.add(key)


def _create(contract: Contract, window: Window, actor: User | None, at: datetime) -> ContractWindow:
    return ContractWindow.objects.create(
        contract=contract,
        kind=window.kind,
        priority=window.priority,
        minutes=window.minutes,
        calendar=window.calendar,
        created_at=at,
        created_by=actor,
    )

"""Merges the promises of two tickets: the stricter of each kind stays, and the other is cancelled with the cause."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from escalation.choices import RESPONSE_KINDS, ClockChange, ClockKind
from escalation.clocks.ledger import ChangeContext, append_event
from escalation.clocks.lifecycle import PINNED, cancel, open_clocks, settle
from escalation.clocks.updates_and_resolution import resume
from escalation.models import Clock
from tickets.models import Ticket

# A ticket owes one promise of each of these at a time.
FAMILIES = (RESPONSE_KINDS, (ClockKind.UPDATE,), (ClockKind.RESOLUTION,))


def merge_clocks(source: Ticket, target: Ticket, context: ChangeContext) -> None:
    """Move every clock of ``source`` to ``target``, the ticket that stays. Needs the locks of both."""
    owed = [*open_clocks(target), *open_clocks(source)]
    for clock in owed:
        resume(
            clock, context
        )  # a pause moves the due time; whoever waits for the customer then begins a new one
        settle(clock, context)
    for kinds in FAMILIES:
        _keep_the_strictest([clock for clock in owed if clock.kind in kinds], context)
    for clock in Clock.objects.filter(ticket=source).select_related(*PINNED).order_by("pk"):
        clock.ticket = target
        clock.save(update_fields=["ticket"])
        append_event(clock, ClockChange.MERGED, context, source=source.pk, target=target.pk)


def _keep_the_strictest(owed: Sequence[Clock], context: ChangeContext) -> None:
    """Keep the promise with the earliest due time; if some are equal, that of the ticket that stays."""
    strictest = min(owed, key=lambda clock: clock.due_at, default=None)
    cause = _("Merged with %(number)s, which has the stricter SLA.")
    for clock in owed:
        if clock is not strictest and strictest is not None:
            cancel(
                clock, ChangeContext(context.at, context.actor, cause % {"number": strictest.ticket.number})
            )

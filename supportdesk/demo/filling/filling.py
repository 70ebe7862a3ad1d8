"""Fills an empty desk with as many tickets as asked, for measurements.

The same number of tickets and the same time give the same rows. Hashes, digests and seals are real: `verify_ledger`
accepts the desk. Files are left out, as every one of them would be one in the storage.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from random import Random

from django.db import transaction
from django.utils.translation import gettext as _

from customers.models import Customer
from escalation.lib.garbage import rare_garbage_collection
from escalation.proof.sealing import seal_ledger
from supportdesk.demo.filling.lives import lives
from supportdesk.demo.filling.promises import DeskTerms
from supportdesk.demo.filling.staffing import hire
from supportdesk.demo.filling.tables import continue_numbers, sink, tidy
from supportdesk.demo.filling.writing import TicketWriter
from tickets.errors import DeskError
from tickets.models import Ticket
from tickets.services.mailboxes import default_mailbox

SEED = 20_26
TOLD_EVERY = 20  # parts


def fill_desk(
    *,
    tickets: int,
    now: datetime,
    say: Callable[[str], None],
    stopwatch: Callable[[], float] = time.monotonic,
) -> None:
    """Write the desk as of ``now`` (UTC), or nothing at all. ``say`` prints a line of progress.

    Raises DeskError for a desk that has tickets or customers.
    """
    if Ticket.objects.exists() or Customer.objects.exists():
        raise DeskError(_("This desk already has customers or tickets. Name an empty database."))
    started = stopwatch()
    with transaction.atomic(), rare_garbage_collection():
        models = _write_all(tickets, now.replace(microsecond=0), say)
        say(_("Sealing the ledger"))
        seal_ledger(at=now, whole=True)
    tidy(models)
    words = {"tickets": f"{tickets:,}", "seconds": round(stopwatch() - started)}
    say(_("Filled with %(tickets)s tickets in %(seconds)s seconds.") % words)


def _write_all(tickets: int, now: datetime, say: Callable[[str], None]) -> list[type]:
    dice = Random(SEED)  # noqa: S311 - a story, no secret
    people = hire(tickets, now=now, dice=dice)
    terms, target = DeskTerms.of_the_desk(), sink()
    writer = TicketWriter(target, terms, people, dice, mailbox=default_mailbox().pk, now=now)
    models = [table.model for table in writer.tables]
    part = max(tickets // TOLD_EVERY, 1)
    with target.opened(models):
        for number, life in enumerate(lives(tickets, now=now, windows=terms.minutes, dice=dice)):
            is_long = len(life.turns) > 20
            writer.write(life, people.companies[0] if is_long else dice.choice(people.companies))
            if number % part == part - 1:
                say(f"{number + 1:,} / {tickets:,}")
        writer.flush()
        say(_("Making indexes"))
    continue_numbers(writer.tables)
    return models

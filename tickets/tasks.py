"""The queue's tasks for mail. Each reads the time and calls services, and may run twice at once.

The work is stored in rows: if a task is lost or killed, the next minute's task does its work.
"""

import logging
from collections.abc import Sequence
from datetime import timedelta

from django.core.cache import cache
from django.db import close_old_connections, connection

from customers import time_of_record
from customers.search.column import tidy_index
from tickets.choices import IntakeState
from tickets.lib.free_space import disk_room
from tickets.lib.stopping import is_ending
from tickets.models import InboundEmail
from tickets.search.backlog import INDEXED, index_backlog
from tickets.search.mails import index_mails
from tickets.services import erasing, stored_files
from tickets.services.fetching import fetch_due, fetch_mailbox
from tickets.services.importing import import_due
from tickets.services.intake import (
    Batch,
    in_batches,
    is_passing,
    process,
    process_together,
    waiting_with,
)
from tickets.services.intake.raw_mails import move_raw_mails as move_all
from tickets.services.leases import due_mailboxes
from tickets.services.mailbox_comparison import compare_mailboxes as compare_all
from tickets.services.outgoing.delivery import deliver_due, release_from_future

logger = logging.getLogger(__name__)

MOST_PER_RUN = 500
RUN_FOR = timedelta(seconds=100)
INDEX_FOR = timedelta(seconds=50)
SERVER_AWAY = "tickets.mail-server-away"
AWAY_SECONDS = 90


def deliver_outbox(*, nudged: bool = False) -> str:
    """Send the mails that are due: every minute and, with ``nudged``, after each queued mail.

    While the mail server is unreachable, only the minute's task tries. Otherwise each new mail would keep a worker
    waiting for the time-out, and the sweep would wait for the worker.
    """
    if nudged and cache.get(SERVER_AWAY):
        return "the mail server is away"
    if not nudged:
        release_from_future(now=time_of_record.now())
    report = deliver_due(read_clock=time_of_record.now)
    cache.set(SERVER_AWAY, bool(report.problem), AWAY_SECONDS)
    return str(report)


def process_one(inbound: int) -> str:
    """Process a mail right after it was stored, and others that wait with it."""
    together = waiting_with(inbound)
    if len(together) > 1:
        return f"processed {_process_safely(together)}"
    row = process(inbound, now=time_of_record.now())
    return row.state if row else "done already"


def process_stored() -> str:
    """Process stored mails that no nudge reached, oldest first, then failed ones whose time has come. Every minute."""
    started = time_of_record.now()
    waiting = InboundEmail.objects.filter(state=IntakeState.STORED).order_by("received_at")
    again = InboundEmail.objects.to_retry().filter(retry_at__lte=started).order_by("retry_at")
    work = [
        *in_batches(list(waiting.values_list("pk", "size")[:MOST_PER_RUN])),
        *([key] for key in again.values_list("pk", flat=True)[:MOST_PER_RUN]),
    ]
    done = 0
    for together in work:
        if time_of_record.now() >= started + RUN_FOR or is_ending():
            break
        done += _process_safely(together)
    return f"processed {done}"


def fetch_mail() -> str:
    """Fetch every mailbox that is due, then go on with imports, every minute.

    A failure is recorded on its row and does not stop the others. While the disk has too little room, mail stays on
    its servers.
    """
    if _lacks_room():
        return "no room"
    reports = [*fetch_due(read_clock=time_of_record.now), *import_due(read_clock=time_of_record.now)]
    return "; ".join(map(str, reports)) or "nothing due"


def fetch_one(mailbox: int) -> str:
    """Fetch a mailbox whose server tells of new mail, unless it is being fetched or waits after an error."""
    if _lacks_room():
        return "no room"
    if not due_mailboxes(time_of_record.now()).filter(pk=mailbox).exists():
        return "not due"
    return str(fetch_mailbox(mailbox, read_clock=time_of_record.now))


def _lacks_room() -> bool:
    room = disk_room()
    if room.is_used_up:
        logger.error("No mail is fetched: %s has only %s MB left", room.folder, room.megabytes)
    return room.is_used_up


def compare_mailboxes() -> str:
    """List the mail of the last days that the servers have and the desk has not, every night."""
    return "; ".join(map(str, compare_all(read_clock=time_of_record.now))) or "no mailbox to compare"


def index_words() -> str:
    """Take mails and older tickets into the search and tidy its index, every minute."""
    now = time_of_record.now()

    def may_go_on() -> bool:
        return time_of_record.now() < now + INDEX_FOR and not is_ending()

    for model in INDEXED:
        tidy_index(model)
    mails = index_mails(now=now, may_go_on=may_go_on)
    return f"indexed {mails} mails, {index_backlog(may_go_on=may_go_on)} of the backlog"


def move_raw_mails() -> str:
    """Move the bytes of mails that have settled out of the table that is counted and listed, every minute."""
    now = time_of_record.now()
    return f"moved {move_all(now=now, may_go_on=lambda: time_of_record.now() < now + INDEX_FOR and not is_ending())}"


def remove_erased_files() -> str:
    """Remove the files of erased messages: after each erasing, and every hour those that no nudge reached."""
    return f"removed {erasing.remove_erased_files()}"


def remove_unused_files() -> str:
    """Remove files without a row, which a process that died has left: every night."""
    return f"removed {stored_files.remove_unused_files(now=time_of_record.now())}"


def _process_safely(mails: Sequence[int]) -> int:
    """Process mails together, and alone what fails. Return how many were done."""
    if len(mails) == 1:
        return _process_alone(mails[0])
    try:
        batch = process_together(mails, now=time_of_record.now())
    except Exception as error:
        if not is_passing(error):
            raise
        logger.exception("The database could not take %s mails together", len(mails))
        batch = Batch(0, mails)
        _drop_broken_connection()
    return batch.done + sum(map(_process_alone, batch.left))


def _process_alone(inbound: int) -> int:
    """Process one mail. A fault of database or storage leaves it for the next minute and lets the others go on."""
    try:
        return process(inbound, now=time_of_record.now()) is not None
    except Exception as error:
        if not is_passing(error):
            raise
        logger.exception("Mail %s waits: the desk could not store what it says", inbound)
        _drop_broken_connection()
        return 0


def _drop_broken_connection() -> None:
    """It would fail the mails after this one."""
    if not connection.in_atomic_block:
        close_old_connections()

"""Nudges to the queue: "there is work in the rows". A nudge that is lost costs a minute, never a mail."""

from collections.abc import Callable
from functools import partial

from django.db import transaction
from django_q.tasks import async_task


def nudge_delivery() -> None:
    """Have the outbox looked at after the commit; once per transaction, however many mails it queued."""
    _after_commit(_deliver)


def nudge_intake(inbound: int) -> None:
    """Have a stored mail (its key) processed after the commit."""
    _after_commit(partial(_process, inbound))


def _deliver() -> None:
    async_task("tickets.tasks.deliver_outbox")


def _process(inbound: int) -> None:
    async_task("tickets.tasks.process_one", inbound)


def _after_commit(nudge: Callable[[], None]) -> None:
    """Robust: a queue that is down is logged, and the minute task finds the row."""
    if not _is_waiting(nudge):
        transaction.on_commit(nudge, robust=True)


def _is_waiting(nudge: Callable[[], None]) -> bool:
    """Registered already, and in no savepoint that could still be rolled back without us."""
    connection = transaction.get_connection()
    open_savepoints = set(connection.savepoint_ids)
    return any(
        waiting is nudge and savepoints <= open_savepoints
        for savepoints, waiting, _robust in connection.run_on_commit
    )

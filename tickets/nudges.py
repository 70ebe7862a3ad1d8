"""Tells the queue that there is work in the rows. A lost nudge costs a minute, never a mail."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import DEFAULT_DB_ALIAS, transaction
from django_q import tasks
from django_q.brokers import Broker
from django_q.brokers.orm import ORM
from django_q.conf import Conf
from django_q.tasks import async_task

_held: ContextVar[bool] = ContextVar("nudges_held", default=False)


@contextmanager
def hold_nudges() -> Iterator[None]:
    """Suppress nudges inside: for code that writes mail in bulk and delivers it itself."""
    token = _held.set(True)
    try:
        yield
    finally:
        _held.reset(token)


def nudge_delivery() -> None:
    """Deliver the outbox after the commit: once per transaction, however many mails it queued."""
    after_commit(_deliver)


def nudge_intake(inbound: int) -> None:
    """Have a stored mail (its key) processed after the commit.

    A queue in the same database gets the task with the mail: one commit serves both, and neither is there alone.
    """

    def process() -> None:
        async_task("tickets.tasks.process_one", inbound)

    if Conf.ORM == DEFAULT_DB_ALIAS and isinstance(_broker(), ORM) and not _held.get():
        process()
    else:
        after_commit(process)


def _broker() -> Broker:
    """The one that async_task uses."""
    broker: Broker = tasks.get_broker()  # type: ignore[attr-defined]  # it imports the name for itself
    return broker


def nudge_fetch() -> None:
    """Fetch mail after the commit, without waiting for the next minute."""
    after_commit(_fetch)


def nudge_mailbox(mailbox: int) -> None:
    """Fetch one mailbox (its key) after the commit, as its server tells of new mail."""

    def fetch() -> None:
        async_task("tickets.tasks.fetch_one", mailbox)

    after_commit(fetch)


def nudge_removal() -> None:
    """Remove the files of erased messages after the commit."""
    after_commit(_remove)


def _fetch() -> None:
    async_task("tickets.tasks.fetch_mail")


def _deliver() -> None:
    async_task("tickets.tasks.deliver_outbox", nudged=True)


def _remove() -> None:
    async_task("tickets.tasks.remove_erased_files")


def after_commit(nudge: Callable[[], None]) -> None:
    """Run ``nudge`` after the commit, once per transaction.

    If the queue is down, that is logged, and the task that runs every minute finds the row.
    """
    if not (_held.get() or _is_registered(nudge)):
        transaction.on_commit(nudge, robust=True)


def _is_registered(nudge: Callable[[], None]) -> bool:
    """True if it is registered already: Django drops what was registered behind a savepoint that is rolled back."""
    waiting = transaction.get_connection().run_on_commit
    return any(registered is nudge for _savepoints, registered, _robust in waiting)

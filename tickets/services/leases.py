"""Reserves a mailbox for one process, and records how far it is: what every way of fetching does alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from customers.time_of_record import FUTURE
from tickets.models import Mailbox, MailboxFolder

# Longer than a task of the queue may live (Q_CLUSTER's timeout), and renewed with each batch.
LEASE = timedelta(minutes=5)
# Minutes to wait after the first, second, ... error in a row; the last one repeats.
WAITS = (1, 2, 5, 10, 15)
LONGEST_WAIT = timedelta(minutes=WAITS[-1])

ReadClock = Callable[[], datetime]


@dataclass
class FetchReport:
    """What one fetch of a mailbox did. ``problem`` is a sentence; mails fetched before the problem are stored."""

    address: str
    stored: int = 0
    known: int = 0
    older: int = 0
    problem: str = ""

    def __str__(self) -> str:
        words = asdict(self)
        if self.problem:
            return _("%(address)s: %(problem)s (new emails before that: %(stored)s)") % words
        if self.older:
            return (
                _("%(address)s: %(stored)s new, %(known)s already known, %(older)s older and left alone")
                % words
            )
        return _("%(address)s: %(stored)s new, %(known)s already known") % words


def due_mailboxes(now: datetime) -> QuerySet[Mailbox]:
    """Those with a host that nobody reads at ``now`` (UTC) and that need not wait after an error."""
    polled = Mailbox.objects.filter(is_active=True).exclude(host="")
    may_try = Q(retry_at=None) | Q(retry_at__lte=now) | Q(retry_at__gt=now + LONGEST_WAIT + FUTURE)
    return polled.filter(may_try, _is_free(now))


def _is_free(now: datetime) -> Q:
    """A lease that ends later than any may was taken while a clock was wrong."""
    return Q(locked_until=None) | Q(locked_until__lt=now) | Q(locked_until__gt=now + LEASE + FUTURE)


def take_lease(mailbox: Mailbox, *, now: datetime) -> bool:
    """Reserve the mailbox for LEASE; False if another process has it."""
    mailbox.locked_until = now + LEASE
    free = Mailbox.objects.filter(_is_free(now), pk=mailbox.pk)
    return free.update(locked_until=mailbox.locked_until) == 1


def renew_lease(mailbox: Mailbox, *, now: datetime) -> bool:
    """Extend the lease of the mailbox; False if another host has taken it over."""
    mine = Mailbox.objects.filter(pk=mailbox.pk, locked_until=mailbox.locked_until)
    mailbox.locked_until = now + LEASE
    return mine.update(locked_until=mailbox.locked_until) == 1


def release_lease(mailbox: Mailbox, **values: object) -> None:
    """Free the mailbox and record these values, if the lease is still ours."""
    mine = Mailbox.objects.filter(pk=mailbox.pk, locked_until=mailbox.locked_until)
    mine.update(locked_until=None, **values)


def save_folder(folder: MailboxFolder, **values: Any) -> None:
    """Save these values. The folder may have been taken off the mailbox while it is read."""
    for name, value in values.items():
        setattr(folder, name, value)
    MailboxFolder.objects.filter(pk=folder.pk).update(**values)

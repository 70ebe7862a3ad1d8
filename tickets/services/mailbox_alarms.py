"""When a mailbox has stopped for a while, and when it is well again: each is announced once."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from tickets.events import MailboxRecovered, MailboxStopped, publish
from tickets.models import Mailbox

# A server that restarts is away for a minute or two; the tries are 1, 2 and 5 minutes apart.
ALARM_AFTER = timedelta(minutes=3)
# A refused login or token seldom mends itself; the second refusal counts.
ALARM_AFTER_REFUSAL = timedelta(minutes=1)


@transaction.atomic
def record_trouble(mailbox: Mailbox, problem: str, *, is_refusal: bool, at: datetime) -> None:
    """Note that something is wrong, and announce it if it has been for a while."""
    rows = Mailbox.objects.filter(pk=mailbox.pk, alarmed_at=None)
    rows.filter(trouble_since=None).update(trouble_since=at)
    wait = ALARM_AFTER_REFUSAL if is_refusal else ALARM_AFTER
    if rows.filter(trouble_since__lte=at - wait).update(alarmed_at=at):
        publish(MailboxStopped(mailbox, at, problem))


@transaction.atomic
def record_recovery(mailbox: Mailbox, *, at: datetime) -> None:
    """Note that all is well. Costs nothing where it was before."""
    if mailbox.trouble_since is None:
        return
    since = mailbox.trouble_since
    rows = Mailbox.objects.filter(pk=mailbox.pk, trouble_since=since)
    was_announced = rows.exclude(alarmed_at=None).update(trouble_since=None, alarmed_at=None)
    rows.update(trouble_since=None)
    if was_announced:
        publish(MailboxRecovered(mailbox, at, since))

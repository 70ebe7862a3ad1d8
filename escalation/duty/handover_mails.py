"""Mails both people at a change of shift what is open, once: the row and its mails are one transaction."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import DatabaseError, transaction
from django.db.models import Max

from customers.times import as_read_by, reader_of
from escalation.duty.handover_digest import Digest, digest_of, for_reader, subject_of, text_of
from escalation.models import DutyHandover, DutyRota
from escalation.people.on_duty import Watch, shifts_within, watches_by_rota
from tickets.choices import MailPurpose
from tickets.errors import DeskError
from tickets.models import OutboundEmail
from tickets.services.outgoing.outbox import queue_mail

logger = logging.getLogger(__name__)
# Older changes are not mailed: after an outage, only each rota's latest change within this time is.
LOOK_BACK = timedelta(days=3)
MOMENT = timedelta(microseconds=1)  # so that a change at this very moment counts


@dataclass(frozen=True)
class Change:
    """The duty of a rota passes from one person to another."""

    rota: DutyRota
    at: datetime
    outgoing: User
    incoming: User


def tell_changes(*, now: datetime) -> int:
    """Mail each rota's latest change if it was not mailed yet; return how many were. Two queries if there is none.

    Runs may overlap: the constraint on the row lets only one of them mail.
    """
    mailed = 0
    for change in _untold(_latest_changes(now)):
        try:
            mailed += _tell(change, now)
        except DatabaseError:
            raise
        except Exception:  # a failed hand-over must not keep the others from being mailed
            logger.exception("The hand-over of rota %s could not be told", change.rota.pk)
    return mailed


def _latest_changes(now: datetime) -> list[Change]:
    rows = shifts_within(now - LOOK_BACK, now + MOMENT).select_related("rota", "user__staff_profile")
    latest = (_latest(watched, now) for watched in watches_by_rota(rows).values())
    return [change for change in latest if change is not None]


def _latest(watched: Iterable[Watch], now: datetime) -> Change | None:
    """The last time that one person took over from another, even with a gap between the two."""
    last: Change | None = None
    before: Watch | None = None
    for watch in watched:
        if watch.starts_at > now:
            break
        if before is not None and before.user_id != watch.user_id and watch.starts_at > now - LOOK_BACK:
            last = Change(watch.shift.rota, watch.starts_at, before.user, watch.user)
        before = watch
    return last


def _untold(changes: list[Change]) -> list[Change]:
    """Changes that are later than the last one we mailed about, by rota."""
    if not changes:
        return []
    known = DutyHandover.objects.filter(rota__in=[change.rota for change in changes]).order_by()
    last = dict(known.values_list("rota").annotate(at=Max("changed_at")))
    return [change for change in changes if change.rota.pk not in last or last[change.rota.pk] < change.at]


@transaction.atomic
def _tell(change: Change, now: datetime) -> int:
    people = {"outgoing": change.outgoing, "incoming": change.incoming}
    row, is_first = DutyHandover.objects.get_or_create(
        rota=change.rota, changed_at=change.at, defaults={**people, "told_at": now}
    )
    if not is_first:
        return 0
    digest = digest_of(change.rota, change.at, change.outgoing, change.incoming)
    row.outgoing_mail = _mail(digest, change.outgoing, now)
    row.incoming_mail = _mail(digest, change.incoming, now)
    row.save(update_fields=["outgoing_mail", "incoming_mail"])
    return 1


def _mail(digest: Digest, reader: User, now: datetime) -> OutboundEmail | None:
    """Queue the mail; None if the reader left or has no usable address; the desk shows the tickets too."""
    if not (reader.email and reader.is_active):
        return None
    with as_read_by(*reader_of(reader)):
        try:
            return queue_mail(
                purpose=MailPurpose.NOTIFICATION,
                recipients=[reader.email],
                subject=subject_of(digest),
                text=text_of(for_reader(digest, reader)),
                at=now,
            )
        except DeskError:
            return None  # mistyped, or the desk's own address: the other reader is mailed anyway

"""Removes what was kept for long enough, each kind of data by its own number of days. By default everything is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from auditlog.context import disable_auditlog
from auditlog.models import LogEntry as AuditEntry
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from customers.traces import Traces
from escalation.choices import NotificationState
from escalation.models import Notification
from supportdesk.models import SignIn
from supportdesk.personal_data.belongings import belongings_of
from supportdesk.personal_data.removal import Decision, empty_raw, empty_rows, give_up, index_rows
from tickets.choices import IntakeState, Status
from tickets.models import Attachment, InboundEmail, MailMark, Message, OutboundEmail, Participant, Ticket
from tickets.models.outbound import WORK_LEFT
from tickets.services.locking import lock_mails_of, lock_ticket

AT_ONCE = 200
NOBODY = Traces("")


@dataclass(frozen=True)
class KeptData:
    """One kind of data. ``old`` are its rows from before a time, ``remove`` takes some of them (by key)."""

    name: str
    setting: str
    title: Any
    old: Callable[[datetime], QuerySet[Any]]
    remove: Callable[[list[int], datetime], object]
    at_once: int = AT_ONCE

    @property
    def days(self) -> int:
        """0 keeps everything."""
        days: int = getattr(settings, self.setting)
        return days

    def over(self, now: datetime) -> QuerySet[Any]:
        """The rows whose time is over."""
        rows = self.old(now - timedelta(days=self.days))
        return rows.order_by("pk") if self.days else rows.none()


@dataclass(frozen=True)
class Removed:
    kind: KeptData
    count: int
    is_all: bool = True


def count_old(*, now: datetime) -> list[Removed]:
    """What `remove_old` would remove."""
    return [Removed(kind, kind.over(now).count()) for kind in KINDS]


def remove_old(*, now: datetime, may_go_on: Callable[[], bool]) -> list[Removed]:
    """Remove it in small transactions for as long as ``may_go_on``. May run twice, also at once."""
    return [_remove_kind(kind, now, may_go_on) for kind in KINDS]


def _remove_kind(kind: KeptData, now: datetime, may_go_on: Callable[[], bool]) -> Removed:
    removed, last = 0, 0
    while may_go_on():
        keys = list(kind.over(now).filter(pk__gt=last).values_list("pk", flat=True)[: kind.at_once])
        if not keys:
            return Removed(kind, removed)
        with transaction.atomic(), disable_auditlog():
            kind.remove(keys, now)
        removed, last = removed + len(keys), keys[-1]
    return Removed(kind, removed, is_all=False)


def _old_raw(before: datetime) -> QuerySet[Any]:
    has_bytes = ~Q(raw=b"") | Q(moved_bytes__isnull=False)
    return InboundEmail.objects.filter(has_bytes, state=IntakeState.PROCESSED, received_at__lt=before)


def _old_files(before: datetime) -> QuerySet[Any]:
    return Attachment.objects.filter(message__at__lt=before, message__ticket__status=Status.CLOSED)


def _remove_files(keys: list[int], now: datetime) -> None:
    rows = Attachment.objects.filter(pk__in=keys)
    tickets = list(Message.objects.filter(attachments__in=keys).values_list("ticket", flat=True).distinct())
    give_up(rows.values_list("file", flat=True), now)
    rows.delete()
    index_rows({Ticket: tickets})


def _old_mails(before: datetime) -> QuerySet[Any]:
    words = ~Q(text="") | ~Q(html="")
    return OutboundEmail.objects.filter(words, created_at__lt=before).exclude(state__in=WORK_LEFT)


def _old_tickets(before: datetime) -> QuerySet[Any]:
    """Closed tickets with words; the drop of a merged one came with the ticket that it was merged into."""
    words = Message.objects.filter(ticket=OuterRef("pk"), erased_at=None)
    closed = Ticket.objects.filter(status=Status.CLOSED, closed_at__lt=before)
    return closed.filter(Exists(words))


def _remove_words(keys: list[int], now: datetime) -> None:
    """Words and files of a ticket; who took part, and which mail a machine wrote, stay."""
    with override(settings.LANGUAGE_CODE):
        reason = str(_("The retention period is over."))
    for key in keys:
        lock_mails_of(key)
        lock_ticket(Ticket(pk=key))
        rows = belongings_of({Ticket: {key}})
        marks = rows.pop(MailMark, set())
        rows.pop(Participant, None)
        MailMark.objects.filter(pk__in=marks).update(subject="")
        empty_rows(rows, NOBODY, Decision(now, None, reason))


def _delete(model: Any) -> Callable[[list[int], datetime], object]:
    return lambda keys, _now: model.objects.filter(pk__in=keys).delete()


KINDS = (
    KeptData(
        "raw-mail",
        "KEEP_RAW_MAIL_DAYS",
        _("Emails as they came"),
        _old_raw,
        lambda keys, _now: empty_raw(keys),
    ),
    KeptData("files", "KEEP_FILES_DAYS", _("Files of closed tickets"), _old_files, _remove_files),
    KeptData(
        "sent-mail",
        "KEEP_SENT_MAIL_DAYS",
        _("Texts of sent emails"),
        _old_mails,
        lambda keys, _now: OutboundEmail.objects.filter(pk__in=keys).update(text="", html=""),
    ),
    KeptData(
        "words",
        "KEEP_CLOSED_WORDS_DAYS",
        _("Words of closed tickets"),
        _old_tickets,
        _remove_words,
        at_once=10,
    ),
    KeptData(
        "notifications",
        "KEEP_NOTIFICATIONS_DAYS",
        _("Notifications"),
        lambda before: Notification.objects.filter(created_at__lt=before).exclude(
            state=NotificationState.PENDING
        ),
        _delete(Notification),
    ),
    KeptData(
        "audit",
        "KEEP_AUDIT_DAYS",
        _("Audit"),
        lambda before: AuditEntry.objects.filter(timestamp__lt=before),
        _delete(AuditEntry),
    ),
    KeptData(
        "history",
        "KEEP_AUDIT_DAYS",
        _("History of the admin's pages"),
        lambda before: LogEntry.objects.filter(action_time__lt=before),
        _delete(LogEntry),
    ),
    KeptData(
        "sign-ins",
        "SIGN_IN_KEEP_DAYS",
        _("Sign-ins"),
        lambda before: SignIn.objects.filter(at__lt=before),
        _delete(SignIn),
    ),
)

"""Empties rows that belong to somebody, and marks the traces of somebody in rows that do not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Model

from customers.traces import Traces
from escalation.models import ExportFile
from supportdesk.models import Erasure
from supportdesk.personal_data.belongings import Keys, chunks
from supportdesk.personal_data.columns import (
    REMOVED,
    UNTOUCHED,
    Treatment,
    columns_of,
    emptied,
    marked,
    treatment_of,
)
from tickets.models import (
    Attachment,
    ErasedFile,
    InboundEmail,
    Message,
    OutboundEmail,
    Participant,
    RawMail,
    Ticket,
)
from tickets.nudges import nudge_removal
from tickets.search.indexing import index_tickets
from tickets.search.mails import INBOUND, OUTBOUND, index_again
from tickets.services.erasing import ERASED

# The words of a message, and by what it could be found on the sender's own server.
OF_A_MESSAGE = (*ERASED, "rfc_message_id")


@dataclass(frozen=True)
class Decision:
    """Who decided to erase words, when and why; nobody for what was kept for long enough."""

    at: datetime
    actor: User | None
    reason: str


def empty_rows(rows: Keys, traces: Traces, erasure: Erasure | Decision) -> Counter[str]:
    """Take the words out of rows, given by their keys, and count them by the names of their tables.

    Needs the locks of the tickets to which they belong.
    """
    counts: Counter[str] = Counter()
    for model, keys in rows.items():
        if model not in UNTOUCHED | REMOVED and model is not Message:
            counts[model._meta.model_name or ""] += _change(model, keys, traces, is_theirs=True)
    counts["message"] += _empty_messages(rows.get(Message, ()), traces, erasure)
    _remove_participants(rows.get(Participant, ()), traces)
    for model in REMOVED & rows.keys():
        counts[model._meta.model_name or ""] += _remove(model, rows[model], erasure.at)
    index_rows(rows)
    return +counts


def mark_rows(rows: Mapping[type[Model], Collection[Any]], traces: Traces) -> int:
    """Put the mark in place of each trace in rows that belong to others. Needs the locks of their tickets."""
    changed = sum(_change(model, keys, traces, is_theirs=False) for model, keys in rows.items())
    _remove_participants(rows.get(Participant, ()), traces)
    index_rows(rows)
    return changed


def index_rows(rows: Mapping[type[Model], Collection[Any]]) -> None:
    """Write anew what the search knows of these rows."""
    files = Attachment.objects.filter(pk__in=list(rows.get(Attachment, ()))).order_by().values("message")
    of_files = Message.objects.filter(pk__in=files).order_by().values_list("ticket", flat=True)
    messages = (
        Message.objects.filter(pk__in=list(rows.get(Message, ()))).order_by().values_list("ticket", flat=True)
    )
    index_tickets(list({*rows.get(Ticket, ()), *messages, *of_files}))
    index_again(INBOUND, list(rows.get(InboundEmail, ())))
    index_again(OUTBOUND, list(rows.get(OutboundEmail, ())))


def _change(model: type[Model], keys: Collection[Any], traces: Traces, *, is_theirs: bool) -> int:
    """Save what changes, and return of how many rows that is something."""
    columns = list(columns_of(model))
    count = 0
    for some in chunks(keys) if columns else ():
        changed = []
        for row in model._base_manager.filter(pk__in=some).only("pk", *(field.attname for field in columns)):
            if isinstance(row, OutboundEmail) and is_theirs:
                _give_up_files(row)
            if _change_row(row, columns, traces, is_theirs=is_theirs):
                changed.append(row)
        model._base_manager.bulk_update(changed, [field.name for field in columns], batch_size=100)
        count += len(changed)
    return count


def _change_row(row: Any, columns: Collection[Any], traces: Traces, *, is_theirs: bool) -> bool:
    is_changed = False
    for field in columns:
        before = getattr(row, field.attname)
        if is_theirs and treatment_of(field) is Treatment.EMPTY:
            after = emptied(field)
        elif isinstance(before, str | list | dict):
            after = marked(field, before, traces)
        else:
            continue
        if after != before and not (isinstance(before, memoryview) and bytes(before) == after):
            setattr(row, field.attname, after)
            is_changed = True
    return is_changed


def _empty_messages(keys: Collection[int], traces: Traces, erasure: Erasure | Decision) -> int:
    """Like `erase_words`, of many at once. Who erased words before, when and why, stays."""
    count = 0
    for some in chunks(keys):
        for message in Message.objects.filter(pk__in=some):
            for field in OF_A_MESSAGE:
                setattr(message, field, "")
            message.failure = traces.replaced_in(message.failure)
            message.void_reason = traces.replaced_in(message.void_reason)
            message.salt = None
            if message.erased_at is None:
                message.erased_at, message.erased_by = erasure.at, erasure.actor
                message.erase_reason = erasure.reason
                count += 1
            message.save(
                update_fields=[
                    *OF_A_MESSAGE, "failure", "void_reason", "salt", "erased_at", "erased_by", "erase_reason",
                ]
            )  # fmt: skip
    return count


def _remove_participants(keys: Collection[int], traces: Traces) -> None:
    """Those that are them by now have the mark for an address, to which nothing may be sent."""
    marks = Participant.objects.filter(pk__in=list(keys), address__in=("", traces.mark))
    marks.delete()


def _remove(model: type[Model], keys: Collection[Any], at: datetime) -> int:
    rows = model._base_manager.filter(pk__in=list(keys))
    if model is Attachment:
        give_up(rows.values_list("file", flat=True), at)
    deleted, by_model = rows.delete()
    return by_model.get(model._meta.label, deleted)


def give_up(paths: Collection[str] | Any, at: datetime) -> None:
    """Have these files removed from the storage after the commit. May be called twice for one."""
    files = [ErasedFile(path=path, erased_at=at) for path in paths if path]
    ErasedFile.objects.bulk_create(files, ignore_conflicts=True)
    if files:
        nudge_removal()


def _give_up_files(mail: OutboundEmail) -> None:
    """Files of a mail that are not a weekly pack's, which has its own redaction."""
    paths = [listed.get("path", "") for listed in mail.files]
    packs = set(ExportFile.objects.filter(path__in=paths).values_list("path", flat=True))
    ErasedFile.objects.bulk_create(
        (ErasedFile(path=path, erased_at=mail.created_at) for path in paths if path and path not in packs),
        ignore_conflicts=True,
    )


def empty_raw(mails: Collection[int]) -> int:
    """Remove the bytes of mails (their keys) and keep what was read from them."""
    kept = InboundEmail.objects.filter(pk__in=mails).exclude(raw=b"")
    emptied_here = kept.update(raw=b"")
    moved, _by_model = RawMail.objects.filter(mail__in=mails).delete()
    return emptied_here + moved

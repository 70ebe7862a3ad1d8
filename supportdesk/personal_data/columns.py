"""What an erasure does to each column: by its kind, unless a table here says otherwise.

A new column of a row that belongs to a ticket, contact or customer is emptied unless it is named here, so that nobody
has to think of it on the day it is added.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any

from auditlog.models import LogEntry as AuditEntry
from django.contrib.admin.models import LogEntry
from django.db.models import BinaryField, CharField, Field, GenericIPAddressField, JSONField, Model, TextField
from django_q.models import OrmQ, Schedule, Task

from customers.encrypted_field import EncryptedTextField
from customers.models import Contact, ContactTokens, Contract, Customer, MailDomain
from customers.traces import Traces
from escalation.models import (
    Clock,
    ClockEvent,
    ContactWay,
    ContractWindow,
    Drill,
    Escalation,
    EscalationStep,
    ExportFile,
    Notification,
    NotificationAttempt,
    Seal,
    SealedLine,
    WeeklyExport,
)
from supportdesk.models import Erasure
from tickets.models import (
    Attachment,
    ErasedFile,
    InboundEmail,
    InboundTokens,
    MailMark,
    Message,
    MessageTokens,
    MissingMail,
    OutboundEmail,
    OutboundTokens,
    Proposal,
    RawMail,
    Rule,
    Ticket,
    TicketTag,
    TimelineEntry,
)

AnyField = Field  # type: ignore[type-arg]  # whatever it holds


class Way(Enum):
    EMPTY = "the words go"
    MARK = "a mark stands in place of each trace"
    KEEP = "says nothing about anybody"


# Never changed: the ledger knows people by number and words by a digest. The rest are the erasures themselves, and what
# other code here removes or makes anew.
UNTOUCHED: frozenset[type[Model]] = frozenset({ClockEvent, Seal, SealedLine, Erasure, ErasedFile, ExportFile})
INDEXES: frozenset[type[Model]] = frozenset({MessageTokens, InboundTokens, OutboundTokens, ContactTokens})
# The rows of a ticket, contact or customer that go as a whole.
REMOVED: frozenset[type[Model]] = frozenset(
    {Attachment, RawMail, MailMark, MailDomain, ContactWay, MissingMail}
)

TABLE: dict[type[Model], dict[str, Way]] = {
    Ticket: {"language": Way.KEEP},
    Contact: {"language": Way.KEEP, "time_zone": Way.KEEP},
    Customer: {"language": Way.KEEP, "time_zone": Way.KEEP, "name": Way.MARK, "code": Way.MARK},
    Contract: {"language": Way.KEEP, "time_zone": Way.KEEP},
    ContractWindow: {"kind": Way.KEEP},
    EscalationStep: {"tell": Way.KEEP, "reassign_to": Way.KEEP, "channels": Way.KEEP},
    # What people of the desk gave as a reason is theirs; a waiver's stands in the ledger too.
    Clock: {"waive_reason": Way.KEEP},
    Escalation: {"reason": Way.MARK, "route": Way.KEEP},
    Drill: {"reason": Way.MARK},
    Message: {"void_reason": Way.MARK, "failure": Way.MARK, "erase_reason": Way.KEEP},
    TimelineEntry: {"data": Way.MARK, "reason": Way.MARK},
    TicketTag: {"name": Way.MARK},
    Proposal: {"rule_name": Way.KEEP, "words": Way.KEEP},  # the rule's words
    Rule: {
        "name": Way.MARK, "sender": Way.MARK, "words": Way.MARK, "more_words": Way.MARK, "not_within": Way.MARK,
        "header": Way.KEEP, "header_value": Way.MARK, "tags": Way.KEEP,
    },
    InboundEmail: {"fingerprint": Way.KEEP, "via": Way.KEEP, "kind": Way.KEEP, "notes": Way.KEEP},
    # To whom an answer went, and what the servers said of it, is evidence.
    OutboundEmail: {
        "rfc_message_id": Way.KEEP, "sender": Way.KEEP, "work_id": Way.KEEP, "recipients": Way.MARK,
        "copies": Way.MARK, "outcomes": Way.MARK, "answer": Way.MARK,
    },
    Notification: {"work_id": Way.KEEP, "channels": Way.KEEP},
    NotificationAttempt: {"to": Way.MARK, "answer": Way.MARK},
    WeeklyExport: {"week": Way.KEEP},
    LogEntry: {"object_id": Way.KEEP, "change_message": Way.MARK},
    AuditEntry: {"object_pk": Way.KEEP, "cid": Way.KEEP, "remote_addr": Way.KEEP, "actor_email": Way.KEEP},
    Task: {"id": Way.KEEP},
    OrmQ: {"payload": Way.KEEP},  # signed, and it holds keys
    Schedule: {"args": Way.KEEP, "kwargs": Way.KEEP},
}  # fmt: skip


def way_of(field: AnyField) -> Way:
    named = TABLE.get(field.model, {}).get(field.name)
    if named is not None:
        return named
    is_text = isinstance(field, CharField | TextField | JSONField | BinaryField | GenericIPAddressField)
    if not is_text or field.is_relation or field.primary_key or field.choices:
        return Way.KEEP
    return Way.EMPTY


def columns_of(model: type[Model]) -> Iterator[AnyField]:
    """Those that may hold words or traces."""
    yield from (field for field in model._meta.concrete_fields if way_of(field) is not Way.KEEP)


def searched_columns(model: type[Model]) -> list[AnyField]:
    """Those in which traces can be looked for by the database: no bytes, and nothing encrypted."""
    return [field for field in columns_of(model) if not isinstance(field, BinaryField | EncryptedTextField)]


def emptied(field: AnyField) -> Any:
    if field.null:
        return None
    if isinstance(field, JSONField):
        return field.get_default() if field.has_default() else {}
    return b"" if isinstance(field, BinaryField) else ""


def marked(field: AnyField, value: Any, traces: Traces) -> Any:
    """The value with a mark in place of each trace, no longer than the column."""
    new = traces.replaced_in_value(value)
    length = getattr(field, "max_length", None)
    return new[:length] if length and isinstance(new, str) else new

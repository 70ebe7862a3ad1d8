"""What an erasure does to each column: by its kind, unless a table here says otherwise.

A new column of a row that belongs to a ticket, contact or customer is emptied unless it is named here, so that nobody
has to think of it on the day it is added.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any, TypeAlias

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

AnyField: TypeAlias = "Field[Any, Any]"


class Treatment(Enum):
    EMPTY = "the words go"
    MARK = "a mark stands in place of each trace"
    KEEP = "says nothing about anybody"


KEEP, MARK = Treatment.KEEP, Treatment.MARK

# Never changed: the ledger knows people by number and words by a digest. The rest are the erasures themselves, and what
# other code here removes or makes anew.
UNTOUCHED: frozenset[type[Model]] = frozenset({ClockEvent, Seal, SealedLine, Erasure, ErasedFile, ExportFile})
INDEXES: frozenset[type[Model]] = frozenset({MessageTokens, InboundTokens, OutboundTokens, ContactTokens})
# The rows of a ticket, contact or customer that go as a whole.
REMOVED: frozenset[type[Model]] = frozenset(
    {Attachment, RawMail, MailMark, MailDomain, ContactWay, MissingMail}
)

TABLE: dict[type[Model], dict[str, Treatment]] = {
    Ticket: {"language": KEEP},
    Contact: {"language": KEEP, "time_zone": KEEP},
    Customer: {"language": KEEP, "time_zone": KEEP, "name": MARK, "code": MARK},
    Contract: {"language": KEEP, "time_zone": KEEP},
    ContractWindow: {"kind": KEEP},
    EscalationStep: {"tell": KEEP, "reassign_to": KEEP, "channels": KEEP},
    # What people of the desk gave as a reason is theirs; a waiver's stands in the ledger too.
    Clock: {"waive_reason": KEEP},
    Escalation: {"reason": MARK, "route": KEEP},
    Drill: {"reason": MARK},
    Message: {"void_reason": MARK, "failure": MARK, "erase_reason": KEEP},
    TimelineEntry: {"data": MARK, "reason": MARK},
    TicketTag: {"name": MARK},
    Proposal: {"rule_name": KEEP, "words": KEEP},  # the rule's words
    Rule: {
        "name": MARK, "sender": MARK, "words": MARK, "more_words": MARK, "not_within": MARK,
        "header": KEEP, "header_value": MARK, "tags": KEEP,
    },
    InboundEmail: {"fingerprint": KEEP, "via": KEEP, "kind": KEEP, "notes": KEEP},
    # To whom an answer went, and what the servers said of it, is evidence.
    OutboundEmail: {
        "rfc_message_id": KEEP, "sender": KEEP, "work_id": KEEP, "recipients": MARK,
        "copies": MARK, "outcomes": MARK, "answer": MARK,
    },
    Notification: {"work_id": KEEP, "channels": KEEP},
    NotificationAttempt: {"to": MARK, "answer": MARK},
    WeeklyExport: {"week": KEEP},
    LogEntry: {"object_id": KEEP, "change_message": MARK},
    AuditEntry: {"object_pk": KEEP, "cid": KEEP, "remote_addr": KEEP, "actor_email": KEEP},
    Task: {"id": KEEP},
    OrmQ: {"payload": KEEP},  # signed, and it holds keys
    Schedule: {"args": KEEP, "kwargs": KEEP},
}  # fmt: skip


def treatment_of(field: AnyField) -> Treatment:
    named = TABLE.get(field.model, {}).get(field.name)
    if named is not None:
        return named
    is_text = isinstance(field, CharField | TextField | JSONField | BinaryField | GenericIPAddressField)
    if not is_text or field.is_relation or field.primary_key or field.choices:
        return Treatment.KEEP
    return Treatment.EMPTY


def columns_of(model: type[Model]) -> Iterator[AnyField]:
    """Those that may hold words or traces."""
    yield from (field for field in model._meta.concrete_fields if treatment_of(field) is not Treatment.KEEP)


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

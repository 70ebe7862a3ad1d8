"""What is known of one ticket while its rows are written."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from supportdesk.demo.filling.lives import Life
from supportdesk.demo.filling.staffing import FilledCompany
from supportdesk.demo.filling.texts import Text
from tickets.choices import Channel, Status


@dataclass(slots=True)
class WrittenMessage:
    """A message as ledger lines name it."""

    key: int
    at: datetime
    digest: bytes


@dataclass(slots=True)
class OpenPromise:
    """A clock that is not written yet: its row comes with its end."""

    key: int
    kind: str
    started_at: datetime
    due_at: datetime
    started_by: WrittenMessage
    state: str
    hash: bytes | None = None
    detected_at: datetime | None = None
    fired: int = 0  # steps of the chain


@dataclass(slots=True)
class TicketStory:
    """``window`` is the time in which each answer of the ticket is promised."""

    ticket: int
    company: FilledCompany
    life: Life
    subject: Text
    window: timedelta
    owner: int
    opened_at: datetime
    now: datetime
    status: str = Status.NEW
    channel: str = Channel.EMAIL
    promise: OpenPromise | None = None
    answers: int = 0
    mail_ids: list[str] = field(default_factory=list)
    last_at: datetime | None = None

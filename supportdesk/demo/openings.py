"""The start of a conversation: who asks what, when, and how soon they are answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from customers.models import Contact
from supportdesk.demo.scripts import Script
from tickets.choices import Channel


@dataclass(frozen=True)
class DemoQuestion:
    """One question. `risk` is the probability that an answer is late; `share` fixes when the first answer comes.

    With `is_left_alone` nobody at the desk reacts.
    """

    at: datetime
    script: Script
    priority: int
    contact: Contact
    channel: Channel = Channel.EMAIL
    risk: float = 0.07
    share: float | None = None
    is_left_alone: bool = False

    @property
    def is_noted(self) -> bool:
        """True if the conversation goes on in a group or chat and a colleague writes it down."""
        return self.channel in (Channel.GROUP, Channel.CHAT)

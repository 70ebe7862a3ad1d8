"""The content of one message: texts in the lengths that media accept, and the facts for a webhook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class MessageTexts:
    """``short`` fits an SMS or a call; ``facts`` are the JSON of a webhook.

    ``tokens`` are the secret parts of links in the text, with which anybody could act as the reader.
    """

    subject: str
    text: str
    short: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    tokens: tuple[str, ...] = ()


@dataclass(frozen=True, repr=False)
class ChannelMessage:
    """One message to one address. ``address`` and ``secret`` are secrets, so the value has no readable repr."""

    medium: str
    address: str
    secret: str
    words: MessageTexts
    at: datetime

    def __repr__(self) -> str:
        return f"<Parcel by {self.medium}>"

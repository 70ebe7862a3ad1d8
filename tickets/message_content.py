"""The content of a message before it is stored: values that services accept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tickets.models import Attachment


@dataclass(frozen=True)
class NewFile:
    """A file to attach. ``name`` is only displayed; ``content_id`` has no angle brackets."""

    name: str
    data: bytes
    content_type: str = "application/octet-stream"
    content_id: str = ""
    is_inline: bool = False


@dataclass
class KeptFile:
    """A file that lies in the storage under ``path``. ``row`` is its attachment once a message has it."""

    file: NewFile
    path: str
    row: Attachment | None = None


@dataclass(frozen=True)
class MessageContent:
    """``body`` is the new text, ``quoted`` what it quotes; ``html`` is sanitised already.

    ``reply_to`` is where answers go if not to the sender, ``sent_through`` the no-reply address that the mail names as
    its sender where Reply-To names the person.
    """

    body: str
    quoted: str = ""
    html: str = ""
    rfc_message_id: str = ""
    sender_name: str = ""
    sender_address: str = ""
    reply_to: str = ""
    sent_through: str = ""
    is_automatic: bool = False
    is_unconfirmed: bool = False
    files: Sequence[KeptFile] = field(default=())

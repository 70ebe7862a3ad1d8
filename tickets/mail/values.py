"""The values of a parsed mail: frozen, without a database, and safe to store in PostgreSQL."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from customers.addresses import address_key


class UnreadableMail(ValueError):
    """These bytes are no mail: they are empty, or no line looks like a header."""


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox. `email` keeps the case of its local part; compare by `key`."""

    name: str
    email: str

    @property
    def key(self) -> str:
        return address_key(self.email)

    @property
    def domain(self) -> str:
        return self.email.rpartition("@")[2]

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>" if self.name else self.email


@dataclass(frozen=True, slots=True)
class ParsedAttachment:
    """`content_id` has no angle brackets; `is_inline` means the HTML shows it by its `cid:`."""

    name: str
    content_type: str
    data: bytes = field(repr=False)
    content_id: str = ""
    is_inline: bool = False


class MailNote(StrEnum):
    """What had to be mended in a mail, was left out, or cannot be read. Shown by tickets.mail_note_text."""

    LINE_ENDS = "line_ends"
    LINES_BEFORE_HEAD = "lines_before_head"
    BROKEN_HEADERS = "broken_headers"
    OTHER_BOUNDARY = "other_boundary"
    NESTED_TOO_DEEPLY = "nested_too_deeply"
    PARTS_LEFT_OUT = "parts_left_out"
    TEXT_CUT = "text_cut"
    RECIPIENTS_LEFT_OUT = "recipients_left_out"
    HTML_CUT = "html_cut"
    ENCRYPTED_PGP = "encrypted_pgp"
    ENCRYPTED_SMIME = "encrypted_smime"
    SIGNED_PGP = "signed_pgp"
    SIGNED_SMIME = "signed_smime"
    SIGNED_SMIME_WHOLE = (
        "signed_smime_whole"  # the words are inside the signature, where few programs read them
    )


class SegmentKind(StrEnum):
    NEW = "new"
    QUOTE = "quote"
    SIGNATURE = "signature"


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of the text; all segments of a text joined give it back."""

    kind: SegmentKind
    text: str


@dataclass(frozen=True, slots=True)
class ForwardedMail:
    """A mail inside another one's text: its author and its words. `name` or `email` may be empty, not both."""

    name: str
    email: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class ParsedMail:
    """Everything the desk reads in one mail.

    `text` is the whole text and equals the segments joined; `new_text` is what the author wrote now and `quoted_text`
    the rest, each in reading order. `date_claimed` is the sender's Date (aware, or None) and must never decide
    anything. `references` is in header order, the nearest ancestor last. `headers` has every header, decoded, in
    order; `notes` say what was repaired, left out or unreadable.
    """

    message_id: str
    subject: str
    sender: Address | None
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    reply_to: tuple[Address, ...]
    delivered_to: tuple[str, ...]
    date_claimed: datetime | None
    text: str
    html: str | None
    segments: tuple[Segment, ...]
    attachments: tuple[ParsedAttachment, ...]
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    authentication_results: tuple[str, ...]
    content_type: str
    language: str
    headers: tuple[tuple[str, str], ...]
    notes: tuple[MailNote, ...]

    @property
    def new_text(self) -> str:
        return "".join(part.text for part in self.segments if part.kind is SegmentKind.NEW)

    @property
    def quoted_text(self) -> str:
        return "".join(part.text for part in self.segments if part.kind is not SegmentKind.NEW)

    def header(self, name: str) -> str:
        """The first header of that name, or an empty string."""
        return next(iter(self.header_all(name)), "")

    def header_all(self, name: str) -> tuple[str, ...]:
        wanted = name.lower()
        return tuple(value for key, value in self.headers if key.lower() == wanted)

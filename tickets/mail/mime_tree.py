"""The MIME tree of a mail as values: each part with its headers, its decoded bytes and its children."""

import email
import email.generator
import io
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from email.errors import MessageError
from email.message import Message
from email.policy import compat32

from tickets.mail.broken_multiparts import flat_messages, is_nested_deeper_than, with_guessed_boundary
from tickets.mail.charsets import is_western, likely_charset
from tickets.mail.headers import Headers, read_headers
from tickets.mail.parameters import Parametrised, parametrised
from tickets.mail.transfer import undone
from tickets.mail.values import MailNote

MAX_DEPTH = 40
MAX_PARTS = 500

# What the library raises on hostile parameters (a NUL in a charset, 5,000 digits) and deep nesting.
_LIBRARY_FAILS = (ValueError, LookupError, TypeError, AttributeError, RecursionError, MessageError)


@dataclass(frozen=True, slots=True)
class MimePart:
    """A leaf has its decoded `body`; an attached message is a leaf with its source."""

    headers: Headers
    content_type: Parametrised
    disposition: Parametrised
    body: bytes = b""
    children: tuple["MimePart", ...] = ()
    stray: tuple[bytes, ...] = ()

    @property
    def type(self) -> str:
        return self.content_type.value

    @property
    def main_type(self) -> str:
        return self.type.partition("/")[0]

    @property
    def filename(self) -> str:
        return self.disposition.get("filename") or self.content_type.get("name")

    def leaves(self) -> Iterator["MimePart"]:
        if not self.children:
            yield self
        for child in self.children:
            yield from child.leaves()


@dataclass(slots=True)
class _TreeBudget:
    """What one walk may still spend, and what it had to leave out."""

    parts_left: int = MAX_PARTS
    notes: list[MailNote] = field(default_factory=list)


def read_tree(raw: bytes) -> tuple[MimePart, tuple[MailNote, ...]]:
    """The tree of a mail whose head is in order, and notes on what was cut."""
    walk = _TreeBudget()
    message = _parsed(raw)
    if message is None or _is_deeper_than(message, MAX_DEPTH):
        walk.notes.append(MailNote.NESTED_TOO_DEEPLY)
        message = flat_messages(raw)
    return _part(message, walk, hint=_hint(message)), tuple(dict.fromkeys(walk.notes))


def _parsed(raw: bytes) -> Message | None:
    if is_nested_deeper_than(raw, MAX_DEPTH):
        return None
    try:
        return email.message_from_bytes(raw, policy=compat32)
    except _LIBRARY_FAILS:
        return None


def _is_deeper_than(message: Message, limit: int) -> bool:
    level = [message]
    for _ in range(limit):
        level = [child for part in level for child in _children(part)]
        if not level:
            return False
    return True


def _children(message: Message) -> list[Message]:
    payload = message.get_payload() if message.is_multipart() else []
    return [child for child in payload if isinstance(child, Message)] if isinstance(payload, list) else []


def _hint(message: Message) -> str:
    """The charset of raw 8-bit headers: the one that a part declares, unless the headers' own bytes contradict it."""
    declared = _declared_charset(message)
    if declared and not is_western(declared):
        return declared
    raw = [value for _, value in read_headers(message).raw if not (value.isascii() or _is_utf8(value))]
    return (likely_charset(b"\n".join(raw)) if raw else "") or declared


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _declared_charset(message: Message) -> str:
    """The charset declared by the first part whose charset is not UTF-8."""
    for part, _ in zip(message.walk(), range(20), strict=False):
        for value in read_headers(part, only="content-type").values("Content-Type"):
            charset = parametrised(value).get("charset")
            if charset and charset.lower() not in ("us-ascii", "utf-8"):
                return charset
    return ""


def _part(message: Message, walk: _TreeBudget, *, hint: str) -> MimePart:
    headers = read_headers(message, hint=hint)
    content_type = _content_type(headers)
    disposition = parametrised(headers.first("Content-Disposition"), hint=hint)
    children = _children(message)
    if content_type.value.startswith("message/") and children:
        return MimePart(headers, content_type, disposition, _source(message, children, headers))
    if not children and content_type.value.startswith("multipart/"):
        return _unopened(message, headers, content_type, walk)
    if not children:
        return MimePart(headers, content_type, disposition, _leaf_body(message, headers))
    kept = children[: max(walk.parts_left, 0)]
    walk.parts_left -= len(kept)
    if len(kept) < len(children):
        walk.notes.append(MailNote.PARTS_LEFT_OUT)
    stray = tuple(_stray_bytes(text) for text in (message.preamble, message.epilogue) if text)
    parts = tuple(_part(child, walk, hint=hint) for child in kept)
    return MimePart(headers, content_type, disposition, children=parts, stray=stray)


def _unopened(message: Message, headers: Headers, content_type: Parametrised, walk: _TreeBudget) -> MimePart:
    """A multipart whose announced boundary never appears: split by the boundary that does, else read as text."""
    body = _leaf_body(message, headers)
    walk.notes.append(MailNote.OTHER_BOUNDARY)
    guessed = with_guessed_boundary(body)
    if guessed is not None and walk.parts_left > 0:
        walk.parts_left -= 1
        inner = _parsed(guessed)
        if inner is not None and _children(inner):
            return replace(_part(inner, walk, hint=headers.hint), headers=headers)
    return MimePart(headers, Parametrised("text/plain", content_type.parameters), Parametrised(""), body)


def _content_type(headers: Headers) -> Parametrised:
    declared = parametrised(headers.first("Content-Type"), hint=headers.hint)
    main, _, sub = declared.value.partition("/")
    if main and sub.strip():
        return declared
    fallback = "text/html" if "html" in declared.value else "text/plain"
    return Parametrised(fallback, declared.parameters)


def _leaf_body(message: Message, headers: Headers) -> bytes:
    del message["Content-Type"], message["Content-Transfer-Encoding"]  # else the library decodes, and guesses
    payload = message.get_payload(decode=True)
    return undone(payload if isinstance(payload, bytes) else b"", headers)


def _source(message: Message, children: list[Message], headers: Headers) -> bytes:
    """The bytes of an attached message or report. Base64 is decoded: mailers use it here although they must not."""
    source = b"\n".join(_flattened(child) for child in children)
    if headers.first("Content-Transfer-Encoding").lower().startswith(b"base64"):
        return undone(source.strip(), headers)
    return source


def _flattened(message: Message) -> bytes:
    out = io.BytesIO()
    try:
        email.generator.BytesGenerator(out, mangle_from_=False, maxheaderlen=0, policy=compat32).flatten(
            message
        )
    except _LIBRARY_FAILS:
        return _pieced_together(message)
    return out.getvalue()


def _pieced_together(message: Message) -> bytes:
    """The source of a message whose headers the library refuses to write."""
    head = b"".join(_stray_bytes(f"{name}:{value}\n") for name, value in message.raw_items())
    children = _children(message)
    if not children:
        payload = message.get_payload()
        return head + b"\n" + _stray_bytes(payload if isinstance(payload, str) else "")
    line = b"--" + _stray_bytes(str(message.get_boundary() or ""))
    return b"\n".join([head, *(line + b"\n" + _flattened(child) for child in children), line + b"--\n"])


def _stray_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")

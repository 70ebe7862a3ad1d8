"""Address headers: split first, decode afterwards, so that an encoded comma or @ cannot make an address."""

import re
from collections.abc import Iterator

from tickets.mail.headers import Headers
from tickets.mail.scrub import plain_name
from tickets.mail.values import Address
from tickets.mail.words import decode_header

MAX_ADDRESSES = 500

_SENDER_HEADERS = ("From", "Reply-To", "Return-Path", "Sender")
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|<[^<>]*>|\((?:[^()\\]|\\.)*\)|[,;:]|\\.|[^",;:<>()\\]+|.', re.DOTALL)
_ANGLED = re.compile(rb"<([^<>]*)>?")
_COMMENT = re.compile(rb"\(((?:[^()\\]|\\.)*)\)", re.DOTALL)
_BARE = re.compile(rb'(?:"[^"@]{1,64}"|[^\s<>()\[\],;:"]+)@[^\s<>(),;:"]+')
_QUOTED_PAIR = re.compile(r'\\(["\\()])')
_EMAIL = re.compile(
    r"""(?:"[^"\x00-\x1f]{1,64}"|[^\s@<>()\[\],;:"\\]{1,128})@[^\s@<>()\[\],;:"\\/?=]{1,255}"""
)
_QUOTED_LOCAL = re.compile('"[^"]+"@')
_ENCODED_WORD = re.compile(rb"=\?[^?]*\?[bBqQ]\?")


def sender(headers: Headers) -> Address | None:
    """Whoever wrote: From, else Reply-To, Return-Path, Sender."""
    return next((found for name in _SENDER_HEADERS for found in addresses(headers, name)), None)


def addresses(headers: Headers, name: str) -> tuple[Address, ...]:
    """All mailboxes of all headers of that name, groups opened, in order."""
    found = [one for value in headers.values(name) for one in parse_addresses(value, hint=headers.hint)]
    return tuple(found[:MAX_ADDRESSES])


def parse_addresses(value: bytes, *, hint: str = "") -> tuple[Address, ...]:
    """The mailboxes of a raw address list; what is none is left out."""
    mailboxes = (_mailbox(part, hint) for part in _split(value))
    return tuple(one for one in mailboxes if one is not None)


def _split(value: bytes) -> Iterator[bytes]:
    """Parts between commas and semicolons; a group's name ends at its colon and is dropped."""
    part: list[bytes] = []
    for token in _TOKEN.findall(value):
        if token in b",;":
            yield b"".join(part)
            part = []
        elif token == b":" and not b"".join(part).strip().lower().endswith(b"mailto"):
            part = []
        else:
            part.append(token)
    yield b"".join(part)


def _mailbox(part: bytes, hint: str) -> Address | None:
    angled = _ANGLED.findall(part)
    for candidate in reversed(angled):
        email = _email(candidate)
        if email:
            return Address(_name(part[: part.rfind(b"<" + candidate)], email, hint), email)
    bare = _BARE.search(_COMMENT.sub(b" ", part))
    email = _email(bare[0]) if bare else ""
    if not bare or not email:
        return None
    return Address(_name(part.replace(bare[0], b" ", 1), email, hint), email)


def _email(raw: bytes) -> str:
    """A usable address or an empty string. An encoded word is never one: it would hide a second @."""
    if _ENCODED_WORD.search(raw):
        return ""
    text = plain_name(decode_header(_COMMENT.sub(b"", raw))).strip("' ")
    text = text if _QUOTED_LOCAL.match(text) else text.strip("\"' ")
    text = text.removeprefix("mailto:").rpartition(":")[2] if text.startswith(("@", "mailto:")) else text
    local, _, domain = text.rpartition("@") if text.startswith('"') else text.replace(" ", "").rpartition("@")
    email = f"{local}@{domain.rstrip('.').lower()}"
    return email if _EMAIL.fullmatch(email) else ""


def _name(raw: bytes, email: str, hint: str) -> str:
    outside = _COMMENT.sub(b" ", raw).replace(b"<", b" ").replace(b">", b" ").strip()
    comment = _COMMENT.search(raw)
    chosen = outside or (comment[1] if comment else b"")
    text = plain_name(decode_header(chosen, hint=hint)).strip("' ")
    text = _QUOTED_PAIR.sub(r"\1", text[1:].removesuffix('"') if text.startswith('"') else text).strip()
    return "" if text.casefold() == email.casefold() else text

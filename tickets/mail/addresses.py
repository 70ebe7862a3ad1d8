"""Reads address headers: split first, decode afterwards, so that an encoded comma or @ cannot make an address."""

import re
from collections.abc import Iterator
from itertools import islice

from tickets.mail.encoded_words import decode_header
from tickets.mail.headers import Headers
from tickets.mail.storable_text import UNSEEN, plain_name
from tickets.mail.values import Address

MAX_ADDRESSES = 500
MAX_ENTRIES = 2_000  # of one field, those included that are no address
MAX_ADDRESS_BYTES = 1_000

_SENDER_HEADERS = ("From", "Reply-To", "Return-Path", "Sender")
_TOKEN = re.compile(
    rb'"(?:[^"\\]|\\.)*"|<[^<>]*>?|\((?:[^()\\]|\\.)*\)|[,;:]|\\.|[^",;:<>()\\]+|.', re.DOTALL
)
_COMMENT = re.compile(rb"\((?:[^()\\]|\\.)*\)", re.DOTALL)
# From its first character on: the end of a word that is too long is another address.
_BARE = re.compile(
    rb'(?:"[^"@]{1,64}"|(?<![^\s<>()\[\],;:"@])[^\s<>()\[\],;:"@]{1,128})@[^\s<>(),;:"]{1,255}'
)
_QUOTED_PAIR = re.compile(r'\\(["\\()])')
# One bare address. Anything that looks like an encoded word is refused: decoded, it would be another address.
EMAIL = re.compile(
    r"(?!.*=\?[^?]*\?[bBqQ]\?)"
    rf'''(?:"[^"{UNSEEN}]{{1,64}}"|[^\s@<>()\[\],;:"\\{UNSEEN}]{{1,128}})'''
    rf"""@[^\s@<>()\[\],;:"\\/?={UNSEEN}]{{1,255}}"""
)
_QUOTED_LOCAL = re.compile('"[^"]+"@')
_ENCODED_WORD = re.compile(rb"=\?[^?]*\?[bBqQ]\?")
_ENCODED_LOCAL = re.compile(rb"((?:=\?[^?@\s]{1,40}\?[bBqQ]\?[^?@\s]{0,200}\?=){1,4})@([^@\s=?]{1,255})")
_LOCAL = re.compile(r"[^\s@<>()\[\],;:\"\\]{1,64}")
_AROUND_SIGNS = re.compile(r" ?([@.]) ?")
_BLANK_IN_LOCAL = re.compile(rb"<[^<>@,;]*[^<>@,;\s.]\s+[^<>@,;\s.][^<>@,;]*@")


def sender(headers: Headers) -> Address | None:
    """The author of the mail: From, else Reply-To, Return-Path, Sender."""
    return next((mailbox for name in _SENDER_HEADERS for mailbox in addresses(headers, name)), None)


def addresses(headers: Headers, name: str) -> tuple[Address, ...]:
    """All mailboxes of all headers of that name, in order; groups are replaced by their members."""
    mailboxes = (one for value in headers.values(name) for one in parse_addresses(value, hint=headers.hint))
    return tuple(islice(mailboxes, MAX_ADDRESSES))


def parse_addresses(value: bytes, *, hint: str = "") -> tuple[Address, ...]:
    """The mailboxes of a raw address list, without entries that are not addresses. Its first MAX_ENTRIES are read."""
    entries = islice((tokens for tokens in _split(value) if b"".join(tokens).strip()), MAX_ENTRIES)
    mailboxes = (_mailbox(tokens, hint) for tokens in entries)
    return tuple(islice((mailbox for mailbox in mailboxes if mailbox is not None), MAX_ADDRESSES))


def _split(value: bytes) -> Iterator[list[bytes]]:
    """The tokens between commas and semicolons; a group's name ends at its colon and is dropped."""
    part: list[bytes] = []
    for token in _TOKEN.findall(value):
        if token in b",;":
            yield part
            part = []
        elif token == b":" and not (part and part[-1].strip().lower() == b"mailto"):
            part = []
        else:
            part.append(token)
    yield part


def _mailbox(tokens: list[bytes], hint: str) -> Address | None:
    """The last address in angle brackets, else the first token that looks like an address; never one in a comment."""
    for at in range(len(tokens) - 1, -1, -1):
        email = _email(tokens[at][1:].removesuffix(b">"), hint) if _is_angled(tokens[at]) else ""
        if email:
            return Address(_name(tokens[:at], email, hint) or _name(tokens[at + 1 :], email, hint), email)
    return _bare_mailbox(tokens, hint)


def _bare_mailbox(tokens: list[bytes], hint: str) -> Address | None:
    outside = b"".join(token for token in tokens if not (_is_comment(token) or _BLANK_IN_LOCAL.match(token)))
    bare = _BARE.search(outside)
    email = _email(bare[0], hint) if bare else ""
    if not bare or not email:
        return None
    comments = [token for token in tokens if _is_comment(token)]
    return Address(_name([outside.replace(bare[0], b" ", 1), *comments], email, hint), email)


def _is_angled(token: bytes) -> bool:
    return len(token) > 2 and token.startswith(b"<")


def _is_comment(token: bytes) -> bool:
    return len(token) > 1 and token.startswith(b"(")


def _email(raw: bytes, hint: str) -> str:
    """A usable address or an empty string. An address with a blank inside is refused, not repaired."""
    if len(raw) > MAX_ADDRESS_BYTES:
        return ""
    if _ENCODED_WORD.search(raw):
        return _encoded_email(raw.strip())
    text = plain_name(decode_header(_COMMENT.sub(b"", raw), hint=hint)).strip("' ")
    text = text if _QUOTED_LOCAL.match(text) else text.strip("\"' ")
    text = text.removeprefix("mailto:").rpartition(":")[2] if text.startswith(("@", "mailto:")) else text
    local, _, domain = (
        text.rpartition("@")
        if text.startswith('"')
        else _AROUND_SIGNS.sub(r"\1", " ".join(text.split())).rpartition("@")
    )
    email = f"{local}@{domain.rstrip('.').lower()}"
    return email if EMAIL.fullmatch(email) else ""


def _encoded_email(raw: bytes) -> str:
    """Only the part before the @ may be an encoded word, and it must not hide a second @."""
    match = _ENCODED_LOCAL.fullmatch(raw)
    local = plain_name(decode_header(match[1])) if match else ""
    return _email(f"{local}@".encode() + match[2], "") if match and _LOCAL.fullmatch(local) else ""


def _name(tokens: list[bytes], email: str, hint: str) -> str:
    """The words outside comments, else the first comment."""
    outside = b"".join(b" " if _is_comment(token) else token for token in tokens).strip(b" <>")
    comments = [token[1:-1] for token in tokens if _is_comment(token)]
    chosen = outside or (comments[0] if comments else b"")
    text = plain_name(decode_header(chosen, hint=hint)).strip("' ")
    text = _QUOTED_PAIR.sub(r"\1", text[1:].removesuffix('"') if text.startswith('"') else text).strip()
    return "" if text.casefold() == email.casefold() else text

"""Which ticket a mail belongs to: reply addresses and Message-IDs we signed, foreign ids, subject numbers.

Nothing here looks anything up. A signature proves that the desk once wrote to this thread; who may append to it is
decided in services.intake.ticket_matching. Secrets are any bytes. Several may be given for checking, so that they can
be replaced.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from secrets import token_hex

from django.conf import settings

from tickets.mail.values import ParsedMail

MAX_TICKET_NUMBER = 2**62
NO_TICKET = 0

_SIGNATURE_CHARS = 20
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
_REPLY_TAG = re.compile(rf"t(\d{{1,18}})-([a-z0-9]{{{_SIGNATURE_CHARS}}})", re.IGNORECASE)
_MESSAGE_ID = re.compile(
    rf"sd\.(\d{{1,18}})\.([a-z0-9]{{1,40}})\.([a-z0-9]{{{_SIGNATURE_CHARS}}})@([^\s<>@]{{1,255}})",
    re.IGNORECASE,
)
_SUBJECT_NUMBER = re.compile(r"\[\s?SD\s?[#＃]\s?(\d{1,18})\s?\]", re.IGNORECASE)
_TYPED_NUMBER = re.compile(r"(?<![A-Za-z0-9])SD\s?[#＃]\s?(\d{1,18})(?![A-Za-z0-9])", re.IGNORECASE)
_SUBJECT_PREFIX = re.compile(
    r"(?:(?:re|aw|antw|sv|vs|ref|rif|res|odp|ynt|fw|fwd|wg|tr|rv|enc|vl|vb|doorst|reply|答复|回复"
    r"|回覆|转发|轉寄|轉發|返信|転送|회신|전달)"
    r"(?:\s?[\[(]\d{1,3}[\])])?\s?[:：]|\[(?:external|ext|外部邮件|外部|extern)\])\s*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class OwnMessageId:
    """The content of one of our own Message-IDs: the ticket's number and the name of the mail within the desk."""

    ticket_number: int
    serial: str
    message_id: str


@dataclass(frozen=True, slots=True)
class ThreadClues:
    """Everything that points to a ticket, strongest kind first; within a kind the nearest first.

    `reply_tokens` and `own_ids` were verified. `foreign_ids` are ids to look for among stored ones. `subject_numbers`
    are unproven: they count only from a participant.
    """

    reply_tokens: tuple[int, ...]
    own_ids: tuple[OwnMessageId, ...]
    foreign_ids: tuple[str, ...]
    subject_numbers: tuple[int, ...]


def signing_keys() -> list[bytes]:
    """The key the desk signs with, then the keys it replaced, as answers may come weeks later."""
    return [key.encode() for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]


def reply_address(mailbox: str, ticket: int) -> str:
    """``support+t12-<signature>@...``, signed with the desk's key: anyone who has it may write to ticket 12."""
    return make_reply_address(mailbox, ticket_number=ticket, secret=signing_keys()[0])


def new_message_id(ticket: int | None, domain: str) -> str:
    """A new Message-ID, without angle brackets, that names the ticket and proves that we made it."""
    return make_message_id(
        ticket_number=ticket or NO_TICKET, serial=token_hex(8), domain=domain, secret=signing_keys()[0]
    )


def make_reply_address(mailbox: str, *, ticket_number: int, secret: bytes) -> str:
    """`support@desk.example` becomes `support+t1234-<signature>@desk.example`; case does not matter."""
    local, _, domain = mailbox.rpartition("@")
    return f"{local}+t{ticket_number}-{sign('reply', str(ticket_number), secret)}@{domain}"


def read_reply_address(email: str, *, secrets: Iterable[bytes]) -> int | None:
    """The ticket's number in a reply address that one of our secrets signed."""
    tag = email.rpartition("@")[0].rpartition("+")[2]
    match = _REPLY_TAG.fullmatch(tag)
    if not match or int(match[1]) > MAX_TICKET_NUMBER:
        return None
    number = str(int(match[1]))
    return int(number) if is_signed("reply", number, match[2], secrets) else None


def make_message_id(*, ticket_number: int, serial: str, domain: str, secret: bytes) -> str:
    """An id without angle brackets. `serial` names the mail (lower-case letters and digits, at most 40)."""
    signature = sign("id", f"{ticket_number}.{serial}", secret)
    return f"sd.{ticket_number}.{serial}.{signature}@{domain}"


def read_message_id(message_id: str, *, secrets: Iterable[bytes]) -> OwnMessageId | None:
    """The content of one of our own ids; None if it is foreign or forged. Angle brackets do not matter."""
    match = _MESSAGE_ID.fullmatch(message_id.strip().strip("<>"))
    if not match:
        return None
    number, serial = int(match[1]), match[2].lower()
    if number > MAX_TICKET_NUMBER or not is_signed("id", f"{number}.{serial}", match[3], secrets):
        return None
    return OwnMessageId(number, serial, match[0])


def thread_clues(
    mail: ParsedMail, *, secrets: Sequence[bytes], envelope_to: Iterable[str] = ()
) -> ThreadClues:
    """Everything in `mail` that may name its ticket. `envelope_to` are the recipients of the SMTP transaction."""
    addressed = [*envelope_to, *mail.delivered_to, *(recipient.email for recipient in (*mail.to, *mail.cc))]
    tokens = [read_reply_address(email, secrets=secrets) for email in addressed]
    ids = list(dict.fromkeys((*mail.in_reply_to, *reversed(mail.references))))
    own_by_id = {one: read_message_id(one, secrets=secrets) for one in ids}
    return ThreadClues(
        reply_tokens=tuple(dict.fromkeys(number for number in tokens if number is not None)),
        own_ids=tuple(own_id for own_id in own_by_id.values() if own_id is not None),
        foreign_ids=tuple(one for one in ids if own_by_id[one] is None),
        subject_numbers=subject_numbers(mail.subject),
    )


def subject_numbers(subject: str) -> tuple[int, ...]:
    """Numbers of `[SD#1234]` tags, each once; otherwise numbers that a person typed, as in "re: sd#12" or 【SD#12】.

    More than one means the subject proves nothing.
    """
    numbers = _SUBJECT_NUMBER.findall(subject) or _TYPED_NUMBER.findall(subject)
    return tuple(number for number in dict.fromkeys(map(int, numbers)) if number <= MAX_TICKET_NUMBER)


def normalised_subject(subject: str) -> str:
    """The subject casefolded, without our tag and reply or forward prefixes, with single blanks."""
    text = _SUBJECT_NUMBER.sub(" ", subject).strip()
    for _ in range(20):
        shorter = _SUBJECT_PREFIX.sub("", text, count=1) if _SUBJECT_PREFIX.match(text) else text
        if shorter == text:
            break
        text = shorter.strip()
    return " ".join(text.split()).casefold()


def sign(purpose: str, value: str, secret: bytes) -> str:
    """100 bits of an HMAC in letters that survive any change of case."""
    digest = hmac.new(secret, f"supportdesk:{purpose}:{value}".encode(), hashlib.sha256).digest()
    number = int.from_bytes(digest, "big")
    return "".join(_ALPHABET[(number >> (5 * place)) & 31] for place in range(_SIGNATURE_CHARS))


def is_signed(purpose: str, value: str, signature: str, secrets: Iterable[bytes]) -> bool:
    given = signature.lower()
    return any(hmac.compare_digest(given, sign(purpose, value, secret)) for secret in secrets)

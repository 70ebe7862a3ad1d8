"""The envelope sender of a mail: a signed tag names the mail and its recipient, so that a bounce needs no body (VERP).

The setting BOUNCE_ADDRESS says what carries the tag: "plus" for the address of the mailbox, an address of its own, or
"off" for no tag. Why a bounce must arrive there: .github/decisions/outgoing.md.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings

from tickets.mail.threading import is_signed, sign, signing_keys

OFF, PLUS = "off", "plus"
LONGEST_LOCAL_PART = 64  # RFC 5321, 4.5.3.1.1
_TAG = re.compile(r"b(\d{1,18})-(\d{1,4})-([a-z0-9]{20})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class BounceTag:
    """The key of a mail in the outbox, and the place of one of its recipients among all of them."""

    mail: int
    place: int

    @property
    def value(self) -> str:
        return f"{self.mail}-{self.place}"


def bounce_address(sender: str, tag: BounceTag) -> str:
    """``support+b12-0-<signature>@desk.example``; ``sender`` itself if no tag is wanted or there is no room for one."""
    if settings.BOUNCE_ADDRESS == OFF:
        return sender
    base = sender if settings.BOUNCE_ADDRESS == PLUS else settings.BOUNCE_ADDRESS
    local, _at, domain = base.rpartition("@")
    tagged = f"{local}+b{tag.value}-{sign('bounce', tag.value, signing_keys()[0])}"
    return f"{tagged}@{domain}" if len(tagged.encode()) <= LONGEST_LOCAL_PART else sender


def read_bounce_address(address: str) -> BounceTag | None:
    """The tag of an address that one of our keys signed; None for any other."""
    match = _TAG.fullmatch(address.rpartition("@")[0].rpartition("+")[2])
    if match is None:
        return None
    tag = BounceTag(int(match[1]), int(match[2]))
    return tag if is_signed("bounce", tag.value, match[3], signing_keys()) else None


def first_bounce_tag(addresses: Iterable[str]) -> BounceTag | None:
    return next(filter(None, map(read_bounce_address, addresses)), None)


def own_bounce_address() -> str:
    """The address that stands in for all mailboxes in envelopes; empty if each uses its own."""
    return "" if settings.BOUNCE_ADDRESS in (OFF, PLUS) else settings.BOUNCE_ADDRESS

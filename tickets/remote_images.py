"""Images of mails on foreign hosts, by an address of ours that hides the reader. Only after a click.

The frame of a mail is sandboxed and sends no session. Each address is therefore signed for one message and one reader,
lives for some minutes, and is checked against what that reader may see when it is used. Reasons: "Remote images come
through the desk" in .github/decisions/mail.md.
"""

import hashlib
import html
import re
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.core.cache import caches
from django.core.signing import BadSignature, Signer
from django.urls import reverse

from tickets.access import visible_tickets
from tickets.models import Message
from tickets.protocols.images import NoImage, TooManyImages, fetch_image

LIVES = timedelta(minutes=10)
MOST_IMAGES = 100
LONGEST_ADDRESS = 2_000
CACHE = "images"
NOTHING = ("", b"")
FAILED_SECONDS = 600
REMOTE = re.compile(r'(<img\b[^>]{0,5000}?)\sdata-src="([^"]{1,5000})"', re.IGNORECASE)


def through_the_desk(body: str, *, message: int, reader: int, at: datetime) -> str:
    """The sanitised HTML with its remote images at addresses of ours, as many and as long as they may be."""
    left = MOST_IMAGES

    def ours(match: re.Match[str]) -> str:
        nonlocal left
        address = html.unescape(match[2]).strip()
        address = f"https:{address}" if address.startswith("//") else address
        if len(address) > LONGEST_ADDRESS or left <= 0:
            return match[1]
        left -= 1
        return f'{match[1]} src="{address_of(address, message=message, reader=reader, at=at)}"'

    return REMOTE.sub(ours, body)


def address_of(address: str, *, message: int, reader: int, at: datetime) -> str:
    token = _signer().sign_object([message, reader, int((at + LIVES).timestamp()), address], compress=True)
    return reverse("tickets:remote_image", args=[token])


def image_for(token: str, *, at: datetime) -> tuple[str, bytes]:
    """Type and bytes; an empty type if there is none, or the reader may no longer see the message."""
    try:
        message, reader, until, address = _signer().unsign_object(token)
    except (BadSignature, ValueError):
        return NOTHING
    return _cached(address) if at.timestamp() <= until and _may_see(reader, message) else NOTHING


def _may_see(reader: int, message: int) -> bool:
    user = User.objects.filter(pk=reader, is_active=True, is_staff=True).first()
    if user is None:
        return False
    shown = Message.objects.filter(pk=message, erased_at=None, ticket__in=visible_tickets(user))
    return shown.exists()


def _cached(address: str) -> tuple[str, bytes]:
    cache, key = caches[CACHE], hashlib.sha256(address.encode()).hexdigest()
    known: tuple[str, bytes] | None = cache.get(key)
    if known is not None:
        return known
    try:
        data, kind = fetch_image(address)
    except TooManyImages:
        return NOTHING
    except NoImage:
        cache.set(key, NOTHING, FAILED_SECONDS)
        return NOTHING
    cache.set(key, (kind, data))
    return kind, data


def _signer() -> Signer:
    return Signer(salt="tickets.remote_image", sep=".")

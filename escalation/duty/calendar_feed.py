"""Each person's shifts as an iCalendar feed, under a signed link that its owner can renew or revoke.

Reasons: .github/decisions/duty.md.
"""

import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.models import User
from django.core.signing import BadSignature, Signer
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _

from customers.names import name_of
from customers.times import as_read_by, reader_of
from escalation.lib.icalendar import Event, calendar_document
from escalation.models import DutyFeed, DutyRota, DutyShift
from escalation.people.on_duty import Watch, watches_by_rota

PAST = timedelta(weeks=4)
LONGEST_TOKEN = 200


def _signer() -> Signer:
    return Signer(salt="escalation.duty.feed", sep=".")


def renew_link(*, user: User, at: datetime) -> DutyFeed:
    """Give the person a new link; the old one stops working."""
    feed, _created = DutyFeed.objects.update_or_create(
        user=user, defaults={"secret": secrets.token_hex(8), "created_at": at}
    )
    return feed


def revoke_link(*, user: User) -> None:
    DutyFeed.objects.filter(user=user).delete()


def token_of(feed: DutyFeed) -> str:
    return _signer().sign(f"{feed.user_id}-{feed.secret}")


def user_of(token: str) -> User | None:
    """The user of a token; None if it is forged or was replaced, or if the user left."""
    if len(token) > LONGEST_TOKEN:
        return None
    try:
        user, _dash, secret = _signer().unsign(token).partition("-")
    except BadSignature:
        return None
    if not (user.isascii() and user.isdigit()):
        return None
    feeds = DutyFeed.objects.filter(user=int(user), user__is_active=True, user__is_staff=True)
    feed = feeds.select_related("user__staff_profile").first()
    return feed.user if feed is not None and constant_time_compare(feed.secret, secret) else None


def calendar_of(user: User, *, at: datetime) -> bytes:
    """All shifts of a person since four weeks ago, in their language. One query."""
    with as_read_by(*reader_of(user)):
        name = _("Duty of %(name)s") % {"name": name_of(user)}
        return calendar_document(_events(user, at), name=name, at=at)


def _events(user: User, at: datetime) -> Iterator[Event]:
    rotas = DutyRota.objects.filter(shifts__user=user, shifts__ends_at__gt=at - PAST)
    rows = DutyShift.objects.filter(rota__in=rotas.order_by().values("pk"), ends_at__gt=at - PAST)
    by_rota = watches_by_rota(rows.select_related("rota", "user", "override", "layer"))
    for watched in by_rota.values():
        yield from (_event(watch) for watch in watched if watch.user_id == user.pk)


def _event(watch: Watch) -> Event:
    shift, rota = watch.shift, watch.shift.rota
    host = urlsplit(settings.SITE_URL).hostname or "localhost"
    return Event(
        uid=f"duty-{rota.pk}-{shift.user_id}-{watch.starts_at:%Y%m%dT%H%M%SZ}@{host}",
        starts_at=watch.starts_at,
        ends_at=watch.ends_at,
        summary=_("On duty: %(rota)s") % {"rota": rota.name},
        description=_about(watch),
    )


def _about(watch: Watch) -> str:
    """Why the person is on duty: the reason of an override, or the name of the layer."""
    if watch.shift.override is not None:
        return watch.shift.override.reason
    return watch.shift.layer.name if watch.shift.layer is not None else ""

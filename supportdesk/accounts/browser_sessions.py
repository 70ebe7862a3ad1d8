"""Where somebody is signed in, as they see it themselves, and how they end it."""

from datetime import datetime
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db.models import QuerySet

from supportdesk.accounts.sign_ins import DELETED_AT_ONCE, Visitor, method_of, record_sign_in
from supportdesk.models import BrowserSession, SignInOutcome


def open_session(key: str, user: User, visitor: Visitor, *, at: datetime) -> None:
    """Write down a new session; one whose key is known was carried on by the same browser."""
    shown = {"user": user, "address": visitor.address, "device": visitor.device, "agent": visitor.agent}
    BrowserSession.objects.update_or_create(key=key, defaults={**shown, "started_at": at, "seen_at": at})


def see_session(key: str, user: User, visitor: Visitor, *, at: datetime) -> None:
    """Note that somebody is there. A change of the password gives a session another key; the row follows it."""
    if not BrowserSession.objects.filter(key=key).update(seen_at=at, address=visitor.address):
        open_session(key, user, visitor, at=at)


def sessions_of(user: User, *, at: datetime) -> QuerySet[BrowserSession]:
    """The sessions that are alive, the latest first."""
    alive = Session.objects.filter(expire_date__gt=at).values("session_key")
    return BrowserSession.objects.filter(user=user, key__in=alive).order_by("-seen_at", "-pk")


def end_session(session: BrowserSession, *, by: User, visitor: Visitor, at: datetime) -> None:
    """Sign a browser out, from another one."""
    store: Any = import_module(settings.SESSION_ENGINE).SessionStore(session.key)
    method = method_of(store)
    store.delete(session.key)
    session.delete()
    record_sign_in(
        visitor,
        user=session.user,
        name=by.get_username(),
        method=method,
        outcome=SignInOutcome.ENDED,
        at=at,
        note=session.agent,
    )


def forget_sessions(*, at: datetime) -> int:
    """Delete sessions that are over, a batch for each call, and what is left of those that are gone."""
    over = Session.objects.filter(expire_date__lte=at).order_by("expire_date")
    keys = list(over.values_list("pk", flat=True)[:DELETED_AT_ONCE])
    deleted, _by_model = Session.objects.filter(pk__in=keys).delete()
    BrowserSession.objects.exclude(key__in=Session.objects.values("session_key")).delete()
    return deleted

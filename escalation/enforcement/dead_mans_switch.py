"""Tells somebody outside that the sweeps go on: when the calls end, that somebody raises the alarm.

The address of SWEEP_PING_URL is a secret: neither logs nor rows repeat any part of it.
"""

import threading
from datetime import datetime
from http.client import HTTPException
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from django.conf import settings
from django.db import connections

from escalation.enforcement.heartbeats import beat
from escalation.notifications.channels.outcomes import BROKEN, reason_of

PINGED = "outside-ping"
FAILED = "outside-ping-failed"
SECONDS = 5.0


def ping_outside(*, now: datetime) -> threading.Thread | None:
    """Call the address in a thread of its own, so that the sweep neither waits nor fails. None without an address.

    The thread ends within about twice `SECONDS`; a command that ends earlier waits for it.
    """
    if not settings.SWEEP_PING_URL:
        return None
    thread = threading.Thread(target=_ping_apart, args=(now,), name="outside-ping")
    thread.start()
    return thread


def _ping_apart(now: datetime) -> None:
    try:
        ping(now=now)
    finally:
        connections.close_all()  # those of this thread


def ping(*, now: datetime) -> None:
    """Call the address and leave a heartbeat of the good call, or one of the failed call with its reason."""
    refusal = _call(settings.SWEEP_PING_URL)
    beat(FAILED if refusal else PINGED, at=now, detail=refusal)


def _call(address: str) -> str:
    """Why it failed, in words without the address; empty when it was accepted."""
    request = Request(address, headers={"User-Agent": "supportdesk"})  # noqa: S310  # the settings allow http(s) only
    try:
        with urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
            answer.read(1024)
    except HTTPError as error:
        with error:
            return f"HTTP {error.code}"
    except URLError as error:
        return _words(error.reason)
    except (OSError, HTTPException, ValueError) as error:
        return _words(error)
    return ""


def _words(error: str | BaseException) -> str:
    """The message of an error may hold the address; its kind and our own words do not."""
    if isinstance(error, str):
        return BROKEN
    return reason_of(error)

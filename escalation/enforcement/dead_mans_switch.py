"""Calls an external monitor after each sweep: if the calls stop, the monitor raises the alarm.

The URL in SWEEP_PING_URL is a secret: neither logs nor rows contain any part of it.
"""

import threading
import time
from datetime import datetime

import requests
from django.conf import settings
from django.db import connections

from escalation.enforcement.heartbeats import beat
from escalation.notifications.channels import outcomes
from tickets.protocols.http import Exchange, Session, cut_off_after, exchange

PINGED = "outside-ping"
FAILED = "outside-ping-failed"
SECONDS = 5.0


def ping_outside(*, now: datetime) -> threading.Thread | None:
    """Call the URL in a thread, so that the sweep neither waits nor fails. None if no URL is set.

    The thread ends within about twice `SECONDS`; a command that ends earlier waits for it.
    """
    if not settings.SWEEP_PING_URL:
        return None
    thread = threading.Thread(target=_ping_in_thread, args=(now,), name="outside-ping")
    thread.start()
    return thread


def _ping_in_thread(now: datetime) -> None:
    try:
        ping(now=now)
    finally:
        connections.close_all()  # the connections that belong to this thread


def ping(*, now: datetime) -> None:
    """Call the URL, and record the success, or the failure with its reason, as a heartbeat."""
    refusal = _call(settings.SWEEP_PING_URL)
    beat(FAILED if refusal else PINGED, at=now, detail=refusal)


def _call(address: str) -> str:
    """Call the URL. Returns the reason of a failure, without the URL in it, or an empty string."""
    here = Exchange(deadline=time.monotonic() + SECONDS, trusts_address=True)
    try:
        with exchange(here), cut_off_after(SECONDS, here), Session() as session:
            status = session.request("GET", address, headers={"User-Agent": "supportdesk"}).status_code
    except requests.RequestException as error:
        refusal = outcomes.http_reason_of(error)
    except Exception as error:  # its text may contain the URL
        refusal = outcomes.with_kind(outcomes.BROKEN, error)
    else:
        refusal = "" if 200 <= status < 300 else f"HTTP {status}"
    return outcomes.LATE if here.is_cancelled else refusal

"""Faults for Sentry: the kind of error, the lines of code, and the id by which our own log has the rest."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

from customers.work_ids import current_work_id

OURS = ("customers", "tickets", "escalation", "supportdesk")
# What of an event leaves the desk. Everything else may hold words, addresses or keys.
KEPT = (
    "event_id",
    "timestamp",
    "level",
    "logger",
    "platform",
    "release",
    "environment",
    "server_name",
    "sdk",
)
FRAME = ("filename", "module", "function", "lineno", "in_app")
SECONDS = 2.0  # that a process that ends waits for what is still to be sent


def report_faults(dsn: str, *, environment: str, host: str) -> None:
    """From now on; they are sent by a thread, and dropped while nobody takes them. Raises what a wrong DSN raises."""
    sentry = import_module("sentry_sdk")
    integrations = import_module("sentry_sdk.integrations.logging")
    sentry.init(
        dsn=dsn,
        environment=environment,
        server_name=host,
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[integrations.LoggingIntegration(level=None, event_level=logging.ERROR), *_others()],
        before_send=scrubbed,
        max_breadcrumbs=0,
        include_local_variables=False,
        include_source_context=False,
        send_default_pii=False,
        send_client_reports=False,
        auto_session_tracking=False,
        shutdown_timeout=SECONDS,
    )


def _others() -> Iterator[Any]:
    """What ends a process unheard, each fault once, and the last ones sent without a word on the terminal."""
    yield import_module("sentry_sdk.integrations.excepthook").ExcepthookIntegration()
    yield import_module("sentry_sdk.integrations.dedupe").DedupeIntegration()
    yield import_module("sentry_sdk.integrations.atexit").AtexitIntegration(callback=lambda *_words: None)


def scrubbed(event: Mapping[str, Any], _hint: Mapping[str, Any]) -> dict[str, Any]:
    """A new event of what may leave. Of our own log lines only the pattern is kept, of others only whose they are."""
    kept = {name: event[name] for name in KEPT if name in event}
    kept["tags"] = {"work_id": current_work_id() or "none"}
    pattern = (event.get("logentry") or {}).get("message", "")
    if str(event.get("logger", "")).partition(".")[0] in OURS:
        kept["logentry"] = {"message": str(pattern)}
    values = (event.get("exception") or {}).get("values") or []
    if values:
        kept["exception"] = {"values": [_exception(value) for value in values]}
    return kept


def _exception(value: Mapping[str, Any]) -> dict[str, Any]:
    frames = (value.get("stacktrace") or {}).get("frames") or []
    kept = [{name: frame[name] for name in FRAME if name in frame} for frame in frames]
    return {
        "type": value.get("type"),
        "module": value.get("module"),
        "value": "",
        "stacktrace": {"frames": kept},
    }

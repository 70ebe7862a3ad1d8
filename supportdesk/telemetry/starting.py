"""Starts what the settings name. What is wrong with it is a line in the log and a warning of `check`, never an end."""

import logging
import socket
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec

from django.conf import settings

from supportdesk.telemetry.faults import report_faults
from supportdesk.telemetry.tracing import trace_by

logger = logging.getLogger(__name__)
HOST = socket.gethostname()[:64]

# Settings that were given and cannot be used, with what is wrong.
unusable: dict[str, str] = {}


def start_telemetry() -> None:
    common = {"environment": settings.ENVIRONMENT, "host": HOST}
    if settings.SENTRY_DSN:
        _start("SENTRY_DSN", "sentry", "sentry_sdk", partial(report_faults, settings.SENTRY_DSN, **common))
    if settings.OTEL_EXPORTER_OTLP_ENDPOINT:
        endpoint = settings.OTEL_EXPORTER_OTLP_ENDPOINT
        start = partial(trace_by, endpoint, **common)
        _start("OTEL_EXPORTER_OTLP_ENDPOINT", "otel", "opentelemetry", start)


def _start(setting: str, extra: str, package: str, start: Callable[[], object]) -> None:
    """The address may hold a key, so only the kind of error is told."""
    unusable.pop(setting, None)
    try:
        if find_spec(package) is None:
            unusable[setting] = f"further packages are missing: pip install 'supportdesk[{extra}]'"
        else:
            start()
    except Exception as error:
        unusable[setting] = type(error).__name__
    if setting in unusable:
        logger.warning("%s is not used: %s", setting, unusable[setting])

"""The lines of the log: as text or as JSON, with time, host and what is being worked on.

What a person may not do or did wrong is one line, not a traceback.
"""

import json
import logging
import socket
from datetime import UTC, datetime
from typing import Any

from customers.work_ids import current_work_id

HOST = socket.gethostname()[:64]


def logging_settings(*, form: str, level: str) -> dict[str, Any]:
    """Django's LOGGING; ``form`` is line or json."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {"()": "supportdesk.log_lines.LineFormatter"},
            "json": {"()": "supportdesk.log_lines.JsonFormatter"},
        },
        "filters": {"refusals": {"()": "supportdesk.log_lines.WithoutTracebacksOfRefusals"}},
        "handlers": {
            "console": {"class": "logging.StreamHandler", "formatter": form, "filters": ["refusals"]}
        },
        # What the web server itself has to say about a worker.
        "loggers": {"gunicorn.error": {"handlers": ["console"], "propagate": False}},
        "root": {"handlers": ["console"], "level": level},
    }


class WithoutTracebacksOfRefusals(logging.Filter):
    """Takes the traceback off the line about a request that was refused; a fault of the desk (5xx) keeps it."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name == "django.request" and getattr(record, "status_code", 500) < 500:
            record.exc_info = record.exc_text = None
        return True


class LineFormatter(logging.Formatter):
    """``2026-11-29T23:15:01.123+00:00 queue1 INFO tickets.x mail-12: ...``; a traceback follows in lines of its own."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        head = (_time_of(record), HOST, record.levelname, record.name, current_work_id())
        return f"{' '.join(filter(None, head))}: {record.message}"


class JsonFormatter(logging.Formatter):
    """One object on one line, also with a traceback."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": _time_of(record),
            "host": HOST,
            "level": record.levelname,
            "logger": record.name,
            "id": current_work_id(),
            "process": record.process,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps({name: value for name, value in line.items() if value}, ensure_ascii=False)


def _time_of(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")

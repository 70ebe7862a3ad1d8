"""Keeps the log short: what a person may not do or did wrong is one line, not a traceback."""

import logging


class WithoutTracebacksOfRefusals(logging.Filter):
    """Takes the traceback off the line about a request that was refused; a fault of the desk (5xx) keeps it."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name == "django.request" and getattr(record, "status_code", 500) < 500:
            record.exc_info = record.exc_text = None
        return True

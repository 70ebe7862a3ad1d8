"""Keeps the questions that a cluster is asked all day out of the log."""

import logging

from supportdesk.cluster.names import queue_of

QUESTION = "supportdesk.tasks.pulse"


def is_worth_a_line(record: logging.LogRecord) -> bool:
    """A filter of the logger "django-q"; its "Processed" and "processing" lines name the function."""
    if record.levelno > logging.INFO:
        return True
    words = record.getMessage()
    return QUESTION not in words and not words.startswith(f"Enqueued [{queue_of('')}")

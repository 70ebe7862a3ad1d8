"""The task that shows that a cluster works: it does nothing, and is kept out of the log."""

import logging

from supportdesk.processes.cluster.cluster_name import queue_of


def show_life() -> None:
    """Do nothing: when it is done, a task has passed through the whole cluster; see `reports.WorkMark`."""


PROBE_TASK = f"{__name__}.{show_life.__name__}"


def is_worth_a_line(record: logging.LogRecord) -> bool:
    """Filter the log "django-q": drop the "Processed" and "processing" lines of the probe task."""
    if record.levelno > logging.INFO:
        return True
    words = record.getMessage()
    return PROBE_TASK not in words and not words.startswith(f"Enqueued [{queue_of('')}")

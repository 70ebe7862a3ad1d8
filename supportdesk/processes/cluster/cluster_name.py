"""The name of a cluster, and the name of the queue that only this cluster serves."""

import os
import secrets
import socket

from django.conf import settings
from django.utils.crypto import salted_hmac

VARIABLE = "DESK_CLUSTER"


def new_name() -> str:
    """Host and process; at most 90 characters. In containers both are often the same, hence a mark of its own."""
    return f"{socket.gethostname()[:64]}:{os.getpid()}-{secrets.token_hex(4)}"


def own_name() -> str:
    """The name of the cluster this process belongs to; empty outside of one."""
    return os.environ.get(VARIABLE, "")


def key_mark() -> str:
    """Equal on all machines that sign with the same key, and says nothing of it: the queue refuses others' tasks."""
    return salted_hmac("supportdesk.processes.cluster.key_mark", "").hexdigest()[:12]


def queue_of(name: str) -> str:
    """The queue of one cluster alone, beside the queue that all share."""
    return f"{settings.Q_CLUSTER['name']}@{name}"
